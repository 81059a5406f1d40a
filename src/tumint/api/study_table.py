"""The answer of `tumint power` as a table of the contract `STUDY`: of numbers, or of every feature of a pilot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.api.study import Asked
from tumint.io.contracts import STUDY, joined
from tumint.response.models.linear import Floats
from tumint.response.models.study import MOST_ANIMALS, Study, animals, detectable, power_at
from tumint.response.pilot import variance_of_mean
from tumint.text import integer

NUMBERS, FEATURE, MEDIAN, MOST = "numbers", "feature", "median", "quantile_80"
_SHARE = {MEDIAN: 0.5, MOST: 0.8}
_SOLVED = ("effect", "n_reference", "n_group", "power")
_ANSWERS = ("sd", *_SOLVED, *(f"{name}_at_high" for name in _SOLVED))
_TOO_MANY = f"more than {integer(MOST_ANIMALS)} animals per arm"


def of_numbers(asked: Asked) -> pd.DataFrame:
    """One row for every number of ROIs per animal."""
    between, within = float(asked.sd_between), asked.sd_within
    shared = 0.0 if asked.correlation is None else float(asked.correlation)
    rows = []
    for rois in asked.rois:
        noise = 0.0 if within is None or rois is None else float(within) ** 2 / rois
        sd = np.sqrt([between**2 * (1 - shared) + noise])
        part = pd.DataFrame({"n_rois": [np.nan if rois is None else rois], "sd_between": between, "sd": sd})
        part["sd_within"] = np.nan if within is None else float(within)
        study = asked.study(paired=asked.correlation is not None)
        rows.append(
            _whole(_answered(part, asked, study).assign(**{k.FAMILY: "", k.FEATURE: ""}), asked, study, NUMBERS)
        )
    return joined(rows, STUDY, only=True)


def of_pilot(components: pd.DataFrame, asked: Asked, *, paired: bool) -> pd.DataFrame:
    """For every number of ROIs: each family's median and 80 % quantile, then each feature.

    Parameters
    ----------
    components
        From `tumint.response.pilot.components`.
    paired
        Whether they are those of what is left beside pairs.
    """
    study, parts = asked.study(paired=paired), []
    for rois in asked.rois:
        variance, low, high = variance_of_mean(components, rois)
        own = components["n_samples"] / components["n_subjects"].clip(lower=1)
        part = components[[k.FAMILY, k.FEATURE, k.REASON]].assign(
            n_rois=own if rois is None else float(rois),
            sd_between=np.sqrt(components["subject_variance"]),
            sd_within=np.sqrt(components["residual_variance"]),
            sd=np.sqrt(variance),
            sd_low=np.sqrt(low),
            sd_high=np.sqrt(high),
            pilot_subjects=components["n_subjects"].astype(float),
            pilot_samples=components["n_samples"].astype(float),
        )
        part = _answered(part, asked, study)
        part.loc[part["sd"].notna(), k.REASON] = np.where(_unanswered(part, asked), _TOO_MANY, "")[part["sd"].notna()]
        for share in (MEDIAN, MOST):
            parts.append(_whole(pd.DataFrame(_of_families(part, share, asked, study)), asked, study, share))
        parts.append(_whole(part, asked, study, FEATURE))
    return joined(parts, STUDY, only=True)


def _answered(part: pd.DataFrame, asked: Asked, study: Study) -> pd.DataFrame:
    """`part` with what is solved for at `sd`, and at `sd_high` where there is one."""
    part = part.assign(**dict(zip(_SOLVED, _solve(part["sd"].to_numpy(dtype=float), asked, study), strict=True)))
    if "sd_high" not in part:
        return part
    found = _solve(part["sd_high"].to_numpy(dtype=float), asked, study)
    return part.assign(**{f"{name}_at_high": value for name, value in zip(_SOLVED, found, strict=True)})


def _solve(sd: Floats, asked: Asked, study: Study) -> tuple[Floats, Floats, Floats, Floats]:
    """Effect, animals of reference and group, and power; missing where the sd is."""
    found = np.full((4, len(sd)), np.nan)
    known = np.flatnonzero(np.isfinite(sd) & (sd > 0))
    there, m = sd[known], len(known)
    effect = np.full(m, np.nan if asked.effect is None else float(asked.effect))
    if asked.solves == "n_subjects":
        sizes = animals(effect, there, study, asked.target)
    else:
        reference, group = asked.sizes
        sizes = np.full(m, reference), np.full(m, group)
    if asked.solves == "effect":
        effect = detectable(there, sizes, study, asked.target)
    power = power_at(effect, there, sizes, study) if asked.solves == "power" else np.full(m, asked.target)
    found[:, known] = np.stack([effect, *sizes, power])
    return found[0], found[1], found[2], found[3]


def _unanswered(part: pd.DataFrame, asked: Asked) -> pd.Series:
    return part["n_reference"].isna() if asked.solves == "n_subjects" else part["power"].isna()


def _of_families(part: pd.DataFrame, kind: str, asked: Asked, study: Study) -> Iterator[dict[str, object]]:
    """What half, or 80 %, of the features of each family need, or have."""
    for family, rows in part.groupby(k.FAMILY, sort=True):
        known = rows[rows["sd"].notna()]
        found: dict[str, object] = {k.FAMILY: family, k.FEATURE: "", k.REASON: ""}
        for name in ("n_rois", "pilot_subjects", "pilot_samples"):
            found[name] = float((known if len(known) else rows)[name].median())
        if not len(known):
            yield {**found, k.REASON: rows[k.REASON].iloc[0], **dict.fromkeys(_ANSWERS, np.nan)}
            continue
        for name in ("sd_between", "sd_within", "sd", "sd_low", "sd_high", *_both("effect"), *_both("n_reference")):
            found[name] = _quantile(known[name].to_numpy(dtype=float), _SHARE[kind], name)
        for name in _both("power"):  # so many have at least this
            found[name] = -_quantile(-known[name].to_numpy(dtype=float), _SHARE[kind], name)
        for ours, theirs in zip(_both("n_group"), _both("n_reference"), strict=True):
            given = asked.solves != "n_subjects"
            found[ours] = asked.sizes[1] if given else float(study.group_of(np.array([found[theirs]], float))[0])
        if asked.solves == "n_subjects" and np.isnan(float(str(found["n_reference"]))):
            found[k.REASON] = _TOO_MANY
        yield found


def _both(name: str) -> tuple[str, str]:
    return name, f"{name}_at_high"


def _quantile(values: Floats, share: float, name: str) -> float:
    """The least value that so many features do not exceed; of animals, none is more than can be told."""
    values = np.where(np.isnan(values), np.inf, values) if name.startswith("n_") else values[np.isfinite(values)]
    found = float(np.quantile(values, share, method="inverted_cdf")) if len(values) else np.nan
    return found if np.isfinite(found) else np.nan


def _whole(part: pd.DataFrame, asked: Asked, study: Study, kind: str) -> pd.DataFrame:
    """All columns of the contract."""
    part = part.assign(kind=kind, alpha=study.alpha, tests=study.tests, true_share=asked.true_share)
    part["level"] = _level(part["power"].to_numpy(dtype=float), asked, study)
    blank = {name: np.nan for name, of in STUDY.kinds.items() if of == "float" and name not in part}
    part = part.assign(**blank)
    part["true_share"] = part["true_share"].astype(float)
    return part if k.REASON in part else part.assign(**{k.REASON: np.where(_unanswered(part, asked), _TOO_MANY, "")})


def _level(power: Floats, asked: Asked, study: Study) -> Floats:
    """The level of p that each test was held to."""
    return np.array([study.level(asked.target if np.isnan(one) else one) for one in power])
