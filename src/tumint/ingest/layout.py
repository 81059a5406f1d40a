"""Which columns of a raw table hold what: the one description that both formats come down to. Reads no values."""

from __future__ import annotations

from dataclasses import dataclass, field

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.config.panel import Panel
from tumint.errors import ConfigError, Fault
from tumint.ingest.delimited import Table

_CENTRE_X, _CENTRE_Y = "Location_Center_X", "Location_Center_Y"
_OBJECT, _AREA, IMAGE = "ObjectNumber", "AreaShape_Area", "ImageNumber"
_SHAPES = {k.ECCENTRICITY: "AreaShape_Eccentricity", k.SOLIDITY: "AreaShape_Solidity"}
_MEAN, _MEASURES = "Intensity_MeanIntensity_", ("Intensity_", "Location_")


@dataclass(frozen=True)
class Channel:
    """A marker of the cohort: its name in results, its column in the raw tables, its use."""

    marker: str
    column: str
    use: str


@dataclass(frozen=True)
class Layout:
    """Columns of one table. `markers` are those it has; `masks` is `{domain: column}`, empty where it has no masks."""

    x: str
    y: str
    cell_id: str | None = None
    area: str | None = None
    cell_type: str | None = None
    domain: str | None = None
    image: str | None = None
    shapes: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """Names of all columns that are to be read."""
        single = (self.x, self.y, self.cell_id, self.area, self.cell_type, self.domain, self.image)
        return [
            name
            for name in (*single, *self.shapes.values(), *self.masks.values(), *self.markers.values())
            if name is not None
        ]


def channels(config: IngestConfig, panel: Panel | None) -> list[Channel]:
    """The markers of the cohort, in the order of the panel or of `columns.markers`.

    Markers that no panel describes get the use `state`: they are analysed and decide no type.

    Raises
    ------
    ConfigError
        CellProfiler tables without a panel, or `columns.markers` that names markers the panel does not have.
    """
    if config.columns is None:
        if panel is None:
            raise ConfigError(Fault("config: key `panel`", "a panel, which CellProfiler tables need", "none"))
        return [Channel(m.marker, config.intensity_column.replace("{channel}", m.source), m.use) for m in panel.markers]
    mapped = config.columns.markers
    if panel is None:
        return [Channel(marker, column, "state") for marker, column in (mapped or {}).items()]
    if mapped and (unknown := [marker for marker in mapped if marker not in {m.marker for m in panel.markers}]):
        raise ConfigError(Fault("config: key `ingest.columns.markers`", "markers of the panel", ", ".join(unknown)))
    return [Channel(m.marker, (mapped or {}).get(m.marker, m.source), m.use) for m in panel.markers]


def find(table: Table, config: IngestConfig, wanted: list[Channel]) -> Layout:
    """The layout of `table`; what it lacks goes to `table.faults`, except markers that the config lets it lack."""
    markers = _markers(table, config, wanted)
    columns = config.columns
    if columns is not None:
        layout = Layout(
            **columns.model_dump(include={"x", "y", "cell_id", "area", "cell_type", "domain"}), markers=markers
        )
    else:
        image = IMAGE if IMAGE in table.header else None
        masks = _masks(table, config.masks)
        shapes = {name: column for name, column in _SHAPES.items() if table.header.count(column) == 1}
        layout = Layout(_CENTRE_X, _CENTRE_Y, _OBJECT, _AREA, image=image, shapes=shapes, masks=masks, markers=markers)
    known = {*markers.values(), *layout.masks.values()}
    table.require(*dict.fromkeys(name for name in layout.columns() if name not in known))
    table.require(*dict.fromkeys(name for name in known if table.header.count(name) > 1))
    return layout


def _markers(table: Table, config: IngestConfig, wanted: list[Channel]) -> dict[str, str]:
    found = {c.marker: c.column for c in wanted if c.column in table.header}
    needed = [c for c in wanted if c.use != "ignore"]
    lacking = [c for c in needed if c.marker not in found]
    # a table without any marker is of another kind, whatever may be missing
    if lacking and (config.missing_marker == "error" or len(lacking) == len(needed)):
        first = lacking[0]
        names = ", ".join(c.marker for c in lacking)
        expected = f"the columns of all {len(needed)} markers" if len(needed) > 1 else "the column of the marker"
        found_text = f"none for {names}: no column `{first.column}`{table.hint(first.column)}"
        table.faults.append(Fault(table.place.at("header"), expected, found_text))
    return found


def _masks(table: Table, wanted: dict[str, str]) -> dict[str, str]:
    """`{domain: column}`; a table has all masks or none, since a lone one would make the others' cells `none`."""
    masks: dict[str, str] = {}
    for domain, ending in wanted.items():
        names = dict.fromkeys(name for name in table.header if name.endswith(ending))
        # CellProfiler measures a mask in many ways; only its mean is the share of the cell that lies inside
        matches = [name for name in names if name.startswith(_MEAN) or not name.startswith(_MEASURES)]
        if len(matches) > 1:
            found = ", ".join(matches[:3]) + (f" and {len(matches) - 3} more" if len(matches) > 3 else "")
            table.faults.append(Fault(table.place.at("header"), f"one column whose name ends in `{ending}`", found))
        elif matches:
            masks[domain] = matches[0]
    lacking = [domain for domain in wanted if domain not in masks]
    if masks and lacking and not table.faults:
        expected = f"a column for each mask of `ingest.masks` ({', '.join(wanted.values())})"
        table.faults.append(Fault(table.place.at("header"), expected, f"none for {', '.join(lacking)}"))
    return masks
