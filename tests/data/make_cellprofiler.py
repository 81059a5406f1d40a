"""A small ROI as CellProfiler and imcyto write it: `AllCellsMask_<name>.csv` and its `Object relationships_` beside it.

Run by the tests; by hand, `python tests/data/make_cellprofiler.py FOLDER` writes one to look at.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

CHANNELS = ("CD8", "EPCAM", "131Xe", "DNA1", "DNA2")
MASKS = ("TumourImage", "NormalImage", "InterfaceImage", "StructuralImage")


def cells_table(n: int = 30, seed: int = 0) -> pd.DataFrame:
    """`n` cells on a jittered grid, columns in CellProfiler's alphabetical order; all inside the tumour mask."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n)))
    x, y = np.divmod(np.arange(n), side)
    table = pd.DataFrame({"ImageNumber": 1, "ObjectNumber": np.arange(1, n + 1)})
    table["AreaShape_Area"] = rng.integers(40, 120, n)
    table["AreaShape_Eccentricity"] = rng.random(n).round(4)
    for channel in CHANNELS:
        table[f"Intensity_IntegratedIntensity_{channel}_c1"] = rng.gamma(2.0, 50.0, n).round(4)
        table[f"Intensity_MeanIntensity_{channel}_c1"] = rng.gamma(2.0, 1.0, n).round(6)
    for mask in MASKS:
        table[f"Intensity_MaxIntensity_{mask}"] = float(mask == "TumourImage")
        table[f"Intensity_MeanIntensity_{mask}"] = float(mask == "TumourImage")
    table["Location_Center_X"] = (10.0 * x + rng.random(n)).round(3)
    table["Location_Center_Y"] = (10.0 * y + rng.random(n)).round(3)
    table["Number_Object_Number"] = np.arange(1, n + 1)
    return table


def relationships_table(pairs: list[tuple[int, int]]) -> pd.DataFrame:
    """Neighbours as CellProfiler's MeasureObjectNeighbors lists them: one row per direction that is given."""
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "Module": "MeasureObjectNeighbors",
            "Module Number": 6,
            "Relationship": "Neighbors",
            "First Object Name": "AllCellsMask",
            "First Image Number": 1,
            "First Object Number": first,
            "Second Object Name": "AllCellsMask",
            "Second Image Number": 1,
            "Second Object Number": second,
        }
    )


def write_roi(folder: Path, name: str, table: pd.DataFrame, pairs: list[tuple[int, int]] | None = None) -> Path:
    """Write the tables of a ROI; the path of its cells."""
    path = folder / f"AllCellsMask_{name}.csv"
    table.to_csv(path, index=False, lineterminator="\n")
    if pairs is not None:
        beside = folder / f"Object relationships_{path.name}"
        relationships_table(pairs).to_csv(beside, index=False, lineterminator="\n")
    return path


if __name__ == "__main__":
    write_roi(Path(sys.argv[1]), "M1.1a_ROI1_t1_Vehicle", cells_table(), [(1, 2), (2, 1), (2, 3)])
