"""Types that a person or the data give, by what the config names; and what is to be said of how they fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumint.cluster.cohort import Cells, provided_types
from tumint.cluster.types_from import types_of_cells, types_of_clusters
from tumint.cluster.user_tables import read_type_table
from tumint.config.cluster import ClusterConfig


def types_given(cells: Cells, config: ClusterConfig) -> tuple[np.ndarray | None, list[str]]:
    """The type of each cell (n,) where the config has them given, else None."""
    if config.typing != "provided":
        return None, []
    if config.types_from is None:
        return provided_types(cells), []
    types, said = types_of_cells(config.types_from, cells.obs)
    return types, [said]


def clusters_given(config: ClusterConfig, clusters: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The type of each of `clusters` by the table that the config names."""
    if config.types_from is None:
        return read_type_table(str(config.type_table), clusters), []
    types, said = types_of_clusters(config.types_from, clusters)
    return types, [said]
