"""Calibration of the comparison on simulated cohorts: `python benchmarks/validate_response.py`.

Feature tables with animal and ROI variance are made here and go through the same code as a cohort of a user. What
naive tests of cells and ROIs would have claimed of the same tables stands beside it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.fdr import benjamini_hochberg
from tumint.io.atomic import write_text
from tumint.response import design
from tumint.response.compare import Result, compare
from tumint.response.families import families
from tumint.response.linear import fit
from tumint.response.moderated import fit_prior, moderated_t
from tumint.response.repeats import subject_weights
from tumint.response.robust import fit_prior_robust
from tumint.response.subjects import subject_values

DESIGNS = (3, 4, 6, 8)
FAMILIES = (k.FAMILY_COMPOSITION, k.FAMILY_DENSITY, k.FAMILY_INTERACTION)
FEATURES = 30  # per family
PLANTED = 0.2  # share of features with an effect, in cohorts that have one
Table = tuple[pd.DataFrame, pd.DataFrame]


def cohort(n: int, rng: np.random.Generator, effects: np.ndarray, features: np.random.Generator | None = None) -> Table:
    """A sheet and a feature table of n against n animals.

    Every animal has 2 to 4 ROIs of 1,500 to 5,000 cells. The variance between animals differs from feature to feature
    (scaled inverse χ² on 6 degrees of freedom), a quarter of it is shared by all features, and ROIs of an animal
    differ by half its standard deviation; counts are Poisson or binomial around that.

    Parameters
    ----------
    effects
        Difference between the groups, shape (families, FEATURES), in the unit of each family.
    features
        What the features are like (variance and level), so that another cohort can have the same; default: `rng`.
    """
    kind = rng if features is None else features
    arm = np.repeat([0, 1], n)
    rois = rng.integers(2, 5, size=2 * n)
    animal = np.repeat(np.arange(2 * n), rois)
    names = [f"m{a:02d}_R{r}" for a, count in enumerate(rois) for r in range(count)]
    sheet = pd.DataFrame({k.SAMPLE: names, k.SUBJECT: [f"m{a:02d}" for a in animal]}, dtype=object)
    sheet["arm"] = np.where(arm[animal] == 1, "treated", "vehicle").astype(object)
    cells = rng.integers(1500, 5000, size=len(names))
    shape = (len(FAMILIES), FEATURES)
    sd = np.sqrt(0.15 * 6 / kind.chisquare(6, size=shape))
    own, shared = rng.normal(size=(2 * n, *shape)), rng.normal(size=(2 * n, 1, 1))
    latent = (np.sqrt(0.75) * own + np.sqrt(0.25) * shared) * sd + arm[:, None, None] * effects
    latent = latent[animal] + 0.5 * sd * rng.normal(size=(len(names), *shape))
    base = kind.normal(size=shape)
    tables = [_measure(family, latent[:, i], base[i], cells, rng) for i, family in enumerate(FAMILIES)]
    return sheet, pd.concat([t.assign(**{k.SAMPLE: np.repeat(names, FEATURES)}) for t in tables], ignore_index=True)


def _measure(family: str, x: np.ndarray, base: np.ndarray, cells: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    total = np.broadcast_to(cells[:, None], x.shape)
    weight = total.astype(float)
    if family == k.FAMILY_COMPOSITION:
        count = rng.binomial(total, 1 / (1 + np.exp(-(x + base - 2.5))))
        value = np.log((count + 0.5) / (total - count + 0.5))
        se = np.sqrt(1 / (count + 0.5) + 1 / (total - count + 0.5))
    elif family == k.FAMILY_DENSITY:
        count = rng.poisson(0.08 * total * np.exp(x + 0.5 * base))
        value, se = np.log((count + 0.5) / (total / 4000)), 1 / np.sqrt(count + 0.5)
    else:
        weight = 0.02 * total * np.exp(0.8 * base)
        count = rng.poisson(weight * np.exp2(x))
        value, se = np.log2((count + 0.5) / (weight + 0.5)), np.sqrt(weight) / ((weight + 0.5) * np.log(2))
    columns = {k.VALUE: value, k.SE: se, k.WEIGHT: weight, k.N: total}
    flat = pd.DataFrame({name: np.ravel(values) for name, values in columns.items()})
    features = np.tile([f"{family}_{i:02d}" for i in range(x.shape[1])], len(x))
    return flat.assign(**{k.FAMILY: family, k.FEATURE: features, k.STATUS: k.TESTED})


def naive(sheet: pd.DataFrame, features: pd.DataFrame) -> dict[str, pd.Series]:
    """P values of two tests that count ROIs, or cells, as if they were animals; index: feature."""
    treated = set(sheet.loc[sheet["arm"] == "treated", k.SAMPLE])
    values = features.pivot_table(index=k.FEATURE, columns=k.SAMPLE, values=k.VALUE)
    side = np.array([sample in treated for sample in values.columns])
    roi = stats.ttest_ind(values.to_numpy()[:, side], values.to_numpy()[:, ~side], axis=1).pvalue
    w = 1 / features.pivot_table(index=k.FEATURE, columns=k.SAMPLE, values=k.SE).to_numpy() ** 2
    means = [(w * values)[values.columns[s]].sum(axis=1).to_numpy() / w[:, s].sum(axis=1) for s in (side, ~side)]
    z = (means[0] - means[1]) / np.sqrt(1 / w[:, side].sum(axis=1) + 1 / w[:, ~side].sum(axis=1))
    cell = 2 * stats.norm.sf(np.abs(z))
    return {"ROIs as replicates": pd.Series(roi, values.index), "cells as replicates": pd.Series(cell, values.index)}


CONFIG = ResponseConfig(contrasts=[Contrast(name="c", column="arm", reference="vehicle", group="treated")])


def tests(sheet: pd.DataFrame, features: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """`(method, family, p)` of every method; series by feature."""
    built = design.build(sheet, CONFIG.contrasts[0], "sheet")
    result = compare(features, built, CONFIG, 0, leave_out=False)
    effects = result.effects.set_index(k.FEATURE)
    family = effects[k.FAMILY]
    yield "moderated t", family, effects["p"]
    yield "mixed model", family, effects["p_mixed"]
    yield "permutation", family, effects["p_permutation"]
    robust = []
    for part in families(features, result.values, built.units, built.unit_of_sample):
        fitted = fit(part.values, built.matrix, built.effect)
        test = moderated_t(fitted, fit_prior_robust(fitted.variance, fitted.df))
        robust.append(pd.Series(test.p, part.features))
    yield "moderated t, robust", family, pd.concat(robust)
    for method, p in naive(sheet, features).items():
        yield method, family, p


def null_rates(n: int, cohorts: int, seed: int) -> pd.DataFrame:
    """Share of p < 0.05 without any effect, by method and family."""
    hits: dict[tuple[str, str], list[float]] = defaultdict(list)
    for i in range(cohorts):
        sheet, features = cohort(n, np.random.default_rng([seed, n, i, 0]), np.zeros((len(FAMILIES), FEATURES)))
        for method, family, p in tests(sheet, features):
            for name, share in (p < 0.05).groupby(family).mean().items():
                hits[method, str(name)].append(share)
    table = pd.DataFrame(index=list(_ORDER), columns=list(FAMILIES), dtype=float)
    for (method, name), shares in hits.items():
        table.loc[method, name] = np.mean(shares)
    return table


def planted_rates(n: int, cohorts: int, seed: int) -> pd.DataFrame:
    """False discovery rate and power at q < 0.1 in families where a share of the features has an effect."""
    kept: dict[str, list[tuple[float, float]]] = defaultdict(list)
    effects = np.zeros((len(FAMILIES), FEATURES))
    effects[:, : int(PLANTED * FEATURES)] = 1.0
    for i in range(cohorts):
        sheet, features = cohort(n, np.random.default_rng([seed, n, i, 1]), effects)
        for method, family, p in tests(sheet, features):
            for name in FAMILIES:
                found = benjamini_hochberg(p.reindex(family.index[family == name])) < 0.1
                true = np.arange(FEATURES) < PLANTED * FEATURES
                kept[method].append(((found & ~true).sum() / max(found.sum(), 1), found[true].mean()))
    return pd.DataFrame({m: np.mean(v, axis=0) for m, v in kept.items()}, index=["FDR", "power"]).T


def detection(n: int, cohorts: int, seed: int) -> tuple[np.ndarray, float]:
    """Median effect stated as detectable, by family, and how often it is detected at p < 0.05 in a new cohort.

    Each feature of a cohort without effect is given the effect that was stated for it in a second cohort of other
    animals, in which it varies as in the first.
    """
    found, said = [], []
    for i in range(cohorts):
        kinds = [np.random.default_rng([seed, n, i, 3]) for _ in range(2)]
        animals = [np.random.default_rng([seed, n, i, j]) for j in (4, 5)]
        power = _compared(*cohort(n, animals[0], np.zeros((len(FAMILIES), FEATURES)), kinds[0])).power
        stated = np.stack([power.loc[power[k.FAMILY] == name, "detectable"] for name in FAMILIES])
        said.append(np.median(stated, axis=1))
        found.append((_compared(*cohort(n, animals[1], stated, kinds[1])).effects["p"] < 0.05).mean())
    return np.median(said, axis=0), float(np.mean(found))


def _compared(sheet: pd.DataFrame, features: pd.DataFrame) -> Result:
    return compare(features, design.build(sheet, CONFIG.contrasts[0], "sheet"), CONFIG, 0, leave_out=False)


def null_section(cohorts: int, seed: int) -> str:
    """The table of tests without effect."""
    lines = ["| design | test | " + " | ".join(FAMILIES) + " |", "|---|---|" + "---|" * len(FAMILIES)]
    for n in DESIGNS:
        table = null_rates(n, cohorts, seed)
        for method in _ORDER:
            shares = " | ".join(f"{table.loc[method, family]:.3f}" for family in FAMILIES)
            lines.append(f"| {n} v {n} | {method} | {shares} |")
    return "\n".join([*lines, "", "The permutation test cannot go below 0.10 at 3 v 3 and 0.029 at 4 v 4."])


def planted_section(cohorts: int, seed: int) -> str:
    """The table of tests with effects."""
    lines = [_PLANTED.format(share=f"{PLANTED:.0%}")]
    for n in DESIGNS:
        table = planted_rates(n, max(2, cohorts * 2 // 5), seed)
        for method in _ORDER:
            numbers = f"{table.loc[method, 'FDR']:.3f} | {table.loc[method, 'power']:.2f}"
            lines.append(f"| {n} v {n} | {method} | {numbers} |")
    return "\n".join(lines)


def detectable_section(cohorts: int, seed: int) -> str:
    """The table of detectable effects."""
    cohorts = max(2, cohorts // 5)
    lines = [_DETECTABLE.format(cohorts=cohorts)]
    for n in DESIGNS:
        stated, share = detection(n, cohorts, seed)
        effects = ", ".join(f"{family} {value:.2f}" for family, value in zip(FAMILIES, stated, strict=True))
        lines.append(f"| {n} v {n} | {effects} | {share:.2f} |")
    return "\n".join(lines)


def weights_section(cohorts: int, seed: int) -> str:
    """Moderated t with subjects weighted by their ROIs, beside the same cohorts with equal weights."""
    cohorts = max(2, cohorts * 2 // 5)
    effects = np.zeros((len(FAMILIES), FEATURES))
    effects[:, : int(PLANTED * FEATURES)] = 1.0
    true = effects[0] > 0
    lines = [_WEIGHTS.format(cohorts=cohorts)]
    for n in DESIGNS:
        low, rates = defaultdict(list), defaultdict(list)
        for i in range(cohorts):
            for planted in (False, True):
                rng = np.random.default_rng([seed, n, i, 6 + planted])
                for kind, p in _by_weights(*cohort(n, rng, effects * planted)):
                    if not planted:
                        low[kind].append((p < 0.05).mean())
                        continue
                    found = benjamini_hochberg(p) < 0.1
                    rates[kind].append(((found & ~true).sum() / max(found.sum(), 1), found[true].mean()))
        for kind, shares in low.items():
            false, power = np.mean(rates[kind], axis=0)
            lines.append(f"| {n} v {n} | {kind} | {np.mean(shares):.3f} | {false:.3f} | {power:.2f} |")
    return "\n".join(lines)


def _by_weights(sheet: pd.DataFrame, features: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """P values of each family with equal weights and with those of the ROIs."""
    built = design.build(sheet, CONFIG.contrasts[0], "sheet")
    values = subject_values(features, built.unit_of_sample)
    for part in families(features, values, built.units, built.unit_of_sample):
        for kind in ("equal", "rois"):
            weights = subject_weights(part.rois, built.matrix, part.subject) if kind == "rois" else None
            fitted = fit(part.values, built.matrix, built.effect, weights)
            yield kind, moderated_t(fitted, fit_prior(fitted.variance, fitted.df)).p


SECTIONS = {
    "null": ("No effect: share of p < 0.05", null_section),
    "planted": ("With effects: false discovery rate and power at q < 0.1", planted_section),
    "detectable": ("The detectable effect", detectable_section),
    "weights": ("Weights of subjects by their ROIs", weights_section),
}


WORKFLOW = "The whole workflow without effect"


def report(parts: Sequence[str], cohorts: int, seed: int, before: str, workflow: str = "") -> str:
    """The whole document; sections that are not in `parts` stay as they are in `before`."""
    kept = dict(part.split("\n\n", 1) for part in before.split("\n## ")[1:])
    texts = [_INTRO.format(features=FEATURES, families=len(FAMILIES))]
    for part, (title, section) in SECTIONS.items():
        if part in parts:
            made = f"`python benchmarks/validate_response.py --part {part} --cohorts {cohorts} --seed {seed}`"
            texts.append(f"## {title}\n\n{made}\n\n{section(cohorts, seed)}\n")
        elif title in kept:
            texts.append(f"## {title}\n\n{kept[title].strip()}\n")
    if workflow or WORKFLOW in kept:
        texts.append(f"## {WORKFLOW}\n\n{(workflow or kept[WORKFLOW]).strip()}\n")
    return "\n".join(texts)


def whole_workflow(cohorts: int, seed: int, designs: Sequence[int]) -> str:
    """The section on cohorts that go through all stages."""
    from validate_workflow import workflow_section  # needs all stages, which nothing else here does

    sizes = " ".join(map(str, designs))
    made = f"`python benchmarks/validate_response.py --workflow {cohorts} --designs {sizes} --seed {seed}`"
    return f"{made}\n\n{workflow_section(cohorts, seed, tuple(designs))}"


_ORDER = (
    *("moderated t", "moderated t, robust", "mixed model", "permutation"),
    *("ROIs as replicates", "cells as replicates"),
)
_INTRO = """# Calibration of the comparison

