"""Small files of programs that say of each cell what it is: phenotypes as flags, classes of QuPath, objects of Imaris,
AnnData of steinbock, SpatialData with several tables; after the descriptions that the readers name, the values made up.
By hand, `python tests/data/make_phenotypes.py FOLDER` writes them to look at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MARKERS = ("CD8", "FoxP3", "PanCK")


def consolidated(path: Path, fields: tuple[str, ...] = ("A_[1,2].im3", "B_[3,4].im3"), n: int = 12) -> Path:
    """`Consolidated_data.txt` of phenoptrReports: a phenotype column for each marker, µm, no units of channels."""
    rng = np.random.default_rng(0)
    parts = []
    for field in fields:
        table = pd.DataFrame({"Slide ID": field[0], "Sample Name": field}, index=range(n))
        table["Tissue Category"] = rng.choice(["Tumor", "Stroma"], n)
        for marker in MARKERS:
            table[f"Phenotype {marker}"] = [f"{marker}{'+' if has else '-'}" for has in rng.random(n) < 0.4]
        table["Cell ID"] = np.arange(1, n + 1)
        table["Cell X Position"] = (rng.integers(0, 1868, n) / 2 + 9000).astype(float)
        table["Cell Y Position"] = (rng.integers(0, 1400, n) / 2 + 4000).astype(float)
        for part in ("Nucleus", "Entire Cell"):
            table[f"{part} Area (square microns)"] = rng.uniform(30, 200, n).round(2)
            for channel in ("DAPI", "CD8 (Opal 520)", "FoxP3 (Opal 570)", "PanCK (Opal 690)"):
                table[f"{part} {channel} Mean"] = rng.gamma(2, 2, n).round(3)
        parts.append(table)
    pd.concat(parts).to_csv(path, sep="\t", index=False, lineterminator="\n")
    return path


def halo(path: Path, n: int = 14, *, named: bool = True) -> Path:
    """Object data of HALO: phenotypes of the analysis as 0/1 columns where they are `named`, and of each channel."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2000, n), rng.integers(0, 1500, n)
    table = pd.DataFrame({"Image Location": "S19-100.afi", "Analysis Region": "Layer 1"}, index=range(n))
    table["Algorithm Name"] = "HighPlex FL v4.2.3"
    table["Object Id"] = np.arange(n)
    table["XMin"], table["XMax"], table["YMin"], table["YMax"] = x, x + 12, y, y + 9
    has = {marker: rng.integers(0, 2, n) for marker in MARKERS}
    if named:
        table["Cytotoxic T cell"] = has["CD8"] * (1 - has["FoxP3"])
        table["Treg"] = has["FoxP3"]
    table["DAPI Positive Classification"] = 1
    for marker in ("DAPI", *MARKERS):
        if marker in has:
            table[f"{marker} (Opal 520) Positive Classification"] = has[marker]
        table[f"{marker} (Opal 520) Cell Intensity"] = rng.gamma(2, 3, n).round(6)
        table[f"{marker} (Opal 520) % Nucleus Completeness"] = 100.0
    table["Cell Area (µm²)"] = rng.uniform(40, 150, n).round(6)
    table["Classifier Label"] = rng.choice(["Tumor", "Stroma"], n)
    table.to_csv(path, index=False, lineterminator="\r\n")
    return path


CLASSES = ("Tumor: PanCK", "CD8", "CD8: FoxP3", "FoxP3", "Ignore*", None)


def qupath_geojson(path: Path, n: int = 12, *, old: bool = False) -> Path:
    """Objects of one image: an annotation, and cells with classes built of several; `old`: as QuPath 0.2 to 0.3."""
    rng = np.random.default_rng(0)
    objects: list[dict[str, Any]] = [_object("annotation", (0, 0, 5000, 5000), "Tumor", {}, old=old)]
    for i in range(n):
        (x, y), (w, h) = rng.uniform(0, 4000, 2).round(2), rng.integers(8, 30, 2)
        measured = {f"Cell: {marker} mean": round(float(rng.gamma(2, 50)), 4) for marker in ("DAPI", *MARKERS)}
        kind = CLASSES[i % len(CLASSES)]
        objects.append(_object("cell", (x, y, float(w), float(h)), kind, measured, old=old))
    path.write_text(json.dumps(objects if old else {"type": "FeatureCollection", "features": objects}))
    return path


