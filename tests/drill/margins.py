"""Inferred tumours against simulated masks and annotated follicles.

`python tests/drill/margins.py [SPLEENS] [--seeds 31,32]`.

Exit code 1 where Dice is below 0.9 in a ROI, or the margin further than 15 µm (median over cells) from the simulated
one in the median ROI of a seed. SPLEENS: the folder `mouse_spleen_codex` of the real data.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.margin import MarginConfig
from tumint.neighbourhood import margin as m
from tumint.neighbourhood.place import Place, place
from tumint.neighbourhood.roles import roles
from tumint.simulate import cohort, tissue
from tumint.simulate import design as d

SEEDS = (0, 21, 22, 23, 24)
SUBJECTS, ROIS, CELLS = 4, 2, 4000
LEAST_DICE, MOST_UM = 0.9, 15.0
PX_UM = 0.377  # of the spleens


@dataclass(frozen=True)
class Found:
    """One ROI: overlap of the inferred tumour with the mask, and how far its margin is from that of the mask, in µm."""

    sample: str
    dice: float
    median_um: float
    seconds: float


def true_margin(masks: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Signed distance of cells to the edge of the tumour's mask (nx, ny at `tissue.PIXEL_UM`)."""
    field = m.signed_um(masks)
    assert field is not None
    at = tissue._pixels(xy, masks.shape)
    return field[at] * tissue.PIXEL_UM / m.STEP_UM


def simulated(seed: int, subjects: int = SUBJECTS, rois: int = ROIS, cells: int = CELLS) -> Iterator[Found]:
    """ROIs of a simulated cohort, their domains inferred from types alone."""
    settings = cohort.Settings(subjects, rois, cells, seed, effect=True)
    config, drawn = MarginConfig(), tissue._domain_maps
    maps: list[np.ndarray] = []

    def kept(*args: object) -> tuple[np.ndarray, np.ndarray]:
        made = drawn(*args)  # type: ignore[arg-type]
        maps.append(made[0][k.DOMAINS.index("tumour")])
        return made

    tissue._domain_maps = kept
    try:
        for roi in cohort.make_rois(settings, cohort.make_mice(settings)):
            real = ~roi.is_debris
            xy, labels = roi.tissue.xy[real], roi.labels[real]
            start = time.process_time()
            got = placed(xy, labels, list(d.TYPES), config)
            took = time.process_time() - start
            true = true_margin(maps[-1], xy)
            dice = _dice(got.margin_um < 0, true < 0)
            yield Found(roi.sample, dice, float(np.median(np.abs(got.margin_um - true))), took)
    finally:
        tissue._domain_maps = drawn


def placed(xy: np.ndarray, labels: np.ndarray, types: list[str], config: MarginConfig) -> Place:
    """Domains and margin of cells without any given domain."""
    nothing = np.full(len(xy), k.NO_DOMAIN, dtype=object)
    return place("roi", xy, labels, nothing, types, roles(config, [], types), config)


def spleen(path: Path) -> tuple[float, float, float]:
    """B-zone of a spleen: Dice of the inferred follicles, median offset of their margin, and of its absolute value."""
    table = pd.read_csv(path)
    xy = table[["x_coordinate", "y_coordinate"]].to_numpy(float) * PX_UM
    types = sorted(set(table["CellType"]))
    labels = pd.Categorical(table["CellType"], categories=types).codes.astype(np.int64)
    zone = table["Compartment"].astype(str).to_numpy(dtype=object)
    config = MarginConfig(tumour_types=["B cells"])
    got = placed(xy, labels, types, config)
    given = MarginConfig(tumour=["B-zone"])
    true = place("roi", xy, labels, zone, types, roles(given, set(zone), types), given)
    # along the annotated margin: where it says 0, what does the inferred one say?
    beside = np.abs(true.margin_um) < m.STEP_UM
    off = got.margin_um[beside]
    return _dice(got.margin_um < 0, zone == "B-zone"), float(np.median(off)), float(np.median(np.abs(off)))


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


def main(spleens: list[str], seeds: Iterable[int] = SEEDS) -> int:
    """Print all of it."""
    bad = False
    for seed in seeds:
        rows = list(simulated(seed))
        dice, away = [r.dice for r in rows], [r.median_um for r in rows]
        bad |= min(dice) < LEAST_DICE or np.median(away) > MOST_UM
        took = sum(r.seconds for r in rows)
        print(
            f"seed {seed}, {len(rows)} ROIs: Dice {np.median(dice):.3f} (lowest {min(dice):.3f}), margin off by "
            f"{np.median(away):.1f} µm (most {max(away):.1f}), {took:.2f} s of CPU"
        )
    for folder in spleens:
        for path in sorted(Path(folder).glob("*.csv.gz")):
            overlap, off, away = spleen(path)
            print(
                f"{path.name}: Dice with the B-zone {overlap:.3f}, margin {off:+.1f} µm from its edge (|.| {away:.1f})"
            )
    return int(bad)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("spleens", nargs="*")
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=SEEDS)
    given = parser.parse_args()
    sys.exit(main(given.spleens, given.seeds))
