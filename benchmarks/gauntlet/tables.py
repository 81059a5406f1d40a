"""The tables of attacks and of power, from pools of animals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gauntlet.attacks import ATTACKS, MIXED, NOT_SURVIVED, PLANTED_PAIRS, SIZES, WRONG, planted
from gauntlet.cohorts import Compared, compare
from gauntlet.pools import PAIRS, ROIS, WAYS, Pool, pool
from gauntlet.tissue import Arm
from tumint import keys as k

DESIGNS = (4, 6)
ALPHA = 0.05
PRIMARY = (k.LOCAL, k.FAMILY_INTERACTION)


@dataclass(frozen=True)
class Run:
    """How much is simulated, and where animals that are made are kept for a run that goes on."""

    animals: int = 800
    cohorts: int = 200
    workers: int = 1
    keep: Path = Path("results/gauntlet")

    def pools(self, arms: tuple[Arm, Arm]) -> tuple[Pool, Pool]:
        """Animals of both arms: other animals, also where the arms are alike."""
        return pool(arms[0], self.animals, 1, self.workers, self.keep), pool(
            arms[1], self.animals, 2, self.workers, self.keep
        )


@dataclass(frozen=True)
class Shares:
    """Share of p < 0.05 of every pair that was tested in at least half of the cohorts, and of all of them."""

    each: np.ndarray
    tested: np.ndarray
    mean: float
    error: float

    @classmethod
    def of(cls, p: np.ndarray) -> Shares:
        """`p`: cohorts × pairs."""
        tested = np.isfinite(p).sum(axis=0)
        usual = tested >= len(p) / 2
        each = np.where(usual, (p < ALPHA).sum(axis=0) / np.maximum(tested, 1), np.nan)
        of_cohort = (p < ALPHA)[:, usual].sum(axis=1) / np.maximum(np.isfinite(p)[:, usual].sum(axis=1), 1)
        return cls(each, tested, float(of_cohort.mean()), 1.96 * float(of_cohort.std(ddof=1) / np.sqrt(len(p))))

    def said(self) -> str:
        """Median pair, mean of all pairs with its interval, worst pair with its."""
        worst = int(np.nanargmax(self.each))
        low, high = wilson(self.each[worst], int(self.tested[worst]))
        return (
            f"{np.nanmedian(self.each):.3f} | {self.mean:.3f} ± {self.error:.3f} | "
            f"{self.each[worst]:.2f} ({low:.2f} to {high:.2f}) {PAIRS[worst].replace('|', '–')}"
        )


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of n (Wilson 1927)."""
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def expected_worst(cohorts: int, pairs: int = len(PAIRS)) -> float:
    """The largest share of that many independent pairs whose p are right, on average."""
    counts = np.random.default_rng(0).binomial(cohorts, ALPHA, (2000, pairs))
    return float(counts.max(axis=1).mean() / cohorts)


def attacks(run: Run) -> str:
    """Attack × null × estimator: how often a pair without any contact interaction has p < 0.05."""
    rows, found = [], {}
    for name, arms in ATTACKS.items():
        reference, group = run.pools(arms)
        for way, label in WAYS.items():
            found[name, way] = shares = [Shares.of(one.p) for one in _designs(run, reference, group, way)]
            bold = "**" if way == PRIMARY else ""
            rows.append(f"| {name} | {bold}{label}{bold} | {' | '.join(one.said() for one in shares)} |")
    head = _ATTACKS.format(run=run, rois=ROIS, pairs=len(PAIRS), worst=expected_worst(run.cohorts))
    return "\n".join([head, _summary(found), "", _COLUMNS, *rows])


