"""The matrix of transcripts as 10x Genomics writes it: `.h5`, or a folder with `matrix.mtx`, `features.tsv` and
`barcodes.tsv`, each plain or gzipped. Cells × features, CSR.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tumint.io.raw.hdf5 import check_hdf5
from tumint.io.raw.limits import unpacked_size
from tumint.io.raw.source import Place

GENES = "Gene Expression"


@dataclass(frozen=True)
class Counts:
    """Cells × features; the type of a feature is `Gene Expression`, `Antibody Capture`, a control, ..."""

    X: Any
    barcodes: list[str]
    features: list[str]
    feature_types: list[str]

    def genes(self) -> Counts:
        """Without antibodies and controls."""
        keep = [i for i, kind in enumerate(self.feature_types) if kind == GENES]
        features = [self.features[i] for i in keep]
        return Counts(self.X[:, keep], self.barcodes, features, [GENES] * len(keep))


def is_matrix_folder(path: Path) -> bool:
    """Whether `path` holds the three files."""
    names = ("matrix.mtx", "barcodes.tsv")
    return path.is_dir() and all(_either(path, name) is not None for name in names)


def matrix_files(path: Path) -> list[Path]:
    """The files that are read: `path` itself, or those of the folder."""
    if not path.is_dir():
        return [path]
    named = [_either(path, name) for name in ("matrix.mtx", "features.tsv", "genes.tsv", "barcodes.tsv")]
    return [file for file in named if file is not None]


def _either(folder: Path, name: str) -> Path | None:
    return next((f for f in (folder / name, folder / f"{name}.gz") if f.is_file()), None)


def read_matrix(place: Place) -> Counts:
    """The matrix at `place`; raises whatever its libraries raise where it is damaged."""
    counts = _read_folder(place) if Path(place.path).is_dir() else _read_h5(place)
    shape = (len(counts.barcodes), len(counts.features))
    if counts.X.shape != shape:
        raise ValueError(
            f"a matrix of {counts.X.shape[0]} × {counts.X.shape[1]} for {shape[0]} cells × {shape[1]} features"
        )
    if counts.X.nnz and (counts.X.indices.min() < 0 or counts.X.indices.max() >= shape[1]):
        raise ValueError("indices outside the matrix")
    return counts


def _read_h5(place: Place) -> Counts:
    import h5py
    from scipy import sparse

    check_hdf5(place, "a matrix as 10x Genomics writes it")
    with h5py.File(place.path, "r") as file:
        group = file["matrix"]
        n_features, n_cells = (int(n) for n in group["shape"][:])
        parts = (group["data"][:], group["indices"][:], group["indptr"][:])
        X = sparse.csr_matrix(parts, shape=(n_cells, n_features))  # as stored: features × cells by column
        X.check_format()
        features = group["features"]
        names = [name.decode() for name in features["name"][:]]
        kinds = [kind.decode() for kind in features["feature_type"][:]] if "feature_type" in features else None
        barcodes = [code.decode() for code in group["barcodes"][:]]
    return Counts(X, barcodes, names, kinds or [GENES] * len(names))


def _read_folder(place: Place) -> Counts:
    from scipy import io, sparse

    matrix, features, genes, barcodes = (
        _either(Path(place.path), name) for name in ("matrix.mtx", "features.tsv", "genes.tsv", "barcodes.tsv")
    )
    listed = features or genes
    if matrix is None or listed is None or barcodes is None:
        raise ValueError("matrix.mtx, features.tsv and barcodes.tsv are not all there")
    rows = [line.split("\t") for line in _lines(listed, place.sample)]
    names = [row[1] if len(row) > 1 else row[0] for row in rows]
    kinds = [row[2] if len(row) > 2 else GENES for row in rows]
    codes = _lines(barcodes, place.sample)
    # before it is read: the header says how much room is made for it
    n_bytes = unpacked_size(matrix, Place(str(matrix), place.sample).at())
    n_features, n_cells, n_values, *_ = io.mminfo(matrix)
    if (n_features, n_cells) != (len(names), len(codes)):
        found = f"a matrix of {n_features} features × {n_cells} cells"
        raise ValueError(f"{found} for {len(names)} features × {len(codes)} cells")
    if n_values > n_bytes:
        raise ValueError(f"{n_values} values in {n_bytes} bytes of text")
    X = sparse.csr_matrix(io.mmread(matrix, spmatrix=False).T)
    return Counts(X, codes, names, kinds)


def _lines(path: Path, sample: str) -> list[str]:
    unpacked_size(path, Place(str(path), sample).at())
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
    return [line for line in text.splitlines() if line]


def by_barcode(codes: list[str], wanted: list[str]) -> np.ndarray:
    """Where each of `wanted` stands in `codes`, -1 where it does not."""
    at = {code: i for i, code in enumerate(codes)}
    return np.array([at.get(code, -1) for code in wanted], dtype=np.int64)
