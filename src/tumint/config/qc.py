"""Config of quality control: thresholds on cells and on samples."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumint.config.base import Section


class Threshold(Section):
    """Limits of one metric, fixed and / or in median absolute deviations of the sample; a cell keeps all of them."""

    min: float | None = Field(None, description="Smallest value that passes, in the unit of the metric.")
    max: float | None = Field(None, description="Largest value that passes, in the unit of the metric.")
    mad_below: Annotated[float, Field(gt=0)] | None = Field(
        None, description="How many scaled MADs (× 1.4826) below the sample's median pass, on the log1p scale."
    )
    mad_above: Annotated[float, Field(gt=0)] | None = Field(
        None, description="How many scaled MADs (× 1.4826) above the sample's median pass, on the log1p scale."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Threshold:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` to be at most `max`")
        return self


class QcConfig(Section):
    """Which cells and samples go on. A cell without a metric, as where a table has no areas, is not filtered on it."""

    area_um2: Threshold = Field(Threshold(), description="Area of the cell, in µm².")
    dna: Threshold = Field(Threshold(), description="Mean of the channels whose `use` is `dna`.")
    total: Threshold = Field(
        Threshold(),
        description="Sum of the channels whose `use` is `type` or `state`. A cell that lacks the value of a marker "
        "which others of its sample have is always dropped, as `no_intensity`.",
    )
    min_cells: Annotated[int, Field(ge=0)] = Field(
        50, description="A sample with fewer cells that pass than this fails as a whole."
    )
    max_dropped: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="A sample that loses more than this share of its cells fails as a whole."
    )
    on_failed_sample: Literal["stop", "quarantine"] = Field(
        "quarantine",
        description="`stop`: the run ends with the sample's name and the reason; `quarantine`: the run goes on without "
        "its cells, and every report names it.",
    )
