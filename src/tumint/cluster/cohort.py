"""The cells of all batches as one cohort: checked, and which markers all of it can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault


@dataclass(frozen=True)
class Cells:
    """All cells, in the order of the sheet and of their ids: arrays and obs columns of equal length."""

    raw: Any  # cells × markers, float32: an array, NaN where a sample lacks the marker, or (transcripts) a CSR matrix
    markers: list[str]
    use: list[str]  # of each marker
    obs: pd.DataFrame  # sample (object), cell_id, area_um2, domain (object) and, where it came, cell_type_provided
    spatial: np.ndarray

    @property
    def samples(self) -> list[str]:
        """Names in the order of the sheet."""
        return list(dict.fromkeys(self.obs[k.SAMPLE]))

    def used(self, *uses: str) -> list[str]:
        """The markers with one of these uses."""
        return [marker for marker, use in zip(self.markers, self.use, strict=True) if use in uses]

    def columns(self, markers: Sequence[str]) -> list[int]:
        """Where these markers stand."""
        at = positions(self.markers)
        return [at[marker] for marker in markers]

    @property
    def sparse(self) -> bool:
        """Whether these are transcripts."""
        return not isinstance(self.raw, np.ndarray)

    def take(self, rows: np.ndarray) -> Cells:
        """These cells, in this order."""
        obs = self.obs.iloc[rows].reset_index(drop=True)
        return replace(self, raw=self.raw[rows], obs=obs, spatial=self.spatial[rows])

    def canonical(self) -> np.ndarray:
        """Order of the cells by name of the sample and id: the same however the sheet is sorted."""
        return np.lexsort((self.obs[k.CELL_ID].to_numpy(), self.obs[k.SAMPLE].to_numpy().astype(str)))


def positions(markers: Sequence[str]) -> dict[str, int]:
    """Where each of the markers stands: a list that is searched for every gene takes genes² steps."""
    return {marker: i for i, marker in enumerate(markers)}


def missing_markers(cells: Cells) -> dict[str, list[str]]:
    """`{marker: samples that lack it}`: those where no cell has a value."""
    found: dict[str, list[str]] = {}
    if cells.sparse:
        return found
    codes, samples = pd.factorize(cells.obs[k.SAMPLE].to_numpy(object))
    sizes = np.bincount(codes)
    for m, marker in enumerate(cells.markers):
        lacking = np.isnan(cells.raw[:, m])
        if lacking.any():
            every = np.bincount(codes[lacking], minlength=sizes.size) == sizes
            if every.any():
                found[marker] = list(samples[every])
    return found


def without(cells: Cells, markers: Sequence[str]) -> Cells:
    """The cohort without these markers."""
    if not markers:
        return cells
    out = set(markers)
    kept = [i for i, marker in enumerate(cells.markers) if marker not in out]
    return replace(
        cells, raw=cells.raw[:, kept], markers=[cells.markers[i] for i in kept], use=[cells.use[i] for i in kept]
    )


def provided_types(cells: Cells) -> np.ndarray:
    """The type that came with each cell (n,), `unclassified` where it is empty.

    Raises
    ------
    DataError
        One line for every sample that came without types and every type whose name holds `|`.
    """
    given = cells.obs.get(k.CELL_TYPE_PROVIDED, pd.Series(None, index=cells.obs.index, dtype=object))
    types = given.where(given.notna(), "").astype(str).str.strip()
    faults: list[Fault | str] = []
    for sample, named in (types != "").groupby(cells.obs[k.SAMPLE], sort=False).any().items():
        if not named:
            expected = "cells with a type, for `cluster.typing: provided`"
            faults.append(Fault(f"sample {sample}", expected, "none; does `ingest.columns.cell_type` name its column?"))
    for cell_type in sorted(t for t in set(types) if k.PAIR_SEPARATOR in t):
        samples = ", ".join(dict.fromkeys(cells.obs[k.SAMPLE][types == cell_type]))
        faults.append(Fault(f"sample {samples}", f"cell types without `{k.PAIR_SEPARATOR}`", f"`{cell_type}`"))
    if faults:
        raise DataError(faults)
    return types.replace("", k.UNCLASSIFIED).to_numpy(dtype=object)