Made by `make validate` (`python benchmarks/validate_response.py`), each section by the command it names; the same
command gives the same text. Each cohort is a feature table of {families} families of {features} features, with variance
between animals and between the ROIs of an animal; it goes through the code that compares a user's cohort. The last two
tests of each design are those that are **not** offered: they show what counting ROIs or cells as replicates would have
claimed of the same tables.
"""
_PLANTED = """{share} of the features differ between the groups by 1 (in the unit of the family); two cohorts
for five of those without effect.

| design | test | false discovery rate | power |
|---|---|---|---|"""
_WEIGHTS = """`response.weights`: 2 to 4 ROIs per animal, {cohorts} cohorts of each design without effect and as
many with effects as above; moderated t, all families together.

| design | weights | p < 0.05 without effect | false discovery rate at q < 0.1 | power |
|---|---|---|---|---|"""
_DETECTABLE = """What {cohorts} cohorts of each design state as detectable at 80 % power (median over features and
cohorts), and how often a feature with the effect that was stated for it is found at p < 0.05 in a new cohort of
other animals.

| design | stated | found |
|---|---|---|"""


def main() -> None:
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=list(SECTIONS), nargs="+", help="only these sections")
    parser.add_argument(
        "--workflow", type=int, default=0, metavar="N", help="only N cohorts through the whole workflow"
    )
    parser.add_argument("--designs", type=int, nargs="+", default=DESIGNS, help="mice per arm, with --workflow")
    parser.add_argument("--out", type=Path, default=Path("docs/validation.md"))
    a = parser.parse_args()
    before = a.out.read_text(encoding="utf-8") if a.out.is_file() else ""
    parts = a.part or ([] if a.workflow else list(SECTIONS))
    workflow = whole_workflow(a.workflow, a.seed, a.designs) if a.workflow else ""
    write_text(a.out, report(parts, a.cohorts, a.seed, before, workflow))


if __name__ == "__main__":
    main()