def _summary(found: Mapping[tuple[str, tuple[str, str]], Sequence[Shares]]) -> str:
    """What the table says of the primary test, and of log ratios in the same cohorts."""
    usual = [name for name in ATTACKS if name not in (*NOT_SURVIVED, WRONG)]

    def most(names: Sequence[str], way: tuple[str, str]) -> tuple[float, float]:
        shares = [one for name in names for one in found[name, way]]
        return max(one.mean for one in shares), max(float(np.nanmax(one.each)) for one in shares)

    mean, worst = most(usual, PRIMARY)
    attacked = f"in {len(usual)} attacks"
    lines = [f"The primary test: a mean of at most {mean:.3f} and a worst pair of at most {worst:.2f} {attacked}."]
    for null, words in ((k.GLOBAL, "the image"), (k.WITHIN_DOMAIN, "domains"), (k.LOCAL, "domains and tiles")):
        mean, worst = most(usual, (null, k.FAMILY_CONTACT))
        lines.append(f"Log ratios within {words}, same cohorts: {mean:.2f} and {worst:.2f}.")
    mean, worst = most([WRONG], PRIMARY)
    lines.append(
        f"Labels that are wrong in one arm only: {mean:.3f} on average, but {worst:.2f} for the worst pair, "
        "whose types live on the two sides of a sharp border."
    )
    mean, worst = most(NOT_SURVIVED, PRIMARY)
    lines.append(
        "Labels copied from a neighbour (spillover) are contact to any statistic of labels: "
        f"{mean:.2f} and {worst:.2f}."
    )
    return "\n".join(textwrap.wrap(" ".join(lines), 120, break_long_words=False, break_on_hyphens=False))


def power(run: Run) -> str:
    """The same cohorts with a contact effect in two pairs: how much of it is kept, and how often it is found."""
    lines = [_POWER.format(run=run, rois=ROIS)]
    for size in SIZES:
        reference, group = run.pools((MIXED, planted(size)))
        for way, label in WAYS.items():
            bold = "**" if way == PRIMARY else ""
            cells = [cell for p in _designs(run, reference, group, way) for cell in _found(p, way[1], size)]
            lines.append(f"| {size} | {bold}{label}{bold} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _designs(run: Run, reference: Pool, group: Pool, way: tuple[str, str]) -> Iterator[Compared]:
    for n in DESIGNS:
        yield compare(reference[way], group[way], way[1], PAIRS, n, run.cohorts)


def _found(cohorts: Compared, family: str, size: float) -> Iterator[str]:
    """Mean effect (natural logarithm) and power of both planted pairs, and p < 0.05 of the pairs that share no type."""
    scale = np.log(2) if family == k.FAMILY_CONTACT else 1.0
    touched = {name for a, b, _ in PLANTED_PAIRS for name in (a, b)}
    for a, b, _ in PLANTED_PAIRS:
        at = PAIRS.index(f"{a}|{b}" if f"{a}|{b}" in PAIRS else f"{b}|{a}")
        effect = float(np.nanmean(cohorts.effect[:, at])) * scale
        yield f"{effect:+.2f}: {float((cohorts.p[:, at] < ALPHA).mean()):.2f}"
    others = [i for i, pair in enumerate(PAIRS) if not touched & set(pair.split("|"))]
    yield f"{Shares.of(cohorts.p[:, others]).mean:.3f}"


_ATTACKS = """Simulated tissues of 9 types: a tumour with a wavy margin, immune cells that thin out from it on both
sides, smooth fields of every type, lymphoid aggregates (`benchmarks/gauntlet/tissue.py`). Labels are drawn by place
alone, so **no type seeks or avoids another**; what the arms differ in is named in the first column. {run.cohorts}
cohorts of each design with {rois} ROIs per animal, from {run.animals} animals of each arm that are dealt anew when all
have been in a cohort, through the code that compares a user's cohort. Numbers are shares of p < 0.05: the median of the
{pairs} pairs, their mean ± 1.96 standard errors over cohorts, and the worst pair with its 95 % interval. Of {pairs}
independent pairs whose p are right the worst would be at {worst:.2f}. The primary test is bold.
"""
_COLUMNS = """\
| arms differ in | measured by | 4 v 4: median | mean | worst pair | 6 v 6: median | mean | worst pair |
|---|---|---|---|---|---|---|---|"""
_POWER = """Simulated as above, but labels also change places by contact: in one arm a CD8–Treg contact adds the size
to the log odds and a CD8–Tumour contact takes half of it, and every animal has contact weights of its own (standard
deviation 0.08). Mean effect as natural logarithm, then the share of {run.cohorts} cohorts with p < 0.05; last, the mean
share of p < 0.05 of the pairs of other types.

| size | measured by | 4 v 4: CD8–Treg | CD8–Tumour | other pairs | 6 v 6: CD8–Treg | CD8–Tumour | other pairs |
|---|---|---|---|---|---|---|---|"""
