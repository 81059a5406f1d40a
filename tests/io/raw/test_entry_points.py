"""Every place where a user's table comes in reads it alike: the same files, and one good line for the same faults."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tumint.cli import main
from tumint.cluster.user_tables import read_matrix, read_pairs, read_type_table
from tumint.errors import TumintError
from tumint.ingest.relationships import Relationships
from tumint.io.cells import read_cells

Rows = list[list[str]]
NUMBERS = np.random.default_rng(0).uniform(0, 90, (40, 2)).round(2)
CELLS: Rows = [
    ["id", "x", "y", "cell_type"],
    *([str(i), str(x), str(y), "ab"[i % 2]] for i, (x, y) in enumerate(NUMBERS.tolist(), start=1)),
]
FEATURES: Rows = [
    ["sample", "family", "feature", "value", "se", "weight", "n", "status"],
    *([f"s{i}", "composition", "a", str(i % 3 + 0.5), "0.1", "1", "9", "tested"] for i in range(8)),
]
SHEET: Rows = [
    ["sample", "subject", "pixel_size_um", "arm"],
    *([f"s{i}", f"m{i}", "0.5", "vt"[i % 2]] for i in range(8)),
]


def text(rows: Rows, delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


def command(*words: object) -> Any:
    """Exit code 0 and None, or what a user sees."""
    return main([str(word) for word in words])


def ingested(path: Path) -> Any:
    columns = {"x": "x", "y": "y", "cell_id": "id", "cell_type": "cell_type"}
    params = {"ingest": {"format": "table", "columns": columns}}
    out = path.parent / "ingested.h5ad"
    rows = json.dumps([{"sample": "s", "path": str(path)}])
    if command("ingest", "--params", json.dumps(params), "--rows", rows, "-o", out):
        return None
    cells = read_cells(out)
    return cells.obsm["spatial"].tolist(), cells.obs["cell_type_provided"].tolist()


def scored(path: Path) -> Any:
    out = path.parent / "scored.csv"
    return None if command("score", path, "-o", out, "--cell-id", "id") else out.read_bytes()


def scored_by_edges(path: Path) -> Any:
    cells, out = path.parent / "cells.csv", path.parent / "scored.csv"
    cells.write_text(text(CELLS))
    words = ["--cell-id", "id", "--graph", "edges", "--edges", path, "--min-cells", 1]
    return None if command("score", cells, "-o", out, *words) else out.read_bytes()


def compared(features: Path, sheet: Path) -> Any:
    out = features.parent / "compared.csv"
    words = ["--samples", sheet, "--subject", "subject", "--group", "arm", "--reference", "v", "-o", out]
    return None if command("compare", features, *words) else out.read_bytes()


def compared_features(path: Path) -> Any:
    sheet = path.parent / "good_sheet.csv"
    sheet.write_text(text(SHEET))
    return compared(path, sheet)


def compared_sheet(path: Path) -> Any:
    features = path.parent / "good_features.csv"
    features.write_text(text(FEATURES))
    return compared(features, path)


def related(path: Path) -> Any:
    return Relationships(path, "s").edges("s", np.arange(1, 4), None).tolist()


@dataclass(frozen=True)
class Entry:
    """A place where a table comes in: how it is read, what is right, a column it needs, one of numbers or none."""

    read: Callable[[Path], Any]
    rows: Rows
    needed: str
    number: str | None = None


PAIRS: Rows = [["Relationship", "First Object Number", "Second Object Number"], *([["Neighbors", "1", "2"]] * 3)]
ENTRIES = {
    "ingest": Entry(ingested, CELLS, "x", "y"),
    "relationships": Entry(related, PAIRS, "Relationship", "Second Object Number"),
    "score": Entry(scored, CELLS, "cell_type", "x"),
    "edges": Entry(
        scored_by_edges, [["source_cell", "target_cell"], ["1", "2"], ["2", "3"], ["3", "4"]], "target_cell"
    ),
    "compare": Entry(compared_features, FEATURES, "sample", "value"),
    "sheet": Entry(compared_sheet, SHEET, "subject", "pixel_size_um"),
    "type table": Entry(
        lambda path: read_type_table(str(path), ["0", "1", "2"]),
        [["cluster", "cell_type"], ["0", "T cell"], ["1", "NA"], ["2", "B cell"]],
        "cluster",
    ),
    "ligands": Entry(
        lambda path: read_pairs(str(path), ["CXCL2", "CXCR2"]).to_dict("list"),
        [["source", "target"], ["CXCL2", "CXCR2"], ["a", "b"], ["c", "d"]],
        "target",
    ),
    "compensation": Entry(
        lambda path: read_matrix(str(path), ["CD4", "CD8", "CD3"]).tolist(),
        [["from", "CD4", "CD8", "CD3"], ["CD4", "1", "0.25", "0"], ["CD8", "0", "1", "0.5"], ["CD3", "0", "0", "1"]],
        "CD8",
        "CD8",
    ),
}


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str]) -> Callable[[Entry, Path], tuple[Any, list[str]]]:
    """What an entry makes of a file, and the lines that a user sees."""

    def run(entry: Entry, path: Path) -> tuple[Any, list[str]]:
        capsys.readouterr()
        try:
            found = entry.read(path)
        except TumintError as error:
            return None, [str(fault) for fault in error.faults]
        lines = [line.removeprefix("tumint: ") for line in capsys.readouterr().err.splitlines()]
        return found, [line for line in lines if "compiled for the first time" not in line]  # once on a new machine

    return run


def with_note(rows: Rows, note: str) -> Rows:
    return [[*rows[0], "note"], *([*row, note] for row in rows[1:])]


GOOD: dict[str, Callable[[Rows], bytes]] = {
    "BOM": lambda rows: b"\xef\xbb\xbf" + text(rows).encode(),
    "CRLF": lambda rows: text(rows).replace("\n", "\r\n").encode(),
    "CR": lambda rows: text(rows).replace("\n", "\r").encode(),
    "tabs": lambda rows: text(rows, "\t").encode(),
    "semicolons": lambda rows: text(rows, ";").encode(),
    "decimal comma": lambda rows: re.sub(r"(\d)\.(\d)", r"\1,\2", text(rows, ";")).encode(),
    "quotes": lambda rows: text([[f'"{field}"' for field in row] for row in rows]).encode(),
    "spaces": lambda rows: text([[f" {field} " for field in row] for row in rows]).encode(),
    "gzip": lambda rows: gzip.compress(text(rows).encode()),
    "blank lines": lambda rows: text([*rows[:2], [""], *rows[2:], [""], [" "]]).encode(),
    "lines of delimiters": lambda rows: (text(rows) + "," * len(rows[0]) + "\n").encode(),
    "no last line end": lambda rows: text(rows).rstrip("\n").encode(),
    "more columns, two of one name": lambda rows: text(with_note(with_note(rows, "1"), "é")).encode(),
    "line breaks in quotes": lambda rows: text(with_note(rows, '"one,\nand ""two"""')).encode(),
}


