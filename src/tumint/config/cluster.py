"""Config of clustering and typing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumint.config.base import Section


class NormaliseConfig(Section):
    """How raw intensities become comparable over ROIs."""

    method: Literal["reference", "arcsinh", "none"] = Field(
        "reference",
        description="`reference`: divide by the ROI's median of the panel's reference channel (xenon), then scale each "
        "marker by its pooled 99th percentile (van Maldegem et al. 2021); `arcsinh`: arcsinh(x / cofactor); `none`.",
    )
    percentile: Annotated[float, Field(gt=50, le=100)] = Field(
        99.0,
        description="Percentile, pooled over the cells of the cohort with signal, that becomes 1. Larger values stay "
        "larger: cutting them would hide markers of types rarer than that (`reference`).",
    )
    cofactor: Annotated[float, Field(gt=0)] = Field(5.0, description="Cofactor of the arcsinh (`arcsinh`).")


class ClusterConfig(Section):
    """Normalise, cluster over the cohort, give every cell a type."""

    typing: Literal["signatures", "provided", "table"] = Field(
        "signatures",
        description="`signatures`: each cluster gets the type of the panel whose markers it shows; `provided`: the "
        "data bring the types (nothing is clustered); `table`: clusters get the types of `type_table`.",
    )
    type_table: str | None = Field(
        None,
        description="CSV with columns `cluster` and `cell_type`, for `typing: table`; relative to the working folder.",
    )
    normalise: NormaliseConfig = Field(NormaliseConfig(), description="How intensities are normalised.")
    n_neighbours: Annotated[int, Field(ge=2)] = Field(20, description="k of the kNN graph that Leiden cuts.")
    resolution: Annotated[float, Field(gt=0)] = Field(
        1.0,
        description="Resolution of Leiden: larger gives more clusters. Clusters whose cells show several types of the "
        "panel are split in any case.",
    )
    min_score: Annotated[float, Field(ge=0, le=1)] = Field(
        0.4,
        description="A cluster whose best signature scores below this becomes `unclassified`; 1 is a cluster that "
        "shows all positive markers in full and no negative one.",
    )

    @model_validator(mode="after")
    def _table_where_needed(self) -> ClusterConfig:
        if (self.typing == "table") != (self.type_table is not None):
            raise ValueError("`type_table` where `typing` is `table`, and only there")
        return self
