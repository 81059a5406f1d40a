"""Config of the neighbourhood stage: graph, statistics, nulls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tumint.config.base import Section


class GraphConfig(Section):
    """Which cells are neighbours."""

    kind: Literal["delaunay", "knn", "radius", "provided"] = Field(
        "delaunay",
        description="`delaunay`: triangulation of the centres; `knn`: the k nearest; `radius`: all within a distance; "
        "`provided`: the neighbours that came with the data.",
    )
    max_edge_um: Annotated[float, Field(ge=0)] = Field(
        50.0, description="Longest Delaunay edge in µm; 0: no limit (`delaunay`)."
    )
    k: Annotated[int, Field(ge=1)] = Field(6, description="How many nearest cells (`knn`).")
    symmetric: bool = Field(
        False, description="Make kNN edges hold both ways; without it a cell → its k nearest (`knn`)."
    )
    radius_um: Annotated[float, Field(gt=0)] = Field(20.0, description="Distance in µm (`radius`).")


class NeighbourhoodConfig(Section):
    """Interaction scores per ROI, under exact nulls, and nearest distances."""

    graph: GraphConfig = Field(GraphConfig(), description="Which cells are neighbours.")
    within_domain: bool = Field(
        True,
        description="Score also against labels permuted within tissue domains, so that types that only share a domain "
        "do not count as interacting; needs domains.",
    )
    min_cells: Annotated[int, Field(ge=1)] = Field(
        10, description="A type with fewer cells in a ROI is not tested there (status `too_few`)."
    )