@pytest.mark.parametrize("way", GOOD)
def test_written_in_many_ways(entry, read, tmp_path, way):
    expected, lines = read(entry, _put(tmp_path / "plain", text(entry.rows).encode()))
    assert lines == []
    assert expected is not None
    if way == "more columns, two of one name" and entry.read is compared_sheet:
        pytest.skip("each column of a sheet is a variable of the design, and two of one name are refused")
    found, lines = read(entry, _put(tmp_path / "other", GOOD[way](entry.rows)))
    assert lines == []
    assert found == expected


def _put(folder: Path, data: bytes) -> Path:
    folder.mkdir()
    (folder / "t.csv").write_bytes(data)
    return folder / "t.csv"


def _renamed(rows: Rows, name: str, other: str) -> Rows:
    return [[other if field == name else field for field in rows[0]], *rows[1:]]


def _twice(rows: Rows, name: str) -> Rows:
    i = rows[0].index(name)
    return [[*row, row[i]] for row in rows]


def _row3(rows: Rows, change: Callable[[list[str]], list[str]]) -> Rows:
    return [*rows[:2], change(rows[2]), *rows[3:]]


def _with_number(entry: Entry, number: str) -> Rows:
    names = entry.rows[0]
    return _row3(entry.rows, lambda row: [number if names[i] == entry.number else row[i] for i in range(len(row))])


