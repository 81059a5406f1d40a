"""Config of ingest: the format of the raw data, which columns hold what, units, and what to do about bad samples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tumint import formats
from tumint import keys as k
from tumint.config.base import A_DOMAIN, Section, is_domain


class TypeRule(Section):
    """A type by flags that are positive and flags that are negative."""

    cell_type: str = Field(description="Name of the type.")
    positive: list[str] = Field(
        default_factory=list, description="Flags that are up: columns, or their short names (`CD8` of `Phenotype CD8`)."
    )
    negative: list[str] = Field(default_factory=list, description="Flags that are down.")


class ColumnMap(Section):
    """Which column of a raw table (or of an AnnData's `obs`) holds what, in place of what the format says."""

    x: str | None = Field(None, description="x coordinate of the cell's centre, in pixels (see `pixel_size_um`).")
    y: str | None = Field(None, description="y coordinate of the cell's centre, in pixels.")
    cell_id: str | None = Field(
        None,
        description="Whole-number id, unique within a sample; empty: the row number, from 1. A first column without a "
        "name, as pandas and R write it, is called `Unnamed: 0`.",
    )
    area: str | None = Field(None, description="Area of the cell in square pixels; empty: no area, and no area filter.")
    cell_type: str | list[str] | None = Field(
        None,
        description="Cell type that comes with the data (`cluster.typing: provided`). A list: columns of flags, one "
        "for each phenotype (0/1, true/false, `CD8+`/`CD8-`); types are the positive flags, such as `CD3+ CD8+`, or "
        "what `type_rules` makes of them.",
    )
    type_rules: list[TypeRule] = Field(
        default_factory=list,
        description="Types from flags, in order: the first rule that fits a cell names its type; none fits: "
        "`unclassified`. Also of classes that name several flags, such as QuPath's `CD8: FoxP3`.",
    )
    domain: str | None = Field(
        None, description="Tissue domain that comes with the data, by any name (see `neighbourhood.domains`)."
    )
    part: str | None = Field(
        None,
        description="What tells the samples of one file apart; the sheet's column `part` says which of its values the "
        "sample is.",
    )
    markers: dict[str, str] | None = Field(
        None, description="`{marker: column}`; empty: the channels of the panel, or no marker where there is no panel."
    )


class Contacts(Section):
    """Which cells of a mask are neighbours (`format: masks`), as steinbock's `measure neighbors` finds them."""

    kind: Literal["expansion", "touching", "borders", "centroids"] = Field(
        "expansion",
        description="`expansion`: cells that lie side by side once each has grown by `within_px` into the background; "
        "`touching`: that lie side by side as they are; `borders`: whose nearest pixels are at most `within_px` apart; "
        "`centroids`: whose centres are.",
    )
    within_px: Annotated[float, Field(ge=0, le=100)] | None = Field(
        4.0, description="Distance in pixels (steinbock's `dmax`). Empty: any, for `centroids` with `nearest`."
    )
    nearest: Annotated[int, Field(gt=0)] | None = Field(
        None,
        description="Only so many nearest cells of each (steinbock's `kmax`), for `borders` and `centroids`; a pair is "
        "kept where one of the two is among them. Empty: all.",
    )

    @model_validator(mode="after")
    def _fit(self) -> Contacts:
        if self.within_px is None and (self.kind in ("expansion", "borders") or self.nearest is None):
            raise ValueError("`within_px`, which only `centroids` with `nearest` can do without")
        if self.nearest is not None and self.kind in ("expansion", "touching"):
            raise ValueError("`nearest` with `borders` or `centroids` only")
        return self


def _formats(schema: dict[str, Any]) -> None:
    """What the schema says of `format`: our names, those of installed packages, and where others come from."""
    installed = [one for one in formats.known() if not one.is_ours]
    any_other = f"Of an installed package with an entry point `{formats.GROUP}` (docs/contributing/reader.md)."
    schema.pop("type", None)
    schema["anyOf"] = [
        {"enum": [one.name for one in formats.built_in()]},
        *({"const": one.name, "description": f"Of the package {one.package}."} for one in installed),
        {"type": "string", "description": any_other},
    ]


class IngestConfig(Section):
    """Raw per-cell tables → cells in µm, with domains."""

    format: str = Field(
        "cellprofiler",
        json_schema_extra=_formats,
        description="Which program wrote the raw data; docs/ingest.md has an example of each. `cellprofiler`: one CSV "
        "per ROI, also of imcyto; `cellprofiler_folder`: one folder for all images, also of the "
        "ImcSegmentationPipeline; `steinbock`; `mcmicro`; `qupath`; `inform`; `halo`; `masks`: label images of "
        "cells with multi-channel TIFFs; `table`: any CSV, TSV or parquet, by `columns`; `h5ad`; `spatialdata`; "
        "`xenium`; `cosmx`; `merscope`; `visium_hd`: segmented cells; `10x`: dissociated cells, without coordinates; "
        "or the name that an installed package gives its own format (docs/contributing/reader.md).",
    )
    columns: ColumnMap | None = Field(
        None,
        description="Which column holds what: x and y are needed where `format` is `table`; other formats know their "
        "columns, and what is named here goes before.",
    )
    pixel_size_um: Annotated[float, Field(gt=0)] = Field(
        1.0, description="Micrometres per pixel, where the sheet has no column `pixel_size_um`."
    )
    intensity_column: str = Field(
        "Intensity_MeanIntensity_{channel}_c1",
        description="How CellProfiler names the column of a channel; `{channel}` stands for the channel's name.",
    )
    intensity_scale: Annotated[float, Field(gt=0)] = Field(
        1.0,
        description="What intensities of tables are multiplied by, such as 65535 where CellProfiler divided 16-bit "
        "images by it.",
    )
    decimal: Literal[".", ","] | None = Field(
        None,
        description="What parts whole and fraction of the numbers of a text. Empty: a comma where fields are separated "
        "by `;`, else a point.",
    )
    layer: str | None = Field(None, description="Layer that holds the raw values (`h5ad`, `spatialdata`); empty: `X`.")
    table: str | None = Field(None, description="Which table of a store (`spatialdata`); empty: its only one.")
    other_features: Literal["ignore", "state", "type", "drop"] = Field(
        "ignore",
        description="Use of the features that no panel names, where features come with the data (`h5ad`, "
        "`spatialdata`, `xenium`, `10x`). `ignore`: they count in quality control alone; `drop`: they are not kept.",
    )
    masks: dict[str, str] = Field(
        default_factory=lambda: {
            "tumour": "TumourImage",
            "interface": "InterfaceImage",
            "normal": "NormalImage",
            "structural": "StructuralImage",
        },
        description="`{domain: text}`: the column whose name ends in this text holds the 0/1 mean of that tissue mask "
        "under the cell. At least 0.5 counts as inside; where masks overlap, structural > interface > tumour > normal "
        "> others by name. "
        "A table has the columns of all these masks, or none.",
    )
    relationships: bool = Field(
        True,
        description="Read the neighbours that came with the data (CellProfiler's and imcyto's object relationships, "
        "steinbock's neighbors, a spatial graph in `obsp`, cells that touch in a mask) where there are any, so that "
        "`neighbourhood.graph.kind: provided` can use them.",
    )
    contacts: Contacts = Field(default_factory=Contacts, description="Neighbours in a mask of cells (`masks`).")
    missing_marker: Literal["error", "intersect", "fill"] = Field(
        "error",
        description="A channel of the panel that a sample lacks. `error`: the sample is bad; `intersect`: the whole "
        "cohort goes on without that marker; `fill`: the sample goes on with 0 after normalisation. Always named.",
    )
    repeated_ids: Literal["error", "renumber"] = Field(
        "error",
        description="Cell ids that repeat within a sample. `error`: the sample is bad; `renumber`: its cells are "
        "numbered by row, its neighbours left out, and the report names it.",
    )
    outside_image: Literal["keep", "drop", "error"] = Field(
        "keep",
        description="Cells whose centre lies outside the image, where the source gives its size (never on a "
        "stage or slide). Always counted. `keep`: the centre may be right and the size not; `drop`; "
        "`error`: the sample is bad.",
    )
    overlapping_cells: Literal["error", "keep"] = Field(
        "error",
        description="Cells of a sample that lie on one another: more than 12 % nearer to another than 0.35 of the "
        "median diameter of a cell, or than 3 µm where there are no areas. `error`: the sample is bad, since several "
        "images that share a name look so; `keep`.",
    )
    on_bad_sample: Literal["stop", "quarantine"] = Field(
        "stop",
        description="A sample that cannot be read, or has no cell. `stop`: the run ends with its name and the reason; "
        "`quarantine`: the run goes on without it, and every report names it.",
    )

    @field_validator("format")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if several := formats.clashes().get(name):
            raise ValueError(f"a format of one package, not of {' and of '.join(several)}: uninstall one of them")
        if name not in formats.names():
            raise ValueError(formats.listed())
        return name

    @model_validator(mode="after")
    def _columns_where_needed(self) -> IngestConfig:
        named = self.columns is not None and self.columns.x is not None and self.columns.y is not None
        if self.format == "table" and not named:
            raise ValueError("`columns` with `x` and `y` where `format` is `table`")
        if self.columns is not None and (self.columns.x is None) != (self.columns.y is None):
            raise ValueError("both `columns.x` and `columns.y`, or neither")
        if "{channel}" not in self.intensity_column:
            raise ValueError("`{channel}` in `intensity_column`")
        if odd := [name for name in self.masks if not is_domain(name) or name == k.NO_DOMAIN]:
            raise ValueError(f"each key of `masks` to be {A_DOMAIN}, and not `{k.NO_DOMAIN}`; found {odd[0]!a}")
        return self
