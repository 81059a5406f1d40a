"""Config of the tumour margin: which cells and domains are tumour, and what is measured by distance to its margin."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from tumint.config.base import Section


class PhenotypeConfig(Section):
    """When a ROI is called inflamed, excluded or desert."""

    types: list[str] | None = Field(
        None,
        description="Types whose cells are counted. Empty: types named CD8, else cytotoxic, else T cells; a run says "
        "which. `[]`: no ROI is called anything.",
    )
    inside_per_mm2: Annotated[float, Field(gt=0)] = Field(
        200.0, description="So many cells per mm² inside the tumour, or more: inflamed."
    )
    margin_per_mm2: Annotated[float, Field(gt=0)] = Field(
        200.0,
        description="So many per mm² outside the tumour within `interface_um` of its margin, or more, and inside fewer "
        "than `inside_to_margin` times as many: excluded. All other ROIs are desert.",
    )
    inside_to_margin: Annotated[float, Field(gt=0)] = Field(
        0.5, description="Ratio of the density inside to that at the margin below which cells are kept out."
    )


class MarginConfig(Section):
    """Tissue domains where none came with the cells, and the distance of every cell to the tumour's margin."""

    domains_from: Literal["auto", "data", "cells", "none"] = Field(
        "auto",
        description="`data`: domains that came with the cells; `cells`: tumour, interface and outside, inferred from "
        "where tumour cells lie; `auto`: those of the data where any cell of the cohort has one, else of the cells; "
        "`none`: nothing of domains or margin is compared.",
    )
    tumour: list[str] | None = Field(
        None,
        description="Domains (as `neighbourhood.domains` names them) that are tumour. Empty: those called tumour or "
        "cancer; a run says which.",
    )
    interface: list[str] | None = Field(
        None,
        description="Domains that lie along the margin, on both sides of it: the margin runs midway between tumour and "
        "the rest. Empty: `interface`.",
    )
    either: list[str] | None = Field(
        None,
        description="Domains that lie inside as well as outside, as large vessels do: their cells are on the side of "
        "the nearest cells of other domains. Empty: `structural`.",
    )
    tumour_types: list[str] | None = Field(
        None,
        description="Types that tumour is inferred from (`cells`). Empty: those called tumour, cancer, carcinoma, "
        "melanoma or malignant, else epithelial ones; a run says which. B cells find the follicles of a spleen.",
    )
    bandwidth_um: Annotated[float, Field(ge=5, le=500)] = Field(
        30.0,
        description="How far the kernel reaches that tumour cells and others are smoothed with (`cells`), and the "
        "width below which necks and clefts of the tumour do not count.",
    )
    tumour_share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Where more than this share of the cells nearby are tumour cells it is tumour (`cells`). Empty: "
        "half of that share around the ROI's median tumour cell, at least a tenth: half of the step at the margin, "
        "however many other cells the tumour holds.",
    )
    min_cells: Annotated[int, Field(ge=1)] = Field(
        50, description="Islands and holes of the tumour with fewer cells are none."
    )
    interface_um: Annotated[float, Field(gt=0)] = Field(
        50.0, description="Cells within this distance of an inferred margin are in the domain `interface` (`cells`)."
    )
    as_strata: bool = Field(
        False, description="Permute labels within inferred domains too, as within those that came with the data."
    )
    bins_um: list[float] = Field(
        [-100.0, -50.0, 0.0, 50.0, 100.0],
        min_length=1,
        description="Distances from the margin (below 0: inside) between which the density of every type is compared.",
    )
    phenotype: PhenotypeConfig = Field(PhenotypeConfig(), description="What the ROIs are called.")

    @field_validator("bins_um")
    @classmethod
    def _rise(cls, value: list[float]) -> list[float]:
        if any(b - a < 1 for a, b in pairwise(value)) or any(abs(v) > 1e5 for v in value):
            raise ValueError("distances that rise by at least 1 µm")
        return value