# what is wrong, and what the one line says: after the path and before its point
BAD: dict[str, tuple[Callable[[Entry], bytes], str]] = {
    "empty": (lambda e: b"", "{s}: expected a header and rows, found an empty file"),
    "blank": (lambda e: b"\n \n\r\n", "{s}: expected a header and rows, found an empty file"),
    "UTF-16 without a mark": (
        lambda e: text(e.rows).encode("utf-16-le"),
        " row 1{s}: expected text in UTF-8, .* 0x00; save it as CSV in UTF-8",
    ),
    "Latin-1": (
        lambda e: text(_row3(e.rows, lambda row: [*row[:-1], "\xe9"])).encode("latin-1"),
        " row 3{s}: expected text in UTF-8, found the byte 0xE9; save it as CSV in UTF-8",
    ),
    "Excel": (
        lambda e: b"PK\x03\x04\x14\x00\x06\x00" * 20,
        r" row 1{s}: expected text in UTF-8, .* \(a zip file, as Excel writes .xlsx: save it as CSV in UTF-8\)",
    ),
    "HDF5": (lambda e: b"\x89HDF\r\n\x1a\n" + bytes(99), r" row 1{s}: .* found the byte 0x89 \(an HDF5 file\)"),
    "short row": (
        lambda e: text(_row3(e.rows, lambda row: row[:-1])).encode(),
        r" row 3{s}: expected {n} fields, found \d+",
    ),
    "long row": (
        lambda e: text(_row3(e.rows, lambda row: [*row, "1"])).encode(),
        r" row 3{s}: expected {n} fields, found \d+",
    ),
    "cut off": (
        lambda e: text(e.rows).rpartition(",")[0].encode(),
        r" row {last}{s}: expected {n} fields, found \d+: the file is cut off",
    ),
    "quote that does not close": (
        lambda e: text(_row3(e.rows, lambda row: [f'"{row[0]}', *row[1:]])).encode(),
        " row 3{s}: expected a closing quote for every quote that opens a field, found none to the end of the file",
    ),
    "column twice": (lambda e: text(_twice(e.rows, e.needed)).encode(), " header{s}: expected .*column .*once.*"),
    "no such column": (
        lambda e: text(_renamed(e.rows, e.needed, "zzz")).encode(),
        " header{s}: expected a column (`{needed}`|of the cell type), found .*zzz.*",
    ),
    "gzip cut off": (
        lambda e: gzip.compress(text(e.rows).encode())[:-9],
        "{s}: expected a whole gzip file, found .*damaged",
    ),
    "text for a number": (
        lambda e: text(_with_number(e, "abc")).encode(),
        " row 3.*`{number}`.* number.*, found `abc`",
    ),
    "no number": (
        lambda e: text(_with_number(e, "")).encode(),
        " row 3.*`{number}`.* number.*, found .*",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_one_good_line_for_each_fault(entry, read, tmp_path, fault):
    make, said = BAD[fault]
    if "number" in fault and entry.number is None:
        pytest.skip("it holds no numbers")
    if fault == "no number" and entry.read is compared_features:
        pytest.skip("a feature may have no value")
    if fault == "no number" and entry.read is ENTRIES["ingest"].read:
        pytest.skip("a cell without a place goes to quality control")
    if fault == "no such column" and entry.read is ENTRIES["compensation"].read:
        pytest.skip("markers that a matrix does not name stay as they are")
    if fault == "no such column" and entry.read is compared_features:
        said = " header: expected `sample` .*, found .*zzz.*"  # a wide table has its features as columns
    path = _put(tmp_path / "bad", make(entry))
    found, lines = read(entry, path)
    assert found is None
    assert len(lines) == 1, lines
    words = {"{s}": r"( \(sample s\))?", "{n}": str(len(entry.rows[0])), "{last}": str(len(entry.rows))}
    words |= {"{needed}": entry.needed, "{number}": str(entry.number)}
    for mark, word in words.items():
        said = said.replace(mark, word)
    assert re.fullmatch(rf"{re.escape(str(path))}{said}\.", lines[0]), lines[0]


def test_no_file(entry, read, tmp_path):
    (tmp_path / "t.csv").mkdir()
    for path in (tmp_path / "none.csv", tmp_path / "t.csv"):
        found, lines = read(entry, path)
        assert found is None
        assert len(lines) == 1, lines
        assert re.fullmatch(rf"{re.escape(str(path))}( \(sample s\))?: expected .*, found .*\.", lines[0])
