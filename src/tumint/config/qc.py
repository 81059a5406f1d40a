"""Config of quality control: thresholds on cells and on ROIs, regions to leave out, stripes and doublets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumint.config.base import Section

Range = tuple[float, float]


class Threshold(Section):
    """Limits of one metric, fixed and / or in median absolute deviations; a cell keeps all of them."""

    min: float | None = Field(None, description="Smallest value that passes, in the unit of the metric.")
    max: float | None = Field(None, description="Largest value that passes, in the unit of the metric.")
    mad_below: Annotated[float, Field(gt=0)] | None = Field(
        None, description="How many scaled MADs (× 1.4826) below the median pass, on the log1p scale."
    )
    mad_above: Annotated[float, Field(gt=0)] | None = Field(
        None, description="How many scaled MADs (× 1.4826) above the median pass, on the log1p scale."
    )
    per: Literal["sample", "cohort"] = Field(
        "sample",
        description="Whose median and MAD: those of the cell's own `sample`, or of all cells of the `cohort` together.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Threshold:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` to be at most `max`")
        return self

    @property
    def limits_anything(self) -> bool:
        """Whether any limit is set."""
        return any(value is not None for value in (self.min, self.max, self.mad_below, self.mad_above))


class Region(Section):
    """A part of a sample whose cells are left out: a strip, a rectangle or a polygon, in µm of the cells' centres."""

    sample: str = Field(description="Name of the sample in the sheet.")
    x_um: Range | None = Field(None, description="From and to along x; alone: a strip over the whole height.")
    y_um: Range | None = Field(None, description="From and to along y; alone: a strip over the whole width.")
    polygon_um: list[Range] | None = Field(None, min_length=3, description="Corners `[x, y]` in order.")
    why: str = Field("", description="Why, for the report.")

    @model_validator(mode="after")
    def _one_shape(self) -> Region:
        box = self.x_um is not None or self.y_um is not None
        if box == (self.polygon_um is not None):
            raise ValueError("either `x_um` and / or `y_um`, or `polygon_um`")
        for name, side in (("x_um", self.x_um), ("y_um", self.y_um)):
            if side is not None and not side[0] < side[1]:
                raise ValueError(f"`{name}` as [from, to], from below to")
        return self


class StripesConfig(Section):
    """Strips in which the signal drops: looked for and proposed, never removed unless `exclude_regions` names them."""

    min_depth: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.25, description="Share of the signal beside a strip that must be lost in it."
    )
    max_width_um: Annotated[float, Field(gt=0)] = Field(100.0, description="What is wider is taken for tissue.")


class RoiThresholds(Section):
    """Limits of whole ROIs; MADs are those of the cohort's ROIs. A ROI outside fails."""

    density_per_mm2: Threshold = Field(Threshold(), description="Cells per mm² of tissue.")
    tissue_mm2: Threshold = Field(Threshold(), description="Area with cells in it, in mm².")
    signal: Threshold = Field(Threshold(), description="Median over the cells of their total signal.")
    dna: Threshold = Field(Threshold(), description="Median over the cells of their DNA.")
    weak_channels: Threshold = Field(
        Threshold(), description="Share of the channels whose mean is over 3.5 MADs below that of the cohort's ROIs."
    )
    n_counts: Threshold = Field(Threshold(), description="Median over the cells of their counts (RNA).")
    mito_share: Threshold = Field(Threshold(), description="Median over the cells of their mitochondrial share (RNA).")


def _threshold(description: str) -> Threshold:
    field: Threshold = Field(Threshold(), description=description)
    return field


class QcConfig(Section):
    """Which cells and samples go on. A cell without a metric, as where a table has no areas, is not filtered on it."""

    area_um2: Threshold = _threshold("Area of the cell, in µm².")
    dna: Threshold = _threshold("Mean of the channels whose `use` is `dna`.")
    total: Threshold = _threshold(
        "Sum of the channels whose `use` is `type` or `state`. A cell that lacks the value of a marker "
        "which others of its sample have is always dropped, as `no_intensity`, and one without a place as `no_place`."
    )
    eccentricity: Threshold = _threshold("Of the ellipse of the cell, where the source has it: 0 a circle, 1 a line.")
    solidity: Threshold = _threshold("Area over that of the convex hull, where the source has it.")
    local_density: Threshold = _threshold(
        "Cells per mm² within `density_radius_um`, corrected for the edges of the ROI: crowded or torn tissue."
    )
    border_um: Threshold = _threshold(
        "Gap between the outline of the cell, taken as a circle, and the edge of the image (the box around all cells), "
        "in µm; `min: 1` drops the cells that touch it."
    )
    zero_share: Threshold = _threshold("Share of the `type`, `state` and `dna` channels that are 0 in the cell.")
    saturated_share: Threshold = _threshold(
        "Share of those channels that are at the value where the channel's largest values pile up in the sample."
    )
    doublet_score: Threshold = _threshold(
        "0 to 1: how much the cell looks like two cells taken for one; see docs/statistics.md for what that can and "
        "cannot tell."
    )
    n_genes: Threshold = _threshold("Genes with a count (RNA).")
    n_counts: Threshold = _threshold("Counts of the cell (RNA).")
    mito_share: Threshold = _threshold("Share of the counts from genes named by `mito_prefixes` (RNA).")
    markers: dict[str, Threshold] = Field(default_factory=dict, description="`{marker: limits}` on single channels.")
    density_radius_um: Annotated[float, Field(gt=0)] = Field(30.0, description="Radius of the local density, in µm.")
    mito_prefixes: list[str] = Field(["mt-", "MT-"], description="How mitochondrial genes begin.")
    doublets: bool = Field(
        True,
        description="Score doublets, per sample and seeded: of images by artificial merges of touching cells, of RNA "
        "counts by scrublet.",
    )
    stripes: StripesConfig = Field(StripesConfig(), description="Strips in which the signal drops.")
    exclude_regions: list[Region] = Field(
        default_factory=list,
        description="Strips, rectangles and polygons whose cells are dropped as `excluded`; they count neither for "
        "limits nor for `max_dropped`.",
    )
    rois: RoiThresholds = Field(RoiThresholds(), description="Limits of whole ROIs.")
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

    @property
    def limited(self) -> list[str]:
        """Names of the metrics of cells that any limit is set on."""
        own = [name for name, value in self if isinstance(value, Threshold) and value.limits_anything]
        return own + [f"{MARKER}{name}" for name, value in self.markers.items() if value.limits_anything]

    @property
    def needs_cohort(self) -> bool:
        """Whether a verdict depends on other ROIs: a limit of the cohort, or one on whole ROIs."""
        rois = any(value.limits_anything for _, value in self.rois)
        return rois or any(self.threshold(name).per == "cohort" for name in self.limited)

    def exclude_regions_of(self, sample: str) -> list[Region]:
        """The regions of one sample."""
        return [region for region in self.exclude_regions if region.sample == sample]

    def threshold(self, metric: str) -> Threshold:
        """The limits of a metric of cells, `marker_<name>` for those of a channel."""
        if metric.startswith(MARKER):
            return self.markers[metric.removeprefix(MARKER)]
        found: Threshold = getattr(self, metric)
        return found


MARKER = "marker_"  # begins the metrics of single channels
