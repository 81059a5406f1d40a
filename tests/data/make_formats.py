"""Small files as QuPath, inForm, HALO, Xenium, SpatialData and Cell Ranger write them, for formats without a real one.

Column names are those of the programs' own documentation and of tables they wrote; the values are made up. Run by the
tests; by hand, `python tests/data/make_formats.py FOLDER` writes them to look at.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import io, sparse

CHANNELS = ("DAPI", "CD8", "PanCK")
GENES = ("Cd8a", "Epcam", "Lyz2", "mt-Co1")
CONTROLS = ("NegControlProbe_00042", "BLANK_0001")


def qupath(path: Path, n: int = 12, images: tuple[str, ...] = ("a.ome.tif", "b.ome.tif"), seed: int = 0) -> Path:
    """Detections of several images by the measurement exporter of QuPath 0.5, tabs between fields."""
    rng = np.random.default_rng(seed)
    parts = []
    for image in images:
        table = pd.DataFrame(
            {"Image": image, "Object ID": [f"8f1c{i:04x}-0000-4000-8000-000000000000" for i in range(n)]}
        )
        table["Object type"] = "Cell"
        table["Name"] = ""
        table["Classification"] = rng.choice(["Tumor", "Immune cells", ""], n)
        table["Parent"] = rng.choice(["Tumor", "Stroma", "Root object (Image)"], n)
        table["ROI"] = "Polygon"
        room = max(1.0, n / 50)  # as sparse as cells are, however many
        table["Centroid X µm"] = rng.uniform(0, 500 * room, n).round(1)
        table["Centroid Y µm"] = rng.uniform(0, 400 * room, n).round(1)
        table["Nucleus: Area µm^2"] = rng.uniform(20, 60, n).round(3)
        table["Cell: Area µm^2"] = rng.uniform(60, 200, n).round(3)
        for channel in CHANNELS:
            table[f"Nucleus: {channel} mean"] = rng.gamma(2, 100, n).round(4)
            table[f"Cell: {channel} mean"] = rng.gamma(2, 50, n).round(4)
            table[f"Cell: {channel} max"] = rng.gamma(9, 100, n).round(4)
        parts.append(table)
    pd.concat(parts).to_csv(path, sep="\t", index=False, lineterminator="\n")
    return path


def inform(path: Path, n: int = 12, microns: bool = False, seed: int = 0) -> Path:
    """`*_cell_seg_data.txt` of inForm 2.4, tabs between fields, `#N/A` for what is missing."""
    rng = np.random.default_rng(seed)
    unit, length = ("square microns", "microns") if microns else ("pixels", "pixels")
    table = pd.DataFrame({"Path": "C:\\Data\\Batch 1", "Sample Name": "Set4_1-6plex_[16142,55840].im3"}, index=range(n))
    table["Tissue Category"] = rng.choice(["Tumor", "Stroma"], n)
    table["Phenotype"] = rng.choice(["CD8+", "CK+", "other"], n)
    table["Cell ID"] = np.arange(1, n + 1)
    table["Total Cells"] = "#N/A"
    table["Cell X Position"] = rng.integers(0, 1868, n)
    table["Cell Y Position"] = rng.integers(0, 1400, n)
    table["Process Region ID"] = "#N/A"
    table[f"Distance from Process Region Edge ({length})"] = "#N/A"
    table[f"Nucleus Area ({unit})"] = rng.integers(60, 200, n)
    for part in ("Nucleus", "Entire Cell"):
        for channel in ("DAPI", "CD8 (Opal 520)", "PanCK (Opal 690)", "Autofluorescence"):
            table[f"{part} {channel} Mean (Normalized Counts, Total Weighting)"] = rng.gamma(2, 2, n).round(3)
    table[f"Entire Cell Area ({unit})"] = rng.integers(200, 500, n)
    table["Confidence"] = [f"{share:.2%}" for share in rng.random(n)]
    table.to_csv(path, sep="\t", index=False, lineterminator="\r\n")
    return path


def halo(path: Path, n: int = 12, seed: int = 0) -> Path:
    """Object data of HALO 3 with two images: boxes in pixels, areas in µm²."""
    rng = np.random.default_rng(seed)
    parts = []
    for image in ("S19-100", "S19-200"):
        x, y = rng.integers(0, 2000, n), rng.integers(0, 1500, n)
        table = pd.DataFrame(
            {"Image Location": f"\\\\server\\study\\{image}.afi", "Analysis Region": "Layer 1"}, index=range(n)
        )
        table["Algorithm Name"] = "HighPlex FL v3.1.0"
        table["Object Id"] = np.arange(n)
        table["XMin"], table["XMax"] = x, x + rng.integers(8, 30, n)
        table["YMin"], table["YMax"] = y, y + rng.integers(8, 30, n)
        for channel in ("DAPI", "CD8 (Opal 520)", "PanCK (Opal 690)"):
            table[f"{channel} Positive Classification"] = rng.integers(0, 2, n)
            table[f"{channel} Nucleus Intensity"] = rng.gamma(2, 3, n).round(6)
            table[f"{channel} Cell Intensity"] = rng.gamma(2, 3, n).round(6)
        table["Cell Area (µm²)"] = rng.uniform(40, 150, n).round(6)
        table["Nucleus Area (µm²)"] = rng.uniform(20, 40, n).round(6)
        table["Classifier Label"] = rng.choice(["Tumor", "Stroma"], n)
        parts.append(table)
    pd.concat(parts).to_csv(path, index=False, lineterminator="\r\n")
    return path


def _counts(n: int, n_features: int, seed: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.random.default_rng(seed).poisson(0.7, (n, n_features)).astype(np.int32))


def matrix_h5(path: Path, counts: Any, barcodes: list[str], features: dict[str, str]) -> Path:
    """A feature-barcode matrix of Cell Ranger 3 and later; `features` is `{name: type}`, in order."""
    import h5py

    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes, dtype="S")
        group["data"], group["indices"], group["indptr"] = counts.data, counts.indices, counts.indptr
        group["shape"] = np.array(counts.shape[::-1], dtype=np.int32)
        described = group.create_group("features")
        described["id"] = np.array([f"ENSMUSG{i:011d}" for i in range(len(features))], dtype="S")
        described["name"] = np.array(list(features), dtype="S")
        described["feature_type"] = np.array(list(features.values()), dtype="S")
        described["genome"] = np.array(["mm10"] * len(features), dtype="S")
    return path


def _features(controls: str) -> dict[str, str]:
    return dict.fromkeys(GENES, "Gene Expression") | dict.fromkeys(CONTROLS, controls)


def xenium(folder: Path, n: int = 15, seed: int = 0) -> Path:
    """The output of a region: `cells.parquet`, `cell_feature_matrix.h5`, `experiment.xenium`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    hexadecimal = "abcdefghijklmnop"
    names = [f"aaa{hexadecimal[i // 256]}{hexadecimal[i % 16]}{hexadecimal[i // 16 % 16]}po-1" for i in range(n)]
    cells = pd.DataFrame({"cell_id": names})
    cells["x_centroid"], cells["y_centroid"] = rng.uniform(0, 900, n), rng.uniform(0, 700, n)
    counts = _counts(n, len(GENES) + len(CONTROLS), seed)
    cells["transcript_counts"] = counts[:, : len(GENES)].sum(axis=1).A1
    cells["control_probe_counts"] = 0
    cells["total_counts"] = counts.sum(axis=1).A1
    cells["cell_area"], cells["nucleus_area"] = rng.uniform(30, 120, n), rng.uniform(10, 30, n)
    cells["segmentation_method"] = "Segmented by nucleus expansion of 5.0µm"
    cells.to_parquet(folder / "cells.parquet", index=False)
    matrix_h5(folder / "cell_feature_matrix.h5", counts, names, _features("Negative Control Probe"))
    (folder / "experiment.xenium").write_text(json.dumps({"major_version": 5, "pixel_size": 0.2125}))
    return folder


