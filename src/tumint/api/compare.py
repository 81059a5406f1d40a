"""`tumint.compare`: do groups of animals differ?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.api.asked import Asked, compared, config_of, of_families
from tumint.api.cells import is_anndata, needs_frame
from tumint.io.contracts import EFFECTS, joined
from tumint.io.raw.h5ad import Frame
from tumint.io.raw.source import Place
from tumint.response.inputs import features_of
from tumint.samples import sheet_of

_NAMES = ("features", "design")


def compare(
    features: pd.DataFrame,
    design: Any,
    *,
    subject: str,
    group: str,
    reference: str,
    sample: str = "sample",
    adjust: Sequence[str] = (),
    paired: str | None = None,
    method: str = "moderated",
    beside: Sequence[str] = ("mixed", "permutation"),
    family: Sequence[str] | None = None,
    min_subjects: int = 2,
    seed: int = 0,
) -> pd.DataFrame:
    """Groups of subjects on every feature: what `tumint compare` writes, of tables in memory.

    Parameters
    ----------
    features
        What `tumint.score`, `tumint.parts`, `tumint.composition`, `tumint.density` or `tumint.distance` return, or a
        table of your own: wide, a row per sample and a column of numbers per feature, or long (`sample`, `feature`,
        `value`, and if there are any `family`, `n`, `status`).
    design
        One row per sample: the column `sample`, and those named by `subject`, `group`, `adjust` and `paired`. Or the
        cells, an AnnData or a DataFrame that has these columns, the same for all cells of a sample.
    subject
        Column of the animal or patient, the unit of inference: samples of one become one value.
    group, reference
        Column of the groups; every other level is compared with `reference`.
    sample
        Column of `features` that names the sample.
    adjust, paired
        Columns of covariates; column whose equal values make a pair.
    method
        Whose p is `p`: `moderated` (t), `mixed` or `permutation`.
    beside
        Of `mixed` and `permutation`, those that fill their columns although `method` is another. `()`: none, in less
        time.
    family
        Only these families; None: all.
    min_subjects
        In each group; fewer give no p.

    Returns
    -------
    One row per contrast and feature: `effect` (group minus reference; of scores a log ratio), `se`, `ci_low`,
    `ci_high`, `t`, `df`, `p`, `q` (Benjamini-Hochberg within family and contrast), `p_mixed`, `p_permutation`,
    `p_maxt` (missing where that test was not asked for), `n_subjects_reference`, `n_subjects_group`, `n_samples`,
    `status`, and `reason` where there is no p.

    Raises
    ------
    TumintError
        One line per fault, in the words of the command line.

    Notes
    -----
    Moderated t: Smyth 2004; docs/statistics.md has the rest.
    """
    rows = _rows_of_samples(design, [k.SAMPLE, subject, group, *adjust, *([paired] if paired else [])])
    given = zip(_NAMES, (features, rows), strict=True)
    tables = [Frame(Place(name), needs_frame(name, table)) for name, table in given]
    sheet = sheet_of(tables[1], subject)
    asked = Asked(group, reference, tuple(adjust), paired, method, min_subjects, family, seed, beside)
    config = config_of(asked, sheet, _NAMES[1], str, "compare")
    table = of_families(features_of(tables[0], sample, sheet.columns), asked, str)
    results = compared(table, sheet, config, asked, _NAMES)
    return joined([result.effects for result in results], EFFECTS, only=True)


def _rows_of_samples(design: Any, columns: Sequence[str]) -> Any:
    """A row per sample, where `design` is cells; what is not the same in all cells of a sample stays several rows."""
    table = design.obs if is_anndata(design) else design
    if not isinstance(table, pd.DataFrame) or k.SAMPLE not in table or not table[k.SAMPLE].duplicated().any():
        return table
    return table[[name for name in dict.fromkeys(columns) if name in table]].drop_duplicates(ignore_index=True)
