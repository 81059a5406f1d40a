"""Config of niches and networks, parts of the neighbourhood stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tumint.config.base import Section

_Types = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class NichesConfig(Section):
    """Niches: communities of cell types, learnt over the whole cohort."""

    window: Literal["nearest", "radius", "hops", "none"] = Field(
        "nearest",
        description="What is around a cell. `nearest`: its nearest cells; `radius`: all within a distance; `hops`: all "
        "within so many steps of the triangulation; `none`: no niches.",
    )
    nearest: Annotated[int, Field(ge=1)] = Field(30, description="How many nearest cells (`nearest`).")
    radius_um: Annotated[float, Field(gt=0)] = Field(50.0, description="Distance in µm (`radius`).")
    hops: Annotated[int, Field(ge=1)] = Field(3, description="How many steps (`hops`).")
    clusters: Annotated[int, Field(ge=2)] = Field(
        40, description="Clusters that windows fall into first, of which average linkage makes niches."
    )
    numbers: list[Annotated[int, Field(ge=2)]] = Field(
        default_factory=list,
        description="How many communities average linkage leaves, step by step, such as `[30, 18]`: the last is the "
        "number of niches. Empty: the most niches, up to `most`, that are as stable as the best.",
    )
    most: Annotated[int, Field(ge=2)] = Field(20, description="Most niches that are tried, where `numbers` is empty.")
    resamples: Annotated[int, Field(ge=2)] = Field(5, description="Halves of the windows that stability is told from.")
    learn_from: Annotated[int, Field(ge=100)] = Field(
        40_000, description="Windows that niches are learnt from, as many of every subject. All cells get a niche."
    )
    split_by: list[str] = Field(
        default_factory=list,
        description="Types by whose presence a niche is split, such as `[Regulatory T cells]`: the share of its cells "
        "with one in their window is compared.",
    )
    within: bool = Field(
        False, description="Take niches as strata of the nulls: labels are then exchangeable within a niche alone."
    )
    places: Annotated[int, Field(ge=0)] = Field(
        500,
        description="Places among windows at which abundance is compared without choosing a number of niches; 0: not.",
    )
    per_subject: Annotated[int, Field(ge=10)] = Field(
        1000, description="Windows of each subject for that, fewer where one has fewer."
    )

    @field_validator("numbers")
    @classmethod
    def _falling(cls, value: list[int]) -> list[int]:
        if value != sorted(set(value), reverse=True):
            raise ValueError("each number lower than the one before")
        return value

    @model_validator(mode="after")
    def _fits(self) -> NichesConfig:
        if self.numbers and self.numbers[0] > self.clusters:
            raise ValueError(f"`numbers` to be at most `clusters` ({self.clusters})")
        return self


class CrowdConfig(Section):
    """Where cells of their own kind are dense."""

    nearest: Annotated[int, Field(ge=1)] = Field(30, description="How many nearest cells of the network's types.")
    mean_um: Annotated[float, Field(gt=0)] = Field(10.0, description="How far they may be on average, in µm.")


class NearConfig(Section):
    """Cells of other types that a network has beside it."""

    types: _Types = Field(description="Which types, all of them together.")
    cells: Annotated[int, Field(ge=1)] = Field(10, description="How many of their cells.")
    within_um: Annotated[float, Field(gt=0)] = Field(50.0, description="Within so many µm of a cell of the network.")


class NetworkConfig(Section):
    """A kind of network: cells of chosen types that hang together in the triangulation of all cells."""

    types: _Types = Field(description="Types whose cells it is made of, such as `[CD4 T cells, CD8 T cells, B cells]`.")
    least_cells: Annotated[int, Field(ge=2)] = Field(6, description="Cells that a network has at least.")
    max_edge_um: Annotated[float, Field(gt=0)] = Field(50.0, description="Longest edge in µm.")
    crowd: CrowdConfig | None = Field(
        None, description="Only cells with a crowd of the network's types around them count; empty: all do."
    )
    near: NearConfig | None = Field(
        None, description="Only networks with cells of other types beside them count; empty: all do."
    )
    permutations: Annotated[int, Field(ge=20)] = Field(
        200, description="Permutations of the labels, within tissue domains, that tell what chance gives."
    )
