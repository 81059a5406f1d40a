"""10x Genomics, dissociated single cells: a matrix folder or `.h5`. There are no coordinates.

`part` is the number after the `-` of the barcodes, which tells the libraries of `cellranger aggr` apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError
from tumint.ingest.matrix import Matrix, cells_of, rows_of
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import stem
from tumint.ingest.tenx_matrix import is_matrix_folder, matrix_files, read_matrix
from tumint.io.raw.source import Place, file_identity, joint_identity, reading


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one matrix."""
    try:
        with reading(parts[0].place, "a matrix as 10x Genomics writes it"):
            counts = read_matrix(parts[0].place).genes()
    except DataError as error:
        yield from ((part, error) for part in parts)
        return
    identity = joint_identity({str(file): file_identity(file) for file in matrix_files(Path(path))})
    libraries = [code.rpartition("-")[2] if "-" in code else "" for code in counts.barcodes]
    for part in parts:
        try:
            rows = (
                rows_of(libraries, part, "library (the number after `-` of the barcode)") if part.part else slice(None)
            )
            barcodes = pd.Index(np.array(counts.barcodes, dtype=object)[rows])
            matrix = Matrix(counts.X[rows], counts.features, pd.DataFrame(index=barcodes))
            yield part, cells_of(matrix, part, settings, identity)
        except DataError as error:
            yield part, error


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    return [str(file) for file in matrix_files(Path(path)) if str(file) != path]


def recognise(path: Path) -> Found | None:
    """A matrix, or a folder with several."""
    if is_matrix_folder(path) or (path.is_file() and path.suffix == ".h5"):
        found = [path]
    elif path.is_dir():
        # Cell Ranger gives a run a folder, and in it outs/filtered_feature_bc_matrix
        found = [p for pattern in ("*", "*/*", "*/*/*") for p in sorted(path.glob(pattern)) if is_matrix_folder(p)]
        found = [p for p in found if not p.name.startswith("raw_")] or sorted(path.glob("*.h5"))
    else:
        found = []
    if not found:
        return None
    with reading(Place(str(found[0]), "init"), "a matrix as 10x Genomics writes it"):
        features = read_matrix(Place(str(found[0]), "init")).genes().features
    rows = [(_name(p), p, "") for p in found]
    return Found(rows, [], {}, [], has_coordinates=False, unit=k.COUNTS, features=features)


def _name(path: Path) -> str:
    general = ("filtered_feature_bc_matrix", "filtered_gene_bc_matrices", "outs")
    return next((stem(p) for p in (path, *path.parents) if stem(p) not in general and p.name), "sample")


READER = Reader("10x", read, recognise, _files, order=30)
