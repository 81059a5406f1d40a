"""Cells × markers and what is known of both, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass
class Annotated:
    """Cells × markers with what is known of both, by the names and shapes of an AnnData.

    `X` float32 (n × m), dense or CSR; `obs` and `var` frames of n and m rows, their index the names of cells and
    markers; `obsm` arrays of n rows; `layers` matrices like `X`; `uns` texts.
    """

    X: Any
    obs: pd.DataFrame
    var: pd.DataFrame
    obsm: dict[str, Any]
    layers: dict[str, Any] = field(default_factory=dict)
    uns: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.obs), len(self.var))
        for name, matrix in {"X": self.X, **self.layers}.items():
            if matrix is not None and matrix.shape != expected:
                raise ValueError(f"{name} is {matrix.shape}, obs and var make {expected}")
        if odd := [name for name, values in self.obsm.items() if len(values) != expected[0]]:
            raise ValueError(f"obsm[{odd[0]!r}] has {len(self.obsm[odd[0]])} rows, obs has {expected[0]}")

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.obs), len(self.var)

    @property
    def n_obs(self) -> int:
        return len(self.obs)

    @property
    def n_vars(self) -> int:
        return len(self.var)

    @property
    def obs_names(self) -> pd.Index:
        return self.obs.index

    @property
    def var_names(self) -> pd.Index:
        return self.var.index
