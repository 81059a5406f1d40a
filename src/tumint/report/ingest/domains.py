"""Cells per tissue domain of every ROI, from what ingest wrote: columns of its table, else its h5ad files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.io.seal import readable
from tumint.report.engine.inputs import Inputs

_PREFIX = "n_domain_"


def domain_counts(inputs: Inputs) -> pd.DataFrame:
    """`sample, domain, n_cells`, in the order of the figures; empty where nothing is known."""
    table = inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES)
    counts = [name for name in table.columns if name.startswith(_PREFIX)]
    if counts:
        long = table[[k.SAMPLE, *counts]].melt(k.SAMPLE, counts, k.DOMAIN, "n_cells")
        long[k.DOMAIN] = long[k.DOMAIN].str.removeprefix(_PREFIX)
    else:
        parts = [_from_cells(path) for path in inputs.files("ingest/{batch}.h5ad") if path.exists()]
        long = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[k.SAMPLE, k.DOMAIN, "n_cells"])
    order = {sample: i for i, sample in enumerate(inputs.rows[k.SAMPLE])}
    long = long[long["n_cells"] > 0].assign(_rank=lambda t: t[k.SAMPLE].map(order))
    return long.dropna(subset="_rank").sort_values(["_rank", k.DOMAIN], kind="stable", ignore_index=True)[
        [k.SAMPLE, k.DOMAIN, "n_cells"]
    ]


def _from_cells(path: Path) -> pd.DataFrame:
    """Counts of one h5ad, by its two categorical columns; nothing else of it is read."""
    with readable(path, "an h5ad file"), h5py.File(path, "r") as file:
        sample, domain = (_categorical(file["obs"][name]) for name in (k.SAMPLE, k.DOMAIN))
    counts = pd.DataFrame({k.SAMPLE: sample, k.DOMAIN: domain}).value_counts(sort=False)
    return counts.rename("n_cells").reset_index()


def _categorical(group: h5py.Group | h5py.Dataset) -> np.ndarray:
    if isinstance(group, h5py.Dataset):
        return group.asstr()[:]
    names = group["categories"].asstr()[:]
    return np.asarray(names, dtype=object)[group["codes"][:]]
