"""Calibration and power of the comparison on simulated cohorts, into docs/validation.md: `make validate`.

Every cohort has a random stream of its own, so that the text does not depend on the number of processes. What a
cohort is like is in `simulated_features.py`; whole cohorts from raw tables are in `validate_workflow.py`.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from document import sections
from simulated_features import (
    FAMILIES,
    FEATURES,
    NOTHING,
    PLANTED,
    TESTS,
    WEIGHTS,
    cohort,
    compared,
    p_by_weights,
    p_of_primary,
    p_of_tests,
    planted,
)
from validation_run import DESIGNS, Rates, Run, mean

from tumint import keys as k
from tumint.fdr import benjamini_hochberg
from tumint.io.atomic import write_text

EVERY = 4  # cohorts for one that all tests are made of, not moderated t alone
COUNTS = {"null": (500, 500, 500, 500), "workflow": (10, 20, 30, 20)}  # cohorts of each design
TRUE = np.arange(FEATURES) < int(PLANTED * FEATURES)


def null_of(n: int, seed: int, i: int) -> Rates:
    """Share of p < 0.05 in a cohort without any effect, by test and family."""
    tests = p_of_primary if i % EVERY else p_of_tests
    p = tests(*cohort(n, np.random.default_rng([seed, n, i, 0]), NOTHING))
    shares = (p < 0.05).groupby(level=0).mean()
    return {f"{test}|{family}": float(shares.loc[family, test]) for test in p for family in FAMILIES}


def planted_of(n: int, seed: int, i: int) -> Rates:
    """False discovery proportion at q < 0.1 and power in a cohort with effects: means over the families, by test."""
    tests = p_of_primary if i % 2 else p_of_tests
    p = tests(*cohort(n, np.random.default_rng([seed, n, i, 1]), planted()))
    rates: Rates = {}
    for test in p:
        found = np.stack([benjamini_hochberg(p.loc[family, test]) < 0.1 for family in FAMILIES])
        false = (found & ~TRUE).sum(axis=1) / np.maximum(found.sum(axis=1), 1)
        rates |= {f"{test}|false": float(false.mean()), f"{test}|power": float(found[:, TRUE].mean())}
    return rates


def detected_of(n: int, seed: int, i: int) -> Rates:
    """Median effect stated as detectable, by family, and how often it is detected at p < 0.05 in a new cohort.

    Each feature of a cohort without effect is given the effect that was stated for it in a second cohort of other
    animals, in which it varies as in the first.
    """
    kinds = [np.random.default_rng([seed, n, i, 3]) for _ in range(2)]
    animals = [np.random.default_rng([seed, n, i, j]) for j in (4, 5)]
    power = compared(*cohort(n, animals[0], NOTHING, kinds[0]), "power").power
    stated = np.stack([power.loc[power[k.FAMILY] == name, "detectable"] for name in FAMILIES])
    shares = (p_of_primary(*cohort(n, animals[1], stated, kinds[1])) < 0.05).groupby(level=0).mean().iloc[:, 0]
    medians = {f"stated|{name}": float(np.median(stated[j])) for j, name in enumerate(FAMILIES)}
    return {**medians, **{f"found|{name}": float(shares[name]) for name in FAMILIES}}


def weights_of(n: int, seed: int, i: int) -> Rates:
    """Share of p < 0.05 without effect, false discoveries and power, with equal weights and with those of the ROIs."""
    kept: dict[str, list[float]] = {}
    for with_effect in (False, True):
        rng = np.random.default_rng([seed, n, i, 6 + with_effect])
        for kind, p in p_by_weights(*cohort(n, rng, planted() if with_effect else NOTHING)):
            if not with_effect:
                kept.setdefault(f"{kind}|null", []).append(float((p < 0.05).mean()))
                continue
            found = benjamini_hochberg(p) < 0.1
            kept.setdefault(f"{kind}|false", []).append(float((found & ~TRUE).sum() / max(found.sum(), 1)))
            kept.setdefault(f"{kind}|power", []).append(float(found[TRUE].mean()))
    return {name: float(np.mean(values)) for name, values in kept.items()}


def null_section(run: Run, cohorts: Sequence[int]) -> str:
    """The table of tests without effect, of as many cohorts of each design as `cohorts` says."""
    lines = [
        _NULL.format(every=EVERY),
        "| design | test | " + " | ".join(FAMILIES) + " |",
        "|---|---|" + "---|" * len(FAMILIES),
    ]
    for n, many in zip(DESIGNS, cohorts, strict=True):
        table = run.each("null", null_of, n, many)
        for test in TESTS:
            lines.append(f"| {n} v {n} | {test} | {' | '.join(mean(table[f'{test}|{f}']) for f in FAMILIES)} |")
    return "\n".join(lines)


def planted_section(run: Run) -> str:
    """The table of tests with effects."""
    cohorts = max(2, run.cohorts // 5)
    lines = [_PLANTED.format(share=f"{PLANTED:.0%}", cohorts=cohorts)]
    for n in DESIGNS:
        table = run.each("planted", planted_of, n, cohorts)
        for test in TESTS:
            lines.append(f"| {n} v {n} | {test} | {mean(table[f'{test}|false'])} | {mean(table[f'{test}|power'], 2)} |")
    return "\n".join(lines)


def detectable_section(run: Run) -> str:
    """The table of detectable effects."""
    cohorts = max(2, run.cohorts // 10)
    lines = [_DETECTABLE.format(cohorts=cohorts), "|---|" + "---|" * len(FAMILIES)]
    lines.insert(1, "| design | " + " | ".join(FAMILIES) + " |")
    for n in DESIGNS:
        table = run.each("detectable", detected_of, n, cohorts)
        cells = [f"{table[f'stated|{f}'].median():.2f}: {mean(table[f'found|{f}'], 2)}" for f in FAMILIES]
        lines.append(f"| {n} v {n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def weights_section(run: Run) -> str:
    """Moderated t with subjects weighted by their ROIs, beside the same cohorts with equal weights."""
    cohorts = max(2, run.cohorts // 5)
    lines = [_WEIGHTS.format(cohorts=cohorts)]
    for n, kind in itertools.product(DESIGNS, WEIGHTS):
        table = run.each("weights", weights_of, n, cohorts)
        rates = f"{mean(table[f'{kind}|null'])} | {mean(table[f'{kind}|false'])} | {mean(table[f'{kind}|power'], 2)}"
        lines.append(f"| {n} v {n} | {kind} | {rates} |")
    return "\n".join(lines)


def workflow_section(run: Run, cohorts: Sequence[int]) -> str:
    """Whole cohorts, as many of each design as `cohorts` says."""
    from validate_workflow import section  # needs all stages, which nothing else here does

    return section(run, dict(zip(DESIGNS, cohorts, strict=True)))


def correlated_section(run: Run) -> str:
    """Families whose features move together."""
    from validate_correlated import section

    return section(run)


SECTIONS: dict[str, tuple[str, Callable[..., str]]] = {
    "null": ("No effect: share of p < 0.05", null_section),
    "planted": ("With effects: false discovery rate and power at q < 0.1", planted_section),
    "detectable": ("The detectable effect", detectable_section),
    "weights": ("Weights of subjects by their ROIs", weights_section),
    "correlated": ("Features that move together", correlated_section),
    "workflow": ("The whole workflow without effect", workflow_section),
}


def report(parts: Sequence[str], run: Run, counts: Mapping[str, Sequence[int]], before: str) -> str:
    """The whole document; sections that are not in `parts`, or of other commands, stay as they are in `before`.

    Parameters
    ----------
    counts
        Of the sections of which each design has its own number of cohorts, those numbers.
    """
    kept = sections(before)
    texts = [_INTRO.format(features=FEATURES, families=len(FAMILIES))]
    for part, (title, section) in SECTIONS.items():
        if part in parts:
            own = counts.get(part)
            many = f"--cohorts {run.cohorts}" if own is None else f"--{part}-cohorts {' '.join(map(str, own))}"
            made = f"`python benchmarks/validate_response.py --part {part} {many} --seed {run.seed}`"
            text = section(run) if own is None else section(run, own)
            texts.append(f"## {title}\n\n{made}\n\n{text}\n")
        elif title in kept:
            texts.append(f"## {title}\n\n{kept[title]}\n")
    mine = {title for title, _ in SECTIONS.values()}
    texts += [f"## {title}\n\n{text}\n" for title, text in kept.items() if title not in mine]
    return "\n".join(texts)


_INTRO = """# Calibration of the comparison

