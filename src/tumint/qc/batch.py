"""The files of a batch, which must belong together: cells and samples of ingest, measures of an earlier step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.config.qc import QcConfig
from tumint.errors import DataError, Fault
from tumint.io import contracts as c
from tumint.io.cells import read_cells
from tumint.io.tables import read_table


@dataclass(frozen=True)
class Batch:
    """The cells of a batch, ingest's table of its samples, and the positions of each sample's cells."""

    read: Annotated
    samples: pd.DataFrame
    rows: dict[str, np.ndarray]
    where: str


def read_batch(cells: Path, samples: Path, config: QcConfig) -> Batch:
    """Both files of a batch, which must belong together."""
    read = read_cells(cells)
    table = read_table(samples, c.SAMPLES)
    unknown = [name for name in config.markers if name not in read.var_names]
    if unknown:
        found = ", ".join(f"`{name}`" for name in unknown)
        raise DataError(Fault("config: key `qc.markers`", f"markers of {cells}", found))
    return Batch(read, table, _rows_of_samples(read, table, str(cells), str(samples)), str(cells))


def _rows_of_samples(read: Annotated, table: pd.DataFrame, cells: str, samples: str) -> dict[str, np.ndarray]:
    """Positions of each sample's cells, in order."""
    names = [str(name) for name in table[k.SAMPLE]]
    of_cells = read.obs[k.SAMPLE].astype(str).to_numpy()
    groups = pd.Series(np.arange(read.n_obs)).groupby(of_cells, sort=False).indices
    faults: list[Fault | str] = [
        Fault(cells, f"only samples of {samples}", f"`{name}`") for name in groups if name not in names
    ]
    found = {name: np.asarray(groups.get(name, []), dtype=np.int64) for name in names}
    for name, expected in zip(names, table["n_cells"], strict=True):
        if found[name].size != expected:
            faults.append(
                Fault(f"{cells} (sample {name})", f"{expected} cells, as in {samples}", str(found[name].size))
            )
    if faults:
        raise DataError(faults)
    return found


def check_same_cells(batch: Batch, table: pd.DataFrame, measures: str) -> None:
    """Refuse measures of other cells than the batch's."""
    same = len(table) == batch.read.n_obs and all(
        np.array_equal(table[name].to_numpy(), batch.read.obs[name].astype(table[name].dtype).to_numpy())
        for name in (k.SAMPLE, k.CELL_ID)
    )
    if not same:
        raise DataError(Fault(measures, f"the cells of {batch.where}, in their order", "others"))
