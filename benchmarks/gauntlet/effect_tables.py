"""The tables of planted effects, and of arms with one effect and two compositions."""

from __future__ import annotations

import hashlib
from functools import partial

import numpy as np

from gauntlet.cohorts import compare
from gauntlet.effects import AB, BETAS, COMPOSITIONS, LAYOUTS, PAIRS, WAYS, Planted, subject
from gauntlet.pools import kept
from gauntlet.tables import ALPHA, DESIGNS, Run

TISSUES = 20  # of every composition
ODDS = 2  # the first ways are odds ratios, whose intervals are looked at
COUNTED = ((12, 1, (0.003, 0.3, 0.697)), (120, 1, (0.03, 0.3, 0.67)), (1200, 1, (0.3, 0.3, 0.4)))
COUNTED += ((12000, 9, (1 / 3, 1 / 3, 1 / 3)),)
THREEFOLD = ((0.1, 0.3, 0.6), (0.3, 0.3, 0.4))


def _subjects(run: Run, planted: Planted, number: int, seed: int = 1) -> np.ndarray:
    """Subjects × ways × pairs × 2."""
    name = hashlib.sha256(f"{planted!r}/{seed}".encode()).hexdigest()[:16]
    return kept(run.keep / f"effect-{name}.npy", partial(subject, planted, seed), number, run.workers)


def effects(run: Run) -> str:
    """Bias and coverage of a planted contact effect."""
    shares = "; ".join("/".join(f"{100 * share:.0f}" for share in one) for one in COMPOSITIONS)
    lines = [_EFFECTS.format(tissues=TISSUES, shares=shares)]
    for layout in LAYOUTS:
        for beta in BETAS:
            found = np.stack([_subjects(run, Planted(one, beta, layout), TISSUES) for one in COMPOSITIONS])
            lines.append(f"| {layout} | {beta:+.2f} | {' | '.join(_cells(found, beta))} |")
    for cells, images, one in COUNTED:
        found = _subjects(run, Planted(one, 0.7, images=images), TISSUES)[None]
        lines.append(f"| even, {cells:,} cells of a | +0.70 | {' | '.join(_cells(found, 0.7))} |")
    for one in COMPOSITIONS[:2]:
        found = _subjects(run, Planted(one, 0.0, third=0.7), TISSUES)[None]
        said = "/".join(f"{100 * share:.0f}" for share in one)
        lines.append(f"| even, {said}, c attracts a and b by 0.7 | 0 | {' | '.join(_cells(found, 0.0))} |")
    return "\n".join(lines)


def _cells(found: np.ndarray, beta: float) -> list[str]:
    """Of every way: range of means over compositions; of odds ratios also bias and coverage."""
    cells = []
    for w in range(len(WAYS)):
        value, se = found[:, :, w, AB, 0], found[:, :, w, AB, 1]
        means = np.nanmean(value, axis=1)
        said = f"{means.min():+.2f} to {means.max():+.2f}" if len(means) > 1 else f"{means[0]:+.2f}"
        if w < ODDS:
            inside = np.abs(value - beta)[np.isfinite(value)] < 1.96 * se[np.isfinite(value)]
            said += f"; {np.nanmean(value) - beta:+.3f}; {100 * inside.mean():.0f} %"
        cells.append(said)
    return cells


def composition(run: Run) -> str:
    """Arms with the same contact effect, in which one type is three times as common."""
    lines = [_COMPOSITION.format(run=run, first=_said(THREEFOLD[0]), second=_said(THREEFOLD[1]))]
    pools = [_subjects(run, Planted(one, 0.7, spread=0.08), run.animals, i) for i, one in enumerate(THREEFOLD, 1)]
    for w, ((_, family), label) in enumerate(WAYS.items()):
        cells = []
        for n in DESIGNS:
            arms = [(np.moveaxis(one[:, w, :, 0], 0, -1), np.moveaxis(one[:, w, :, 1], 0, -1)) for one in pools]
            p = compare(*arms, family, list(PAIRS), n, run.cohorts).p
            cells += [f"{(p[:, AB] < ALPHA).mean():.3f}", f"{(p < ALPHA).mean():.3f}"]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _said(shares: tuple[float, ...]) -> str:
    return ", ".join(f"{100 * share:.0f} %" for share in shares)


_EFFECTS = """Simulated tissues of 4,000 cells of three types in which a contact between a and b changes the log odds by
β, of {tissues} tissues in each of six compositions (percent of a, b and c: {shares}). Range of the mean over
compositions, for odds ratios then bias and coverage of the 95 % interval over all of them. A log ratio (natural
logarithm) is no estimate of β: its range shows how far composition alone moves it.

| tissue | β | {ways} |
|---|---|{rule}|""".replace("{ways}", " | ".join(WAYS.values())).replace("{rule}", "|".join(["---"] * len(WAYS)))
_COMPOSITION = """\
Simulated cohorts of one image per animal with a, b and c, {first} of them in one arm and {second} in the other. In both
arms β is 0.7 for a–b and 0 for all other pairs, with a standard deviation of 0.08 between animals in every pair. Share
of p < 0.05 in {run.cohorts} cohorts, of the pair a–b and of all six pairs.

| measured by | 4 v 4: a–b | all pairs | 6 v 6: a–b | all pairs |
|---|---|---|---|---|"""
