"""`tumint.power`: how many animals, how many ROIs, for which effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from tumint.api import pilot as pilots
from tumint.api.cells import needs_frame
from tumint.api.study import Asked, check
from tumint.api.study_table import of_numbers, of_pilot
from tumint.errors import Fault, TumintError
from tumint.io.raw.h5ad import Frame
from tumint.io.raw.source import Place
from tumint.response.inputs import features_of
from tumint.response.pilot import Layout, components
from tumint.samples import sheet_of

_NAMES = ("pilot", "design")


def power(
    pilot: pd.DataFrame | str | os.PathLike[str] | None = None,
    design: pd.DataFrame | None = None,
    *,
    effect: float | None = None,
    n_subjects: int | tuple[int, int] | None = None,
    power: float | None = None,
    sd_between: float | None = None,
    sd_within: float | None = None,
    n_rois: int | Sequence[int] | None = None,
    correlation: float | None = None,
    ratio: float = 1.0,
    alpha: float = 0.05,
    tests: int = 1,
    true_share: float | None = None,
    subject: str | None = None,
    group: str | None = None,
    sample: str = "sample",
    adjust: Sequence[str] = (),
    paired: str | None = None,
    family: Sequence[str] | None = None,
    contrast: str | None = None,
) -> pd.DataFrame:
    """Animals per arm, detectable effect or power of a study to come, by a two-sided t test of animals.

    Of `effect`, `n_subjects` and `power` one is left out and computed. Where only one of the first two is given,
    `power` is 0.8.

    Parameters
    ----------
    pilot
        Features of a pilot, as `tumint.compare` takes them, or the folder of the results of a finished run; None: the
        sd is given.
    design
        One row per sample of the pilot, with the columns named by `subject`, `group`, `adjust` and `paired`. A folder
        has its own comparison, which `contrast` names where there are several.
    effect
        Difference of the means of two arms, in units of the feature: of contact a difference of log odds ratios.
    n_subjects
        Animals of an arm, of both (reference, group), or pairs.
    sd_between, sd_within
        Between animals; between ROIs of an animal, of whose mean the variance is sd_between² + sd_within² / n_rois.
    n_rois
        ROIs per animal, one number or several. None: as many as in the pilot, or `sd_between` is that of the mean.
    correlation
        Of the two values of a pair, errors of ROIs aside: the study is paired.
    ratio
        Animals of the group for one of the reference.
    alpha, tests, true_share
        Level of p. Of several tests each is held to alpha / tests (Bonferroni), which is enough under
        Benjamini-Hochberg too; with `true_share`, the share of tests with this effect, to the level of
        Benjamini-Hochberg at rate `alpha`.
    subject, group, sample, adjust, paired, family
        As in `tumint.compare`. Without `group` the animals of the pilot are one group; `paired`: so is the study.
    contrast
        Of a folder of results with several.

    Returns
    -------
    Rows of the contract `STUDY`. `kind` is `numbers`; of a pilot `median` and `quantile_80`, what is enough for half
    and for 80 % of the features of a family, and `feature`. `sd` is that of an animal's mean, `sd_low` and `sd_high`
    its 95 % interval; `effect`, `n_reference`, `n_group`, `power` hold at `sd`, and with `_at_high` at `sd_high`.

    Raises
    ------
    TumintError
        One line per fault.

    Notes
    -----
    Noncentral t; docs/statistics.md, *A study to come*.
    """
    asked = Asked(
        effect, n_subjects, power, sd_between, sd_within, n_rois, correlation, ratio, alpha, tests, true_share
    )
    layout = Layout(group, adjust, paired)
    if pilot is None or isinstance(pilot, str | os.PathLike):
        return planned(asked, pilot, None, None, layout, family, contrast, str)
    check(asked, str, pilot=True)
    tables = [Frame(Place(name), needs_frame(name, table)) for name, table in zip(_NAMES, (pilot, design), strict=True)]
    if subject is None:
        raise TumintError(Fault("subject", "the column of the animal", "none"))
    sheet = sheet_of(tables[1], subject)
    features = features_of(tables[0], sample, sheet.columns)
    return planned(asked, None, features, sheet, layout, family, contrast, str)


def planned(
    asked: Asked,
    folder: str | os.PathLike[str] | None,
    features: pd.DataFrame | None,
    sheet: pd.DataFrame | None,
    layout: Layout,
    family: Sequence[str] | None,
    contrast: str | None,
    said: Callable[[str], str],
    names: tuple[str, str] = _NAMES,
) -> pd.DataFrame:
    """The answer, of a folder of results, of features and their sheet, or of numbers where there is neither.

    Parameters
    ----------
    said
        How an option is called where the user gave it: `--n-rois`, or `n_rois`.
    names
        How messages call features and sheet.
    """
    check(asked, said, pilot=folder is not None or features is not None)
    if features is not None and sheet is not None:
        _needless({"contrast": contrast}, said, "a folder of results")
        found, paired = components(features, sheet, layout, names), layout.paired is not None
    elif folder is not None:
        given = {"group": layout.group, "adjust": layout.adjust or None, "paired": layout.paired}
        _needless(given, said, said("design"))
        found, paired = pilots.of_results(folder, contrast, said)
    else:
        given = {"group": layout.group, "adjust": layout.adjust or None, "paired": layout.paired}
        _needless({**given, "family": family, "contrast": contrast}, said, "a pilot")
        return of_numbers(asked)
    return of_pilot(pilots.of_families(found, family, said), asked, paired=paired)


def _needless(given: dict[str, Any], said: Callable[[str], str], of: str) -> None:
    """Raise `TumintError` for options that mean nothing without what they belong to."""
    if wrong := [name for name, value in given.items() if value is not None]:
        raise TumintError([Fault(said(name), f"{of} beside it", "none") for name in wrong])