def tenx(folder: Path, n: int = 20, seed: int = 0) -> Path:
    """`filtered_feature_bc_matrix` of Cell Ranger: the three gzipped files, with two antibodies among the features."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = _counts(n, len(GENES) + len(CONTROLS), seed)
    with gzip.open(folder / "matrix.mtx.gz", "wb") as file:
        io.mmwrite(file, counts.T.tocoo())
    features = _features("Antibody Capture")
    lines = [f"ENSMUSG{i:011d}\t{name}\t{kind}\n" for i, (name, kind) in enumerate(features.items())]
    with gzip.open(folder / "features.tsv.gz", "wt") as file:
        file.writelines(lines)
    with gzip.open(folder / "barcodes.tsv.gz", "wt") as file:
        file.writelines(f"{'ACGT'[i % 4]}{i:015d}-{1 + i % 2}\n" for i in range(n))
    return folder


def tenx_counts(n: int = 20, seed: int = 0) -> np.ndarray:
    """The counts of the genes that `tenx` writes, cells × genes."""
    return _counts(n, len(GENES) + len(CONTROLS), seed).toarray()[:, : len(GENES)]


def spatialdata(path: Path, n: int = 10, seed: int = 0) -> Path:
    """A store with two regions of circles and the table that annotates them; coordinates are in the shapes alone."""
    import anndata as ad
    from spatialdata import SpatialData
    from spatialdata.models import ShapesModel, TableModel

    rng = np.random.default_rng(seed)
    shapes = {}
    for region in ("roi1", "roi2"):
        xy = rng.uniform(0, 300, (n, 2)).round(2)
        shapes[region] = ShapesModel.parse(xy, geometry=0, radius=5.0, index=np.arange(100, 100 + n))
    # the rows of the table are not in the order of the shapes
    regions = np.repeat(["roi1", "roi2"], n)
    ids = np.concatenate([rng.permutation(np.arange(100, 100 + n)) for _ in range(2)])
    obs = pd.DataFrame({"region": pd.Categorical(regions), "instance_id": ids}, index=[f"c{i}" for i in range(2 * n)])
    obs["cell_type"] = pd.Categorical(rng.choice(["T cell", "Tumour"], 2 * n))
    X = rng.gamma(2, 3, (2 * n, len(CHANNELS))).astype(np.float32)
    table = ad.AnnData(X, obs=obs, var=pd.DataFrame(index=list(CHANNELS)))
    parsed = TableModel.parse(table, region=["roi1", "roi2"], region_key="region", instance_key="instance_id")
    SpatialData(shapes=shapes, tables={"table": parsed}).write(path)
    return path


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    qupath(out / "detections.tsv")
    inform(out / "set4_cell_seg_data.txt")
    halo(out / "object_results.csv")
    xenium(out / "xenium")
    tenx(out / "filtered_feature_bc_matrix")
    spatialdata(out / "spatial.zarr")
