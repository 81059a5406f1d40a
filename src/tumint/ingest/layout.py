"""Which columns of a raw table hold what: the description that all tabular formats come down to. Reads no values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tumint.config.ingest import IngestConfig, TypeRule
from tumint.config.panel import Panel
from tumint.errors import ConfigError, Fault
from tumint.ingest.reader import Channel, Settings
from tumint.io.raw.table import Table

_OVERRIDES = ("cell_id", "area", "cell_type", "domain", "part")


@dataclass(frozen=True)
class Layout:
    """Columns of one table.

    `x` and `y` are means of one or two columns (a centre, or the sides of a box). `markers` are those the table has,
    `shapes` what it has of `keys.SHAPES`; `masks` is `{domain: column}`, empty where it has no masks. `image` must hold
    one number in the whole sample.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    cell_id: str | None = None
    area: str | None = None
    cell_type: str | tuple[str, ...] | None = None  # several: columns of flags
    rules: tuple[TypeRule, ...] = ()
    domain: str | None = None
    image: str | None = None
    part: str | None = None
    in_um: bool = False  # x and y are µm already
    area_in_um2: bool = False
    shapes: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)
    otherwise: Layout | None = None  # of an image for which `x` is empty throughout: calibrated in another unit
    type_of: Callable[[str], str] | None = None  # what the column `cell_type` says → the type
    cell_name: str | None = None  # what the source calls a cell, where that is no number
    no_domain: tuple[str, ...] = ()  # what the column `domain` says of cells that are in no tissue of a name

    def columns(self) -> list[str]:
        """Names of all columns that are to be read."""
        single = (self.cell_id, self.cell_name, self.area, self.domain, self.image, self.part)
        several = (self.shapes, self.masks, self.markers)
        named = (*self.x, *self.y, *self.types(), *single, *(name for columns in several for name in columns.values()))
        return [*(n for n in named if n is not None), *(self.otherwise.columns() if self.otherwise else ())]

    def types(self) -> tuple[str, ...]:
        """The columns that types are made of."""
        return as_columns(self.cell_type or ())


def as_columns(named: str | Sequence[str]) -> tuple[str, ...]:
    """One column or several as several."""
    return (named,) if isinstance(named, str) else tuple(named)


def channels(config: IngestConfig, panel: Panel | None) -> tuple[Channel, ...]:
    """The markers of the cohort, in the order of the panel or of `columns.markers`.

    Markers that no panel describes get the use `state`: they are analysed and decide no type.

    Raises
    ------
    ConfigError
        `columns.markers` names markers that the panel does not have.
    """
    mapped = (config.columns.markers if config.columns else None) or {}
    if panel is None:
        return tuple(Channel(marker, (column,), "state") for marker, column in mapped.items())
    if unknown := [marker for marker in mapped if marker not in {m.marker for m in panel.markers}]:
        raise ConfigError(Fault("config: key `ingest.columns.markers`", "markers of the panel", ", ".join(unknown)))
    return tuple(
        Channel(m.marker, (m.source, *(s for s in m.synonyms if s != m.source)), m.use, m.unit or "")
        for m in panel.markers
    )


def with_columns(layout: Layout, config: IngestConfig) -> Layout:
    """`layout` with what `ingest.columns` names in place of what the format says."""
    columns = config.columns
    if columns is None:
        return layout
    changed: dict[str, Any] = {n: value for n in _OVERRIDES if (value := getattr(columns, n)) is not None}
    changed |= {"cell_type": tuple(columns.cell_type)} if isinstance(columns.cell_type, list) else {}
    changed |= {"type_of": None} if columns.cell_type is not None else {}
    changed["rules"] = tuple(columns.type_rules)
    if columns.x is not None and columns.y is not None:
        changed |= {"x": (columns.x,), "y": (columns.y,), "in_um": False, "otherwise": None}
    if columns.area is not None:
        changed["area_in_um2"] = False
    return replace(layout, **changed)


def require(table: Table, layout: Layout) -> Layout:
    """`layout`, with a fault of `table` for every column that it lacks or has twice."""
    given = {*layout.markers.values(), *layout.masks.values()}
    table.require(*dict.fromkeys(name for name in layout.columns() if name not in given))
    table.require(*dict.fromkeys(name for name in given if table.header.count(name) > 1))
    return layout


def first_of(table: Table, names: Iterable[str]) -> str | None:
    """The first of `names` that the table has."""
    return next((name for name in names if name in table.header), None)


def one_form(table: Table, settings: Settings, forms: Sequence[str]) -> str:
    """The first of `forms` (names of columns with `{}` for a channel) that the table has for any channel.

    One for all of them: the means of whole cells and of nuclei are not to be mixed.
    """
    names = [name for channel in settings.channels for name in channel.names]
    return next((form for form in forms if any(form.format(name) in table.header for name in names)), forms[0])


def find_shapes(table: Table, columns: dict[str, str]) -> dict[str, str]:
    """Of `{shape: column}` what the table has once."""
    return {name: column for name, column in columns.items() if table.header.count(column) == 1}


def find_markers(table: Table, settings: Settings, columns_of: Callable[[str], Sequence[str]]) -> dict[str, str]:
    """`{marker: column}` of the markers that `table` has; those that it may not lack are a fault of it.

    Parameters
    ----------
    columns_of
        The columns, best first, in which the format may hold the channel of this name.
    """
    config = settings.config
    mapped = (config.columns.markers if config.columns else None) or {}
    found: dict[str, str] = {}
    for channel in settings.channels:
        own = [mapped[channel.marker]] if channel.marker in mapped else columns_of(channel.names[0])
        column = first_of(table, own)
        if column is None and channel.marker not in mapped:
            others = [c for name in channel.names[1:] if (c := first_of(table, columns_of(name))) is not None]
            if len(set(others)) > 1:
                expected = f"one column for the synonyms of {channel.marker}"
                table.faults.append(Fault(table.place.at("header"), expected, ", ".join(others)))
            column = others[0] if others else None
        if column is not None:
            found[channel.marker] = column
    _lacking(table, settings, found, lambda c: mapped.get(c.marker) or [*columns_of(c.names[0]), c.names[0]][0])
    return found


def _lacking(table: Table, settings: Settings, found: dict[str, str], column: Callable[[Channel], str]) -> None:
    needed = [c for c in settings.channels if c.use != "ignore"]
    lacking = [c for c in needed if c.marker not in found]
    # a table without any marker is of another kind, whatever may be missing
    if lacking and (settings.config.missing_marker == "error" or len(lacking) == len(needed)):
        name = column(lacking[0])
        names = ", ".join(c.marker for c in lacking)
        expected = f"the columns of all {len(needed)} markers" if len(needed) > 1 else "the column of the marker"
        found_text = f"none for {names}: no column `{name}`{table.hint(name)}"
        table.faults.append(Fault(table.place.at("header"), expected, found_text))
