"""Config of the neighbourhood stage: graph, statistics, nulls."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

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


Statistic = Literal["edges", "classic", "histocat", "patch"]


class RobustnessConfig(Section):
    """The grid over which an interaction has to hold: every graph under every null, by exact moments."""

    graphs: list[GraphConfig] = Field(
        [
            GraphConfig(kind="delaunay", max_edge_um=30.0),
            GraphConfig(kind="delaunay", max_edge_um=50.0),
            GraphConfig(kind="delaunay", max_edge_um=0.0),
            GraphConfig(kind="knn", k=6, symmetric=True),
            GraphConfig(kind="knn", k=10, symmetric=True),
            GraphConfig(kind="radius", radius_um=20.0),
            GraphConfig(kind="radius", radius_um=30.0),
        ],
        description="Graphs of the grid, each as `neighbourhood.graph`; `[]`: no grid.",
    )
    nulls: list[Literal["global", "domain"]] = Field(
        ["global", "domain"],
        min_length=1,
        description="Nulls of the grid: labels permuted over the image, and within its domains (where it has any).",
    )

    @field_validator("graphs", "nulls")
    @classmethod
    def _differ(cls, value: list[Any]) -> list[Any]:
        if any(one in value[:i] for i, one in enumerate(value)):
            raise ValueError("must hold nothing twice")
        return value


class NeighbourhoodConfig(Section):
    """Interaction scores per ROI, under exact nulls, and nearest distances."""

    graph: GraphConfig = Field(GraphConfig(), description="Which cells are neighbours.")
    statistics: list[Statistic] = Field(
        ["edges"],
        description="What is scored: `edges` (always), `classic` (neighbours per cell), `histocat` (those per cell "
        "that has any), `patch` (share of cells with at least `patch_size`). Only the last two tell a → b from b → a.",
    )
    patch_size: Annotated[int, Field(ge=1)] = Field(3, description="Least number of neighbours (`patch`).")
    permutations: Annotated[int, Field(ge=1)] = Field(
        1000, description="Permutations of the labels where a statistic has no exact null (`histocat`, `patch`)."
    )
    stop_after: Annotated[int, Field(ge=0)] = Field(
        0,
        description="End the permutations of a ROI once every pair has had so many on either side of the observed "
        "(Besag & Clifford 1991); 0: never.",
    )
    within_domain: bool = Field(
        True,
        description="Score also against labels permuted within tissue domains, so that types that only share a domain "
        "do not count as interacting; needs domains.",
    )
    guard_um: Annotated[float, Field(ge=0)] = Field(
        0.0,
        description="Cells nearer than this to the box around the ROI's cells, whose neighbourhoods are cut, are "
        "neighbours only; interactions are of ordered pairs then. 0: every cell counts.",
    )
    min_cells: Annotated[int, Field(ge=1)] = Field(
        10, description="A type with fewer cells in a ROI is not tested there (status `too_few`)."
    )
    robustness: RobustnessConfig = Field(
        RobustnessConfig(), description="The graphs and nulls over which findings are looked at again."
    )

    @field_validator("statistics")
    @classmethod
    def _has_edges(cls, value: list[Statistic]) -> list[Statistic]:
        if "edges" not in value or len(set(value)) < len(value):
            raise ValueError("must hold `edges`, and nothing twice")
        return value
