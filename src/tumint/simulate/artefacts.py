"""What goes wrong with real cohorts, planted on request: dark stripes, a ROI whose staining failed, debris, doublets
and a shift between staining batches. The truth of each is kept per cell; cells and markers are made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

DEBRIS_SHARE: Final = 0.02
DOUBLET_SHARE: Final = 0.03
LARGEST_DEBRIS_UM2: Final = 30.0  # as large as a small lymphocyte, so that area alone does not tell
STRIPES: Final = 2
FEWEST_ROIS: Final = STRIPES + 1
FAILED_ANTIBODIES, FAILED_DNA = 0.12, 0.6  # what is left of the counts where the staining failed
_BATCH_SHIFT = (0.35, 0.25)  # mean and sd over channels, on the log scale, of the second batch against the first


@dataclass(frozen=True)
class Stripe:
    """A strip across a ROI, from `start_um` to `end_um` along `axis`: of its counts the share `factor` is left."""

    axis: str  # x | y
    start_um: float
    end_um: float
    factor: float


@dataclass(frozen=True)
class Spoilt:
    """Truth of one ROI. Per object: `is_doublet`, `solidity` and the share of it that lies `in_stripe`."""

    is_doublet: np.ndarray
    solidity: np.ndarray
    in_stripe: np.ndarray
    stripe: Stripe | None
    failed: bool

    def reordered(self, order: np.ndarray) -> Spoilt:
        """The same for the objects in another order."""
        return Spoilt(self.is_doublet[order], self.solidity[order], self.in_stripe[order], self.stripe, self.failed)


def batch_shift(seed: int, channels: int) -> np.ndarray:
    """Log gain of each channel in the second batch against the first, shape `(channels,)`."""
    mean, sd = _BATCH_SHIFT
    return np.asarray(mean + sd * np.random.default_rng([seed, 8]).normal(size=channels))


def chosen(seed: int, n_rois: int) -> tuple[list[int], int]:
    """Numbers, of `n_rois` in the order of the sheet, of the ROIs with a stripe, and of the one that failed."""
    picked = np.random.default_rng([seed, 9]).choice(n_rois, size=FEWEST_ROIS, replace=False).tolist()
    return picked[:STRIPES], picked[STRIPES]


def draw_stripe(rng: np.random.Generator, size: tuple[float, float], axis: str) -> Stripe:
    """A stripe of 15 to 45 µm, not at the very edge of a ROI of this `size` in µm."""
    width = float(rng.uniform(15.0, 45.0))
    length = size["xy".index(axis)]
    start = float(rng.uniform(0.08 * length, 0.92 * length - width))
    return Stripe(axis, round(start, 1), round(start + width, 1), round(float(rng.uniform(0.3, 0.6)), 2))


def share_in_stripe(centre: np.ndarray, radius: np.ndarray, stripe: Stripe) -> np.ndarray:
    """Which share of each cell, taken as a disc, lies in the stripe; `centre` along its axis."""

    def left_of(at: float) -> np.ndarray:
        u = np.clip((at - centre) / radius, -1.0, 1.0)
        return np.asarray((np.arcsin(u) + u * np.sqrt(1.0 - u**2)) / np.pi + 0.5)

    return left_of(stripe.end_um) - left_of(stripe.start_um)


def thinned(
    rng: np.random.Generator, intensities: np.ndarray, area_um2: np.ndarray, keep: np.ndarray | float
) -> np.ndarray:
    """Mean counts after each count was kept with probability `keep` (objects × channels, or what broadcasts to it)."""
    counts = np.rint(intensities * area_um2[:, None]).astype(np.int64)
    return np.asarray(rng.binomial(counts, np.broadcast_to(keep, counts.shape)) / area_um2[:, None])


def draw_doublets(rng: np.random.Generator, touching: np.ndarray, is_debris: np.ndarray) -> np.ndarray:
    """Pairs of touching cells that a segmentation took for one, (m, 2); no cell is in two of them.

    `touching` (n, 2) in both directions. As many pairs as make `DOUBLET_SHARE` of the cells, if there are so many.
    """
    pairs = touching[touching[:, 0] < touching[:, 1]]
    pairs = pairs[~is_debris[pairs].any(axis=1)]
    wanted = int(rng.binomial(int((~is_debris).sum()), DOUBLET_SHARE))
    taken: set[int] = set()
    found: list[tuple[int, int]] = []
    for a, b in pairs[rng.permutation(len(pairs))].tolist():
        if len(found) == wanted:
            break
        if a not in taken and b not in taken:
            taken |= {a, b}
            found.append((a, b))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def merged_shape(area_a: np.ndarray, area_b: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eccentricity and solidity of two discs of these areas, their centres `distance` apart, taken as one object.

    Eccentricity by the second moments of the union; solidity against the hull of two discs of their mean radius.
    """
    area = area_a + area_b
    across = (area_a**2 + area_b**2) / (4 * np.pi * area)
    along = across + area_a * area_b / area**2 * distance**2
    hull = area / 2 + (np.sqrt(area_a / np.pi) + np.sqrt(area_b / np.pi)) * distance
    return np.sqrt(1 - across / along), np.minimum(area / hull, 0.97)


def document(rois: list[tuple[str, Spoilt]], shifted: tuple[str, dict[str, float]]) -> dict[str, Any]:
    """What `truth.json` tells of the artefacts: `rois` are samples with their truth, `shifted` batch and log gains."""
    stripes = [
        {"sample": sample, "axis": s.stripe.axis, "from_um": s.stripe.start_um, "to_um": s.stripe.end_um}
        | {"factor": s.stripe.factor}
        for sample, s in rois
        if s.stripe is not None
    ]
    return {
        "stripes": stripes,
        "failed_rois": [sample for sample, s in rois if s.failed],
        "debris_share": DEBRIS_SHARE,
        "doublet_share": DOUBLET_SHARE,
        "batch_shift": {"batch": shifted[0], "log_gain": {m: round(v, 4) for m, v in shifted[1].items()}},
    }
