"""Config of ingest: the format of the raw tables, which columns hold what, units, and what to do about bad samples."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumint import keys as k
from tumint.config.base import Section


class ColumnMap(Section):
    """Which column of a raw table holds what (`format: table`)."""

    x: str = Field(description="x coordinate of the cell's centre, in pixels (see `pixel_size_um`).")
    y: str = Field(description="y coordinate of the cell's centre, in pixels.")
    cell_id: str | None = Field(
        None,
        description="Whole-number id, unique within a sample; empty: the row number, from 1. A first column without a "
        "name, as pandas and R write it, is called `Unnamed: 0`.",
    )
    area: str | None = Field(None, description="Area of the cell in square pixels; empty: no area, and no area filter.")
    cell_type: str | None = Field(None, description="Cell type that comes with the data (`cluster.typing: provided`).")
    domain: str | None = Field(None, description="Tissue domain that comes with the data.")
    markers: dict[str, str] | None = Field(
        None, description="`{marker: column}`; empty: the channels of the panel, or no marker where there is no panel."
    )


class IngestConfig(Section):
    """Raw per-cell tables → cells in µm, with domains."""

    format: Literal["cellprofiler", "table"] = Field(
        "cellprofiler",
        description="`cellprofiler`: one CSV per ROI as CellProfiler and imcyto write it (`ObjectNumber`, "
        "`Location_Center_X`, `Intensity_MeanIntensity_<marker>_c1`, ...); `table`: any CSV or TSV, by `columns`.",
    )
    columns: ColumnMap | None = Field(None, description="Which column holds what; needed where `format` is `table`.")
    pixel_size_um: Annotated[float, Field(gt=0)] = Field(
        1.0, description="Micrometres per pixel, where the sheet has no column `pixel_size_um`."
    )
    intensity_column: str = Field(
        "Intensity_MeanIntensity_{channel}_c1",
        description="How CellProfiler names the column of a channel; `{channel}` stands for the channel's name.",
    )
    masks: dict[str, str] = Field(
        default_factory=lambda: {
            "tumour": "TumourImage",
            "interface": "InterfaceImage",
            "normal": "NormalImage",
            "structural": "StructuralImage",
        },
        description="`{domain: text}`: the column whose name ends in this text holds the 0/1 mean of that tissue mask "
        "under the cell. At least 0.5 counts as inside; where masks overlap, structural > interface > tumour > normal. "
        "A table has the columns of all these masks, or none.",
    )
    relationships: bool = Field(
        True,
        description="Read the neighbours that CellProfiler wrote beside a table (`Object relationships_<name>.csv`) "
        "where there are any, so that `neighbourhood.graph.kind: provided` can use them.",
    )
    missing_marker: Literal["error", "intersect", "fill"] = Field(
        "error",
        description="A channel of the panel that a sample lacks. `error`: the sample is bad; `intersect`: the whole "
        "cohort goes on without that marker; `fill`: the sample goes on with 0 after normalisation. Always named.",
    )
    on_bad_sample: Literal["stop", "quarantine"] = Field(
        "stop",
        description="A sample that cannot be read, or has no cell. `stop`: the run ends with its name and the reason; "
        "`quarantine`: the run goes on without it, and every report names it.",
    )

    @model_validator(mode="after")
    def _columns_where_needed(self) -> IngestConfig:
        if (self.format == "table") != (self.columns is not None):
            raise ValueError("`columns` where `format` is `table`, and only there")
        if "{channel}" not in self.intensity_column:
            raise ValueError("`{channel}` in `intensity_column`")
        if unknown := set(self.masks) - set(k.DOMAINS):
            raise ValueError(f"`masks` named {', '.join(k.DOMAINS)}, not {', '.join(sorted(unknown))}")
        return self
