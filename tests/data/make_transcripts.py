"""Small cohorts as CosMx, MERSCOPE and Visium HD write them, after the descriptions that the readers name; the values
are made up. By hand, `python tests/data/make_transcripts.py FOLDER` writes them to look at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GENES = ("Cd8a", "Epcam", "Lyz2", "Foxp3", "mt-Co1")


def _counts(rng: np.random.Generator, n: int, names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rng.poisson(1.2, (n, len(names))), columns=list(names))


def cosmx(
    folder: Path,
    slide: str = "S1",
    fields: tuple[int, ...] = (1, 12),
    n: int = 9,
    *,
    seed: int = 0,
    local_only: bool = False,
    packed: bool = False,
) -> Path:
    """Flat files of a slide whose cells are numbered anew in each field and whose global y are below 0."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    corner = {field: (-40_000 + 4256 * i, -9_000.0 - 4256 * (i % 2)) for i, field in enumerate(fields)}
    cells = pd.DataFrame({"fov": np.repeat(fields, n), "cell_ID": np.tile(np.arange(1, n + 1), len(fields))})
    cells["Area"] = rng.integers(800, 9000, len(cells))
    cells["AspectRatio"] = rng.uniform(0.5, 2, len(cells)).round(2)
    cells["CenterX_local_px"] = rng.integers(0, 4256, len(cells))
    cells["CenterY_local_px"] = rng.integers(0, 4256, len(cells))
    for axis, name in enumerate("XY"):
        shift = np.array([corner[field][axis] for field in cells["fov"]])
        cells[f"Center{name}_global_px"] = cells[f"Center{name}_local_px"] + shift
    if local_only:
        cells = cells.drop(columns=["CenterX_global_px", "CenterY_global_px"])
    for stain in ("PanCK", "CD45", "DAPI"):
        cells[f"Mean.{stain}"] = rng.integers(0, 30_000, len(cells))
        cells[f"Max.{stain}"] = 65_535
    cells["cell_id"] = [f"c_1_{f}_{c}" for f, c in zip(cells["fov"], cells["cell_ID"], strict=True)]
    counts = pd.concat([cells[["fov", "cell_ID"]], _counts(rng, len(cells), GENES)], axis=1)
    counts["NegPrb01"], counts["SystemControl3"] = 1, 0
    outside = pd.DataFrame([{"fov": field, "cell_ID": 0, **dict.fromkeys(GENES, 500)} for field in fields])
    counts = pd.concat([outside.assign(NegPrb01=9, SystemControl3=9), counts]).sample(frac=1, random_state=seed)
    places = pd.DataFrame({"FOV": fields})
    for axis, name in enumerate("xy"):
        px = np.array([corner[field][axis] for field in fields])
        places[f"{name}_global_px"], places[f"{name}_global_mm"] = px, px * 0.12028e-3
    end = ".csv.gz" if packed else ".csv"
    cells.to_csv(folder / f"{slide}_metadata_file{end}", index=False)
    counts.to_csv(folder / f"{slide}_exprMat_file{end}", index=False)
    places.to_csv(folder / f"{slide}_fov_positions_file{end}", index=False)
    return folder


def merscope(folder: Path, n: int = 14, *, seed: int = 0, old: bool = False) -> Path:
    """A region: ids of 19 digits as text, the counts in another order; `old`: the first columns have no name."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{1_023_417_900_003_100_000 + 17 * i + seed}{'0123' * 5 if old else ''}" for i in range(n)]
    cells = pd.DataFrame({"EntityID": ids, "fov": rng.integers(0, 40, n), "volume": rng.uniform(80, 2000, n)})
    cells["center_x"], cells["center_y"] = rng.uniform(-50, 900, n), rng.uniform(-50, 700, n)
    for name in ("x", "y"):
        cells[f"min_{name}"], cells[f"max_{name}"] = cells[f"center_{name}"] - 5, cells[f"center_{name}"] + 5
    counts = pd.concat([pd.Series(ids, name="cell"), _counts(rng, n, (*GENES, "Blank-1", "Blank-2"))], axis=1)
    names = {"EntityID": "", "cell": ""} if old else {}
    cells.rename(columns=names).to_csv(folder / "cell_metadata.csv", index=False)
    counts.sample(frac=1, random_state=seed).rename(columns=names).to_csv(folder / "cell_by_gene.csv", index=False)
    return folder


def visium_hd(outs: Path, matrix_h5: Any, n: int = 10, *, seed: int = 0) -> Path:
    """`outs` of a segmented capture area, outlines in another order and of more cells than the filtered matrix has;
    `matrix_h5` writes the matrix (`make_formats.matrix_h5`).
    """
    from scipy import sparse

    rng = np.random.default_rng(seed)
    folder = outs / "segmented_outputs"
    (folder / "spatial").mkdir(parents=True, exist_ok=True)
    (outs / "binned_outputs" / "square_008um").mkdir(parents=True, exist_ok=True)
    numbers = np.sort(rng.choice(np.arange(1, 400), n, replace=False))
    counts = sparse.csr_matrix(_counts(rng, n, GENES).to_numpy(np.int32))
    codes = [f"cellid_{number:09d}-1" for number in numbers]
    matrix_h5(folder / "filtered_feature_cell_matrix.h5", counts, codes, dict.fromkeys(GENES, "Gene Expression"))
    shapes = []
    for number in rng.permutation([*numbers, 998, 999]):
        (x, y), (w, h) = rng.uniform(0, 20_000, 2).round(1), rng.integers(20, 60, 2)
        ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [[[float(a), float(b)] for a, b in ring]]}
        shapes.append({"type": "Feature", "geometry": geometry, "properties": {"cell_id": int(number)}})
    text = json.dumps({"type": "FeatureCollection", "features": shapes})
    (folder / "cell_segmentations.geojson").write_text(text)
    (folder / "spatial" / "scalefactors_json.json").write_text(json.dumps({"microns_per_pixel": 0.2737}))
    return outs


if __name__ == "__main__":
    out = Path(sys.argv[1])
    cosmx(out / "cosmx")
    merscope(out / "merscope" / "region_0")
