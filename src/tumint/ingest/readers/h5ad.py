"""AnnData (`.h5ad`): `X` or a layer, coordinates in `obsm["spatial"]`, neighbours in `obsp["spatial_connectivities"]`.

Without coordinates the cells are those of dissociated tissue. `part` is a value of the obs column
`ingest.columns.part`. Only the rows of the parts asked for are read into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.anndata_table import found_in, part_of
from tumint.ingest.matrix import cells_of, rows_of
from tumint.ingest.reader import NOTHING, Asked, Found, Part, Reader, Result, Settings
from tumint.io.raw.h5ad import opened, quiet
from tumint.io.raw.source import Place, file_identity, reading


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of the parts of one file."""
    identity = file_identity(path)
    try:
        with opened(parts[0].place) as data:
            for part in parts:
                try:
                    with reading(part.place, "a whole h5ad file"), quiet():
                        rows = _rows(data, part, settings.config)
                        matrix = part_of(data[rows].to_memory(), part, settings.config, rows + 1)
                    yield part, cells_of(matrix, part, settings, identity)
                except DataError as error:
                    yield part, error
    except DataError as error:
        yield from ((part, error) for part in parts)


def _rows(data: Any, part: Part, config: IngestConfig) -> np.ndarray:
    column = config.columns.part if config.columns is not None else None
    if column is None:
        if part.part:
            expected = "`ingest.columns.part`, the obs column that names the parts, since the sheet has `part`"
            raise DataError(Fault(part.place.at(), expected, "none"))
        return np.arange(data.n_obs)
    if column not in data.obs:
        raise DataError(Fault(part.place.at(), f"an obs column `{column}`", "none"))
    return rows_of(data.obs[column].astype(str).tolist(), part, f"`{column}`")


def recognise(path: Path, asked: Asked = NOTHING) -> Found | None:
    """An h5ad file, or a folder that holds some."""
    files = [path] if path.is_file() else sorted(path.glob("*.h5ad"))
    files = [file for file in files if file.suffix == ".h5ad"]
    if not files:
        return None
    rows: list[tuple[str, Path, str]] = []
    columns: dict[str, dict[str, list[str]]] = {}
    sizes: dict[str, int] = {}
    for file in files:
        place = Place(str(file), "init")
        with reading(place, "a whole h5ad file"), opened(place) as data, quiet():
            found = found_in(data, file, rows, asked)
            for name, levels in found.per_row.items():
                columns.setdefault(name, {})[str(file)] = levels
            sizes[str(file)] = len(rows) - sum(sizes.values())
    return replace(found, per_row=_of_all(columns, sizes))


def _of_all(columns: dict[str, dict[str, list[str]]], sizes: dict[str, int]) -> dict[str, list[str]]:
    """Columns of the sheet that every file has, over all of them."""
    shared = {name: of for name, of in columns.items() if set(of) == set(sizes)}
    return {name: [level for file in sizes for level in of[file]] for name, of in shared.items()}


READER = Reader("h5ad", read, recognise, order=70, recognise_asked=recognise)
