"""Config of the neighbourhood stage: graph, statistics, nulls."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from tumint.config.base import A_DOMAIN, Section, is_domain
from tumint.config.margin import MarginConfig
from tumint.config.niches import NetworkConfig, NichesConfig


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


A_NETWORK = r"^[A-Za-z][A-Za-z0-9 _-]{0,39}$"  # name of a kind of network
Statistic = Literal["edges", "allocation", "classic", "histocat", "patch"]
Null = Literal["global", "domain", "local", "parent", "parent_local"]


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
    nulls: list[Null] = Field(
        ["global", "domain", "local"],
        min_length=1,
        description="Nulls of the grid, as in `neighbourhood.primary`; those that a cohort does not have are left out.",
    )

    @field_validator("graphs", "nulls")
    @classmethod
    def _differ(cls, value: list[Any]) -> list[Any]:
        if any(one in value[:i] for i, one in enumerate(value)):
            raise ValueError("must hold nothing twice")
        return value


class FunctionsConfig(Section):
    """Functions of distance: how many pairs of two types lie within, and around, every distance."""

    up_to_um: Annotated[float, Field(ge=0)] = Field(100.0, description="Longest distance in µm; 0: no functions.")
    step_um: Annotated[float, Field(gt=0)] = Field(5.0, description="Distances are multiples of this, in µm.")
    kernel_um: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Half-width in µm of the kernel of the pair correlation g (Epanechnikov)."
    )


class BarrierConfig(Section):
    """Ways from one type to another, and who stands in them."""

    source: Annotated[str, Field(min_length=1)] = Field(description="Type that the ways begin at, as `CD8 T cells`.")
    target: Annotated[str, Field(min_length=1)] = Field(description="Type that they lead to, as `Tumour cells`.")


class NeighbourhoodConfig(Section):
    """Interaction scores per ROI, under exact nulls, and nearest distances."""

    graph: GraphConfig = Field(GraphConfig(), description="Which cells are neighbours.")
    statistics: list[Statistic] = Field(
        ["edges", "allocation"],
        description="What is scored: `edges` (always), `allocation` (cells of the target beside a source cell: who "
        "seeks whom), `classic` (neighbours per cell), `histocat` (those per cell that has any), `patch` (share of "
        "cells with at least `patch_size`). Only `allocation`, `histocat` and `patch` tell a → b from b → a.",
    )
    patch_size: Annotated[int, Field(ge=1)] = Field(3, description="Least number of neighbours (`patch`).")
    permutations: Annotated[int, Field(ge=1)] = Field(
        1000,
        description="Permutations of the labels where a statistic has no exact null (`histocat` and `patch` within "
        "domains or nearby).",
    )
    stop_after: Annotated[int, Field(ge=0)] = Field(
        0,
        description="End the permutations of a ROI once every pair has had so many on either side of the observed "
        "(Besag & Clifford 1991); 0: never.",
    )
    primary: Literal["global", "domain", "local"] = Field(
        "local",
        description="The null that interactions are compared under. `local`: labels are exchangeable between cells "
        "of one domain that are near each other, and who lives nearby is accounted for, so that types that share a "
        "region do not count as interacting; `domain`: within tissue domains; `global`: over the image. Samples "
        "without domains are one domain.",
    )
    within_domain: bool = Field(
        True, description="Take tissue domains into account where there are any; false: as if there were none."
    )
    domains: dict[str, str] = Field(
        default_factory=dict,
        description="`{domain of the data: domain}`: tissue domains that go by another name here, as `{Tumour nest: "
        "tumour, Tumour bed: tumour, Folds: none}`; several can become one, and `none` is no domain. The others keep "
        "the names they came with. A domain that no cell of the cohort is in is an error.",
    )
    cells_in: list[str] = Field(
        default_factory=list,
        description="Domains, by the names they go by here, whose cells alone are scored: `[tumour, interface]` looks "
        "at contacts, distances, markers, states, niches and networks of cells in these, given or inferred. Who is "
        "whose neighbour, what niches are, and areas and margin are still those of all cells. `[]`: all cells.",
    )
    local_um: Annotated[float, Field(gt=0)] = Field(
        100.0,
        description="How far apart cells can be to exchange their labels under the local null, and the side of the "
        "tiles that labels are permuted within for its expected counts.",
    )
    around_um: Annotated[float, Field(gt=0)] = Field(
        60.0,
        description="Cells within this distance, weighed by how near they are, are the surroundings that the local "
        "null accounts for. Contact is what touching adds to them.",
    )
    scales_um: list[Annotated[float, Field(gt=0)]] = Field(
        [400.0, 200.0, 100.0, 50.0],
        description="At which distance an association lives: contact is measured again with labels exchanged over the "
        "whole domain, then only between cells at most so many µm apart. `[]`: not.",
    )
    functions: FunctionsConfig = Field(
        FunctionsConfig(), description="Pairs of types by their distance: K and the pair correlation g."
    )
    barriers: list[BarrierConfig] = Field(
        default_factory=list,
        description="Which types stand between two others: `[{source: CD8 T cells, target: Tumour cells}]` compares "
        "how many cells of every other type are passed on the shortest ways, against chance within tissue domains.",
    )
    niches: NichesConfig = Field(
        NichesConfig(), description="Communities of cell types, learnt over the whole cohort: who lives with whom."
    )
    networks: dict[Annotated[str, Field(pattern=A_NETWORK)], NetworkConfig] = Field(
        default_factory=dict,
        description="Kinds of networks by name, as `{lymphonets: {types: [CD4 T cells, CD8 T cells, B cells]}, tumour "
        "nests: {types: [Tumour cells]}}`: cells that hang together, against chance within tissue domains.",
    )
    parents: dict[str, list[str]] | None = Field(
        None,
        description="Types of one lineage, as `{T cells: [CD4 T cells, CD8 T cells]}`: the nulls `parent` and "
        '`parent_local` permute labels only among the types of one parent, "given that a T cell is here, which is '
        "it?\". Empty: the `parent` of the panel's signatures, where it has any; `{}`: none.",
    )
    guard_um: Annotated[float, Field(ge=0)] = Field(
        0.0,
        description="Cells nearer than this to the box around the ROI's cells, whose neighbourhoods are cut, are "
        "neighbours only; interactions are of ordered pairs then. 0: every cell counts.",
    )
    min_cells: Annotated[int, Field(ge=1)] = Field(
        10,
        description="A type with fewer cells in a ROI gets no p of its own there (status `too_few`). The comparison "
        "pools the ROIs of a subject and asks for information instead: `response.min_information`.",
    )
    markers: list[str] | None = Field(
        None,
        description="Markers that are compared in every type and tissue domain: how high they are, and the share of "
        "positive cells. Empty: the `state` markers of the panel, which have no say in types; a `type` marker named "
        "here is compared too, though types that it decided differ in it by choice alone. `[]`: none.",
    )
    state_by_contact: bool = Field(
        True,
        description="Whether those markers are higher where a cell touches one of another type is compared too, beside "
        "lineage markers of that type that show how much of it is spillover.",
    )
    margin: MarginConfig = Field(
        MarginConfig(), description="Tissue domains where none came with the cells, and the margin of the tumour."
    )
    robustness: RobustnessConfig = Field(
        RobustnessConfig(), description="The graphs and nulls over which findings are looked at again."
    )

    @field_validator("scales_um")
    @classmethod
    def _scales_differ(cls, value: list[float]) -> list[float]:
        if len(set(value)) < len(value):
            raise ValueError("each distance once")
        return value

    @field_validator("domains")
    @classmethod
    def _domain_names(cls, value: dict[str, str]) -> dict[str, str]:
        if odd := [name for name in value.values() if not is_domain(name)]:
            raise ValueError(f"each domain to be {A_DOMAIN}; found {odd[0]!a}")
        return value

    @field_validator("parents")
    @classmethod
    def _one_parent(cls, value: dict[str, list[str]] | None) -> dict[str, list[str]] | None:
        named = [name for kinds in (value or {}).values() for name in kinds]
        if repeated := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"each type to have one parent, not {', '.join(repeated)} several")
        return value

    @field_validator("niches")
    @classmethod
    def _niches_as_strata(cls, value: NichesConfig, info: ValidationInfo) -> NichesConfig:
        if value.within and (value.window == "none" or not info.data.get("within_domain", True)):
            raise ValueError("`within: true` needs niches (`window`) and `neighbourhood.within_domain: true`")
        return value

    @field_validator("statistics")
    @classmethod
    def _has_edges(cls, value: list[Statistic]) -> list[Statistic]:
        if "edges" not in value or len(set(value)) < len(value):
            raise ValueError("must hold `edges`, and nothing twice")
        return value