Made by `make validate` (`python benchmarks/validate_response.py`), each section by the command it names; the same
command gives the same text. Each cohort is a feature table of {families} families of {features} features, with variance
between animals and between the ROIs of an animal; it goes through the code that compares a user's cohort.
`interaction` stands for all families of counts over expectations. What follows ± is 1.96 standard errors over cohorts.
"""
_NULL = """Wanted of moderated t, the primary test: 0.03 to 0.07. The other tests are made of one cohort in {every}. The
last two tests of each design are those that are **not** offered: they show what counting ROIs or cells as replicates
would have claimed of the same tables. The permutation test cannot go below 0.10 at 3 v 3 and 0.029 at 4 v 4.
"""
_PLANTED = """{share} of the features differ between the groups by 1 (in the unit of the family), in {cohorts} cohorts
of each design; every second of them is given to all tests, the others to moderated t alone. Wanted of the false
discovery rate, the mean over cohorts and families of the share of false findings: at most 0.12.

| design | test | false discovery rate | power |
|---|---|---|---|"""
_WEIGHTS = """`response.weights`: 2 to 4 ROIs per animal, {cohorts} cohorts of each design without effect and as
many with effects as above; moderated t, all families together.

| design | weights | p < 0.05 without effect | false discovery rate at q < 0.1 | power |
|---|---|---|---|---|"""
_DETECTABLE = """What {cohorts} cohorts of each design state as detectable at 80 % power (median over features and
cohorts), and how often a feature with the effect that was stated for it is found at p < 0.05 in a new cohort of
other animals. Wanted: 0.75 to 0.85.
"""


def main() -> None:
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=500)
    for part, default in COUNTS.items():
        said = f"cohorts of each design, for the part {part}"
        parser.add_argument(f"--{part}-cohorts", type=int, nargs=len(DESIGNS), default=default, metavar="N", help=said)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=list(SECTIONS), nargs="+", default=list(SECTIONS), help="only these sections")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where finished designs lie, to go on after a stop")
    parser.add_argument("--out", type=Path, default=Path("docs/validation.md"))
    a = parser.parse_args()
    before = a.out.read_text(encoding="utf-8") if a.out.is_file() else ""
    run = Run(a.cohorts, a.seed, a.workers, a.keep)
    counts = {part: getattr(a, f"{part}_cohorts") for part in COUNTS}
    write_text(a.out, report(a.part, run, counts, before))


if __name__ == "__main__":
    main()
