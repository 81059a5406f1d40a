"""Config of the reports: nothing here changes a number."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from tumint.config.base import Section

_HEX = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


class ReportConfig(Section):
    """How figures look."""

    max_map_cells: Annotated[int, Field(ge=100)] = Field(
        50_000,
        description="A cell map shows at most this many cells of a ROI, and says so where it shows fewer than all.",
    )
    point_size: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Size of a cell on the maps, in points squared; empty: by how many cells there are."
    )
    maps_per_subject: Annotated[int, Field(ge=0)] = Field(
        1, description="How many ROIs of each subject are drawn as maps."
    )
    max_maps: Annotated[int, Field(ge=0)] = Field(
        24,
        description="How many ROIs a page draws as maps at most, so that it stays small: as many of each group; in "
        "quality control those that lost the largest share of cells.",
    )
    group: str | None = Field(
        None,
        description="Column of the sheet that figures are ordered and coloured by; empty: the first that splits the "
        "subjects into 2 to 6 groups.",
    )
    spatialdata: bool = Field(
        False,
        description="Write `cohort.zarr` beside `cohort.h5ad`: a SpatialData store of the whole cohort, the cells of "
        "each ROI as circles in µm. `tumint export --spatialdata` writes single ROIs of finished results.",
    )
    palette: dict[str, str] = Field(
        default_factory=dict,
        description="`{cell type: colour}`, each `#RRGGBB` or a name of CSS; types not named get colours that "
        "colour-blind people tell apart.",
    )

    @field_validator("palette")
    @classmethod
    def _are_colours(cls, value: dict[str, str]) -> dict[str, str]:
        odd = {name: colour for name, colour in value.items() if not _HEX.fullmatch(colour)}
        if odd:
            from matplotlib.colors import CSS4_COLORS  # takes time, and few name a colour

            odd = {name: colour for name, colour in odd.items() if colour.lower() not in CSS4_COLORS}
        if odd:
            name, colour = next(iter(odd.items()))
            raise ValueError(f"each colour to be `#RRGGBB` or a name of CSS, not `{colour}` for `{name}`")
        return value
