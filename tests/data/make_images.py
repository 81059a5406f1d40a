"""Small simulated images with masks: cells as touching patches, each of one type, in tissue of two kinds.

`project` writes them as steinbock keeps them; nothing in them was measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from scipy.spatial import cKDTree

CHANNELS = ("CD8", "EPCAM", "aSMA", "DNA1")
_MEANS = {"T": (20.0, 1.0, 1.0, 30.0), "tumour": (1.0, 25.0, 2.0, 35.0), "stroma": (1.0, 2.0, 22.0, 25.0)}


def labels(height: int, width: int, n: int, rng: np.random.Generator, radius: float = 6.0) -> np.ndarray:
    """A label image: each pixel is of the nearest of `n` centres, if that is at most `radius` pixels away; uint16."""
    centres = rng.uniform((0, 0), (height, width), (n, 2))
    pixels = np.indices((height, width)).reshape(2, -1).T
    distance, nearest = cKDTree(centres).query(pixels)
    return np.where(distance <= radius, nearest + 1, 0).reshape(height, width).astype(np.uint16)


def image(mask: np.ndarray, types: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Counts of `CHANNELS`, float32, channels × rows × columns; `types` is the type of each label, 0 that of none."""
    means = np.array([(0.2,) * len(CHANNELS), *(_MEANS[name] for name in types)], dtype=float)
    return rng.poisson(np.moveaxis(means[mask], -1, 0)).astype(np.float32)


def project(folder: Path, subjects: int = 4, rois: int = 1, side: int = 120, n: int = 150, seed: int = 0) -> None:
    """`img/`, `masks/`, `regions/tumour/` and `panel.csv`; tumours of treated subjects hold more T cells."""
    for name in ("img", "masks", "regions/tumour"):
        (folder / name).mkdir(parents=True)
    rows = [f"X{i},{name},1" for i, name in enumerate(CHANNELS)]
    (folder / "panel.csv").write_text("\n".join(["channel,name,keep", *rows, "X9,left out,0"]) + "\n")
    for subject in range(subjects):
        arm = ("Vehicle", "Treated")[subject % 2]
        for roi in range(rois):
            rng = np.random.default_rng([seed, subject, roi])
            mask = labels(side, side, n, rng)
            tumour = np.zeros(mask.shape, np.uint8)
            tumour[:, : side // 2] = 255
            in_tumour = np.array(
                [(tumour[mask == i] > 0).mean() >= 0.5 if (mask == i).any() else False for i in range(1, n + 1)]
            )
            share = 0.4 if arm == "Treated" else 0.15
            odds = rng.random(n)
            types = np.where(in_tumour, np.where(odds < share, "T", "tumour"), np.where(odds < 0.2, "T", "stroma"))
            file = f"M{subject + 1}_ROI{roi + 1}_{arm}.tiff"
            pixels = image(mask, types, rng)
            tifffile.imwrite(folder / "img" / file, pixels, imagej=True, metadata={"axes": "CYX"})
            tifffile.imwrite(folder / "masks" / file, mask)
            tifffile.imwrite(folder / "regions" / "tumour" / file, tumour)
