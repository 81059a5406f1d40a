"""Rows of a table → the cells of a sample, by its layout; every fault of them goes to `table.faults`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from tumint import keys as k
from tumint.config.base import A_DOMAIN, is_domain
from tumint.config.ingest import TypeRule
from tumint.errors import DataError, Fault
from tumint.ingest import domains
from tumint.ingest import flags as flags_of
from tumint.ingest.guess import unread
from tumint.ingest.layout import Layout
from tumint.ingest.look_alikes import look_alikes
from tumint.ingest.reader import Cells, Part, Result, Settings, no_edges
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Identity, Place
from tumint.io.raw.table import Table
from tumint.text import listed

Find = Callable[[Table, Settings], Layout]
Edges = Callable[[Table, Part, np.ndarray, Settings], np.ndarray]
Image = Callable[[Part], "tuple[float, float] | None"]


def read_table_parts(
    path: str,
    parts: Sequence[Part],
    settings: Settings,
    find: Find,
    edges: Edges | None = None,
    image_um: Image | None = None,
    is_known: Callable[[Part], bool] = lambda part: False,
) -> Iterator[Result]:
    """The samples of one table: read once, its rows told apart by the column of the layout that names the part.

    Parameters
    ----------
    find
        The layout of the table, its faults in `table.faults`.
    edges
        Neighbours among the cells of a part, which has no fault so far and at least one cell.
    image_um
        Width and height of a part's image.
    is_known
        Whether the image of a part that has no row is known to be there, and empty.
    """
    try:
        table = open_table(Place(path, ", ".join(part.sample for part in parts)), settings.config.decimal)
        where = find(table, settings)
        named = _check_parts(table, where, parts)
        table.stop_on_faults()
        keep = (str(where.part), {part.part for part in parts}) if named else None
        table.load(where.columns(), keep)
    except DataError as error:
        for part in parts:
            yield part, error
        return
    names = table.text(str(where.part), "") if named else None
    for part in parts:
        mask = np.ones(len(table), dtype=bool) if names is None else names == part.part
        rows = table.select(mask, part.place)
        try:
            _check_rows(rows, where, part, named=named and not is_known(part))
            cells = cells_of(rows, _layout_of(rows, where), part, settings, table.identity, edges, image_um)
            yield part, cells
        except DataError as error:
            yield part, error


def _layout_of(rows: Table, where: Layout) -> Layout:
    """The layout of an image: the other one where its cells have nothing in the columns of the first."""
    if where.otherwise is None or not len(rows) or (rows.text(where.x[0], "") != "").any():
        return where
    return replace(where.otherwise, rules=where.rules, cell_type=where.cell_type, type_of=where.type_of)


def _check_parts(table: Table, where: Layout, parts: Sequence[Part]) -> bool:
    """Whether the parts of the sheet name samples within the table."""
    named = [part for part in parts if part.part]
    if named and where.part is None:
        expected = "a column that names the parts (`ingest.columns.part`), since the sheet has `part`"
        table.faults.append(Fault(table.place.at(), expected, "none"))
    elif named and len(named) < len(parts):
        found = ", ".join(part.sample for part in parts if not part.part)
        table.faults.append(
            Fault(table.place.at(), "a `part` in the sheet for each of its samples", f"none for {found}")
        )
    elif not named and len(parts) > 1:
        found = f"{len(parts)} samples of the whole file"
        table.faults.append(Fault(table.place.at(), "a column `part` in the sheet that tells its samples apart", found))
    return bool(named)


def _check_rows(table: Table, where: Layout, part: Part, *, named: bool) -> None:
    """That a part has rows, and that a table without parts holds one."""
    if named and not len(table):
        raise DataError(Fault(part.place.at(), f"rows whose `{where.part}` is `{part.part}`, as in the sheet", "none"))
    if not part.part and where.part is not None and where.part in table.header:
        values = list(dict.fromkeys(table.text(where.part, "")))
        if len(values) > 1:
            found = f"{len(values)} in `{where.part}`, such as `{values[0]}` and `{values[1]}`"
            expected = "one sample, or a column `part` in the sheet that says which of several"
            raise DataError(Fault(part.place.at(), expected, found))


def cells_of(
    table: Table,
    where: Layout,
    part: Part,
    settings: Settings,
    identity: Identity,
    edges: Edges | None = None,
    image_um: Image | None = None,
) -> Cells:
    """The cells in the rows of `table`.

    Raises
    ------
    DataError
        One line for every fault.
    """
    size = part.pixel_size_um
    um = 1.0 if where.in_um else size
    xy = np.column_stack([_centre(table, where.x) * um, _centre(table, where.y) * um])
    _check_place(table, where, xy)
    area = _area(table, where) * (1.0 if where.area_in_um2 else size**2)
    shapes = {name: table.numbers(column, missing=True, low=0, high=1) for name, column in where.shapes.items()}
    codes, several = _domain(table, where)
    types = _cell_type(table, where)
    values = _intensities(table, where, settings)
    _one_image(table, where)
    ids, notes = _ids(table, where, settings)
    found = no_edges()
    renumbered = bool(notes)
    if edges is not None and not table.faults and ids.size and settings.config.relationships and not renumbered:
        try:
            found = edges(table, part, ids, settings)
        except DataError as error:
            table.faults += error.faults
    table.stop_on_faults()
    return Cells(
        identity=identity,
        cell_id=ids,
        spatial=xy,
        area_um2=area,
        domain=codes,
        markers=settings.channels,
        intensities=values,
        edges=found,
        shapes=shapes,
        cell_type=types,
        masks=tuple(domains.in_order(where.masks)),
        missing_markers=tuple(c.marker for c in settings.channels if c.marker not in where.markers),
        image_um=image_um(part) if image_um is not None else None,
        n_several_masks=several,
        names=None if where.cell_name is None else table.text(where.cell_name, ""),
        notes=tuple(notes),
        unread=unread(table.header, where.columns()),
    )


def _centre(table: Table, columns: Sequence[str]) -> np.ndarray:
    """NaN where a cell has no place: it goes on to quality control, which drops it and says why."""
    return np.asarray(np.mean([table.numbers(name, missing=True) for name in columns], axis=0))


def _check_place(table: Table, where: Layout, xy: np.ndarray) -> None:
    """A fault where not one cell of a table has a place."""
    if len(xy) and not np.isfinite(xy).all(axis=1).any() and not table.faults:
        others = [name for name in table.header if " px" in name and not {name} & {*where.x, *where.y}][:2]
        mends = (
            f"the table also has {listed(f'`{name}`' for name in others)}: name them in `ingest.columns`"
            if others
            else ""
        )
        named = listed(f"`{name}`" for name in (*where.x, *where.y))
        table.faults.append(Fault(table.place.at(), f"numbers in {named}", "empty fields only", mends))


def _area(table: Table, where: Layout) -> np.ndarray:
    return np.full(len(table), np.nan) if where.area is None else table.numbers(where.area, missing=True, low=0)


def _domain(table: Table, where: Layout) -> tuple[np.ndarray, int]:
    """Names of the domains, and how many cells lie in several masks."""
    if where.domain is None:
        means = {domain: table.numbers(c, missing=True, low=0, high=1) for domain, c in where.masks.items()}
        return domains.from_masks(means, len(table)), domains.in_several(means)
    names = table.text(where.domain, k.NO_DOMAIN)
    odd = {name for name in set(names) if not is_domain(name)}
    table.fault(where.domain, np.array([name in odd for name in names], dtype=bool), A_DOMAIN)
    return domains.from_names(names, where.no_domain), 0


def _cell_type(table: Table, where: Layout) -> np.ndarray | None:
    """Types as the source names them; a cell without one is `unclassified`."""
    if where.cell_type is None:
        return None
    flags = not isinstance(where.cell_type, str)
    return types_of(table, where.types(), where.rules, flags=flags, type_of=where.type_of)


def types_of(
    table: Table,
    columns: Sequence[str],
    rules: Sequence[TypeRule],
    *,
    flags: bool,
    type_of: Callable[[str], str] | None = None,
) -> np.ndarray:
    """Types of the rows by a column that names them, or by columns of flags; faults go to the table.

    `type_of` is what a name of the column stands for.
    """
    if flags:
        texts = {name: table.text(name, "") for name in columns}
        for name, odd in flags_of.unread(texts).items():
            table.fault(name, odd, "a flag (0/1, true/false, `CD8+`/`CD8-`, or empty)")
        return flags_of.of_columns(texts, rules)
    (column,) = columns
    types = table.text(column, k.UNCLASSIFIED)
    if type_of is not None:
        named = {name: type_of(name) for name in dict.fromkeys(types)}
        types = np.array([*(named[name] for name in types), None], dtype=object)[:-1]
    odd = np.array([k.PAIR_SEPARATOR in name for name in types], dtype=bool)
    table.fault(column, odd, f"a cell type without `{k.PAIR_SEPARATOR}`")
    for name, other in look_alikes(types):
        alike = np.array([one == other for one in types], dtype=bool)
        table.fault(column, alike, f"types that differ by more than characters that look the same, as from `{name}`")
    return flags_of.of_classes(types, rules) if rules else types


def _intensities(table: Table, where: Layout, settings: Settings) -> np.ndarray:
    values = np.full((len(table), len(settings.channels)), np.nan, dtype=np.float32)
    for i, channel in enumerate(settings.channels):
        if (column := where.markers.get(channel.marker)) is not None:
            numbers = table.numbers(column, missing=True) * settings.config.intensity_scale
            with np.errstate(over="ignore"):  # what does not fit is a fault already
                values[:, i] = numbers
    return values


def _ids(table: Table, where: Layout, settings: Settings) -> tuple[np.ndarray, list[str]]:
    """Ids of the cells, and a note where the config has them given anew."""
    if where.cell_id is None:
        return np.arange(1, len(table) + 1), []
    before = len(table.faults)
    if settings.config.repeated_ids == "error":
        ids = table.whole_numbers(where.cell_id)
        if not table.faults:
            table.unique(where.cell_id, ids)
        return ids, []
    ids = table.whole_numbers(where.cell_id)
    del table.faults[before:]  # ids that are no numbers are given anew as well
    if len(np.unique(ids)) == len(ids) and (ids > 0).all():
        return ids, []
    return np.arange(1, len(table) + 1), [f"cells numbered anew, since `{where.cell_id}` repeats"]


def _one_image(table: Table, where: Layout) -> None:
    if where.image is not None:
        before = len(table.faults)
        numbers = table.whole_numbers(where.image)
        if numbers.size and len(table.faults) == before:
            table.fault(where.image, numbers != numbers[0], f"one image in the table, number {numbers[0]}")