def _object(kind: str, box: tuple[float, ...], named: str | None, measured: dict[str, float], *, old: bool) -> Any:
    x, y, w, h = map(float, box)
    ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
    properties: dict[str, Any] = {"objectType": kind} if not old else {"isLocked": False}
    if named is not None:
        properties["classification"] = {"name": named} if ": " not in named or old else {"names": named.split(": ")}
    properties["measurements"] = [{"name": a, "value": b} for a, b in measured.items()] if old else measured
    key = f"Path{kind.capitalize()}Object" if old else f"8f1c{int(x):04d}-0000-4000-8000-000000000000"
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": properties}


def imaris(path: Path, n: int = 11) -> Path:
    """Statistics of spots of Imaris, joined to one table: µm of the stage, a mean for each channel by its number."""
    rng, side = np.random.default_rng(0), int(np.ceil(np.sqrt(n)))
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:n] * 8.0 + rng.uniform(
        0, 3, (n, 2)
    )
    table = pd.DataFrame({"Position X": xy[:, 0] - 4000, "Position Y": xy[:, 1] - 9000})
    table["Position Z"], table["Unit"], table["Category"], table["Collection"] = 1.5, "um", "Spot", "Position"
    table["Time"], table["ID"] = 1, np.arange(n)
    for channel in (1, 2):
        table[f"Intensity Mean Ch={channel} Img=1"] = rng.gamma(2, 400, n).round(3)
    table.to_csv(path, index=False)
    return path


def steinbock_anndata(path: Path, images: tuple[str, ...] = ("M1_001.tiff", "M2_001.tiff"), n: int = 10) -> Path:
    """`steinbock export anndata --intensities .. --data regionprops --neighbors .. --info images.csv`."""
    import anndata as ad
    from scipy import sparse

    rng = np.random.default_rng(0)
    parts = []
    for image in images:
        obs = pd.DataFrame({"Image": image, "area": rng.integers(20, 90, n)}, index=range(n))
        room = max(1.0, n / 10)  # as sparse as cells are, however many
        obs["centroid-0"], obs["centroid-1"] = rng.uniform(0, 60 * room, n), rng.uniform(0, 90 * room, n)
        obs["eccentricity"] = rng.uniform(0, 1, n)
        obs["image_width_px"], obs["image_height_px"] = 80, 60
        obs.index = pd.Index([f"Object {2 * i + 1} in {image}" for i in range(n)])
        parts.append(obs)
    obs = pd.concat(parts)
    block = sparse.diags([np.ones(n - 1), np.ones(n - 1)], [1, -1])
    data = ad.AnnData(rng.gamma(2, 3, (len(obs), 3)).astype(np.float32), obs, pd.DataFrame(index=list(MARKERS)))
    data.obsp["adj"] = sparse.block_diag([block] * len(images), format="csr")
    data.write_h5ad(path)
    return path


def spatialdata(path: Path, n: int = 8) -> Path:
    """A store with a table of cells and one of nuclei, both with coordinates of their own."""
    import anndata as ad
    from spatialdata import SpatialData
    from spatialdata.models import TableModel

    rng = np.random.default_rng(0)
    tables = {}
    for name, size in (("cells", n), ("nuclei", n - 2)):
        obs = pd.DataFrame({"cell_type": pd.Categorical(rng.choice(["T cell", "Tumour"], size))})
        obs.index = pd.Index([f"{name}{i}" for i in range(size)])
        X = rng.gamma(2, 3, (size, len(MARKERS))).astype(np.float32)
        table = ad.AnnData(X, obs=obs, var=pd.DataFrame(index=list(MARKERS)))
        table.obsm["spatial"] = rng.uniform(0, 300, (size, 2))
        tables[name] = TableModel.parse(table)
    SpatialData(tables=tables).write(path)
    return path


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    consolidated(out / "Consolidated_data.txt")
    halo(out / "halo.csv")
    qupath_geojson(out / "cells.geojson")
    imaris(out / "imaris.csv")
    steinbock_anndata(out / "cells.h5ad")
    spatialdata(out / "several.zarr")
