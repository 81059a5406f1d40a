"""Tables of no known program → what `tumint init` may write of them: samples, columns and what was not used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tumint.errors import DataError, Fault
from tumint.ingest.columns import in_um, named_pairs
from tumint.ingest.guess import Guess, bare, guess, profiles_of
from tumint.ingest.reader import NOTHING, Asked, Decided, Found
from tumint.ingest.recognise import header_of, stem, table_of, tables_in
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.text import listed, plural

_COLUMNS_AT_MOST = 12
_ROLES = ("x", "y", "cell_id", "area", "domain")


def recognise(path: Path, asked: Asked = NOTHING) -> Found | None:
    """Tables with two numeric columns of positions; None where there is none.

    Raises
    ------
    DataError
        The tables are of several kinds; columns that were asked for are not there; nothing tells types apart.
    """
    tables = [file for file in tables_in(path) if _may_be(header_of(file), asked)]
    kinds = kinds_of(tables, asked)
    if not kinds:
        return None
    if len(kinds) > 1:
        names = listed((f"{files[0].name} ({plural(len(files), 'table')})" for files in kinds.values()), 4)
        found = f"{len(kinds)} kinds of tables: {names}"
        raise DataError(Fault(str(path), "one data set", found, "name one of them, or a folder of one kind"))
    return found_in(next(iter(kinds.values())), asked)


def kinds_of(tables: Sequence[Path], asked: Asked) -> dict[tuple[str, ...], list[Path]]:
    """Tables by the names of their columns of positions."""
    kinds: dict[tuple[str, ...], list[Path]] = {}
    for file in tables:
        pair = (asked.x or "", asked.y or "") if asked.x or asked.y else named_pairs(header_of(file))[0]
        kinds.setdefault(pair, []).append(file)
    return kinds


def _may_be(header: Sequence[str], asked: Asked) -> bool:
    if asked.x is not None or asked.y is not None:
        return {asked.x, asked.y} <= {*header, None}
    return bool(named_pairs(header))


def found_in(tables: Sequence[Path], asked: Asked) -> Found | None:
    """What tables of one kind hold, by the values of the first."""
    first = table_of(tables[0])
    if first is None:
        return None
    what = guess(profiles_of(first), asked)
    check(first, what, asked)
    if what.x is None or what.y is None:
        return None
    rows, columns = _rows(tables, first, what)
    named = {role: getattr(what, role) for role in _ROLES if getattr(what, role) is not None}
    if what.label is not None or what.flags:
        named["cell_type"] = what.label or what.flags
    if any(part for _, _, part in rows):
        named["part"] = what.sample
    config = {"columns": named} | ({"decimal": what.decimal} if what.decimal else {})
    if in_um(what.x):
        what.decided.append(Decided("unit", "µm", f"the name `{what.x}`"))
    markers = [(name, name) for name in what.markers]
    return Found(
        rows,
        markers,
        config,
        has_types="cell_type" in named,
        decided=[Decided("tables", plural(len(tables), "file"), "the same columns of positions"), *what.decided],
        unused={name: why for name, why in what.unused.items() if name not in columns},
        per_row=columns,
    )


def check(table: Table, what: Guess, asked: Asked) -> None:
    """Raise where a column that was asked for is not there, or neither types nor markers are."""
    table.require(*(name for name in vars(asked).values() if name is not None and name != asked.group))
    table.stop_on_faults()
    if what.x is not None and what.label is None and not what.flags and not what.markers:
        raise DataError(lacks(table.place.at("header"), ["the cell type"], what, table.header))


def lacks(where: str, roles: Sequence[str], what: Guess | None, header: Sequence[str]) -> Fault:
    """That columns were not found: which, those that were, and the options that name them."""
    options = {"x": "--x", "y": "--y", "the cell type": "--label", "the sample": "--sample"}
    there = f"{what.x} and {what.y} as x and y, and " if what is not None and what.x is not None else ""
    expected = f"a column of {listed(roles)}"
    mends = f"name it by {listed([f'`{options[role]} COLUMN`' for role in roles])}"
    return Fault(where, expected, f"{there}none among {listed(header, 12)}", mends)


def why_not(path: Path) -> Fault | str | None:
    """Why the tables at `path` are none of cells: the columns of the first that can be read; None: no table."""
    unread = None
    for file in tables_in(path):
        try:
            table = open_table(Place(str(file)))
        except DataError as error:
            unread = unread or error.faults[0]
            continue
        if len(table.header) > 1:
            pairs = named_pairs(table.header)
            if pairs:
                table.require(*pairs[0])
                if table.faults:
                    return table.faults[0]
                profiles = profiles_of(table)
                odd = next(n for n in pairs[0] if not profiles[n].is_number)
                values = listed((f"`{v}`" for v in profiles[odd].values[:2]), 2) or "no value"
                mends = "mend the column, or name others by `--x COLUMN` and `--y COLUMN`"
                return Fault(table.place.at(column=odd), "numbers, the place of a cell", values, mends)
            return lacks(table.place.at("header"), ["x", "y"], None, table.header)
    return unread


def _rows(
    tables: Sequence[Path], first: Table, what: Guess
) -> tuple[list[tuple[str, Path, str]], dict[str, list[str]]]:
    """Samples, and the columns that hold one value in each of them."""
    rows: list[tuple[str, Path, str]] = []
    levels: list[dict[str, str]] = []
    wanted = [n for n, p in what.profiles.items() if _may_be_design(n, what, p.levels, len(first))]
    seen: dict[str, Path] = {}
    for file in tables:
        table = first if file == tables[0] else table_of(file)
        if table is None:
            continue
        here = [name for name in wanted if table.header.count(name) == 1]
        table.load(here or table.header[:1])
        texts = {name: table.names(name) for name in here}
        parts = list(dict.fromkeys(texts[what.sample])) if what.sample in texts else []
        for part in parts if len(parts) > 1 else [None]:
            mask = np.ones(len(table), dtype=bool) if part is None else texts[str(what.sample)] == part
            one = {name: values[mask] for name, values in texts.items()}
            levels.append({n: str(v[0]) for n, v in one.items() if len(v) and (v == v[0]).all()})
            name = stem(Path(part)) if part else parts[0] if parts and len(tables) == 1 else stem(file)
            rows.append((name or "sample", file, part or ""))
            if parts and (other := seen.setdefault(part or parts[0], file)) != file:
                why = f"{other.name} and {file.name} both hold it: two ROIs here; join the files if it is one"
                what.unused.setdefault(f"{what.sample} = {part or parts[0]}", why)
    if not any(part for _, _, part in rows):
        what.decided = [one for one in what.decided if one.what != "sample"]
        why = f"`{what.sample}` has one value in each" if what.sample else "no column is called as a sample is"
        what.decided.append(Decided("sample", f"each file ({len(rows)})", why))
    return rows, _columns(levels, what)


def _may_be_design(name: str, what: Guess, n_levels: int, n_rows: int) -> bool:
    if name in (what.sample, what.subject):
        return True
    taken = {what.x, what.y, what.label, what.cell_id, what.area, what.domain, *what.flags}
    return name not in taken and n_levels <= max(50, n_rows // 50) and not name.startswith("Unnamed:")


def _columns(levels: Sequence[dict[str, str]], what: Guess) -> dict[str, list[str]]:
    """Columns of the sheet: the subject by that name, others by their own."""
    shared = [n for n in what.profiles if all(n in one for one in levels) and n != what.sample]
    found = {}
    for name in shared:
        values = [one[name] for one in levels]
        if name == what.subject:
            found["subject"] = values
        elif len(set(values)) > 1 and name not in found:
            found[_free(name)] = values
            if name in what.markers:
                what.markers.remove(name)
    return dict(list(found.items())[:_COLUMNS_AT_MOST])


def _free(name: str) -> str:
    """A name that is not one of the sheet's own columns."""
    return f"{name}_of_data" if bare(name) in ("sample", "subject", "path", "part", "pixel_size_um") else name
