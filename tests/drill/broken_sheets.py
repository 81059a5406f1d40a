"""Mistakes in a sheet, in a panel and on the command line. Each with the words that its line must hold."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attack import HEADER, Attack, Cohort
from broken_configs import GONE, put

AT = {name: i for i, name in enumerate(HEADER)}


def cell(row: int, column: str, new: str, *words: str) -> Attack:
    """One field of the sheet is another; row 1 is the header."""

    def do(cohort: Cohort) -> None:
        cohort.sheet[row - 1][AT[column]] = new

    return Attack(f"sheet: {column} of row {row} = {new[:30]!a}", do, ("samples.tsv", *words))


def sheet(name: str, change: Callable[[list[list[str]]], object], *words: str) -> Attack:
    """The sheet is changed in place."""
    return Attack(f"sheet: {name}", lambda cohort: change(cohort.sheet), ("samples.tsv", *words))


def data(name: str, change: Callable[[bytes], bytes], *words: str, file: str = "samples.tsv") -> Attack:
    """The bytes of a file are others."""

    def after(folder: Path) -> None:
        path = folder / file
        path.write_bytes(change(path.read_bytes()))

    return Attack(f"{file}: {name}", lambda cohort: None, (file, *words), after)


def done(name: str, after: Callable[[Path], object], *words: str) -> Attack:
    """Something is done to the folder."""
    return Attack(name, lambda cohort: None, words, after)


def _both(column: str, old: str, new: str) -> Callable[[list[list[str]]], None]:
    def change(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            if row[AT[column]] == old:
                row[AT[column]] = new

    return change


def _of(subject: str, column: str, new: str) -> Callable[[list[list[str]]], None]:
    def change(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            if row[AT["subject"]] == subject:
                row[AT[column]] = new

    return change


def _batches_by_case(cohort: Cohort) -> None:
    cohort.config["response"]["contrasts"][0]["adjust"] = ["batch"]
    _of("M0", "batch", "B0")(cohort.sheet)


def _special(path: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def after(folder: Path) -> None:
        (folder / path).unlink()
        make(folder / path)

    return after


RAW = "raw/M0_after.csv"
SHEETS = (
    cell(1, "sample", "Sample", "header", "`sample`"),
    cell(1, "subject", "mouse", "header", "`subject`"),
    cell(1, "path", "file", "header", "`path`"),
    cell(1, "time", "arm", "header", "`arm` twice"),
    cell(1, "arm", "=cmd()", "`arm`"),
    cell(3, "sample", "", "row 3", "without a name"),
    cell(3, "sample", "M0_before", "row 3", "`M0_before`", "row 2"),
    cell(3, "sample", "M0_BEFORE", "`sample`", "capital"),
    cell(3, "sample", "M0 after", "row 3", "`M0 after`"),
    cell(3, "sample", "M0/after", "row 3", "`M0/after`"),
    cell(3, "sample", "a|b", "row 3", "`a|b`"),
    cell(3, "sample", "--cells=evil.parquet", "row 3", "`--cells=evil.parquet`"),
    cell(3, "sample", "..", "row 3", "`..`"),
    cell(3, "sample", "s" * 300, "row 3", "300"),
    cell(3, "sample", "M0\u200bafter", "row 3", "\\u200b"),
    cell(3, "subject", "", "row 3", "`subject`"),
    cell(3, "subject", "-M0", "row 3", "`-M0`"),
    cell(3, "subject", "m0", "`subject`", "`M0` and `m0`"),
    cell(3, "path", "", "row 3", "`path`"),
    cell(3, "path", "raw/nothing.csv", "row 3", "raw/nothing.csv"),
    cell(3, "path", "raw/M0_before.csv", "row 3", "raw/M0_before.csv", "row 2"),
    cell(3, "path", "./raw/../raw/M0_before.csv", "M0_after", "M0_before"),
    cell(3, "path", "raw", "M0_after", "a folder"),
    cell(3, "path", "/dev/zero", "M0_after", "a device"),
    cell(3, "path", "~/M0_after.csv", "row 3", "~/M0_after.csv"),
    cell(3, "path", "x" * 5000, "row 3", "path"),
    cell(3, "pixel_size_um", "0", "row 3", "`0`"),
    cell(3, "pixel_size_um", "0,5", "row 3", "`0,5`"),
    cell(3, "pixel_size_um", "nan", "row 3", "`nan`"),
    cell(3, "pixel_size_um", "", "row 3", "pixel_size_um"),
    cell(3, "arm", "treated", "subject M0", "vehicle, treated"),
    cell(3, "arm", "", "M0", "arm"),
    cell(3, "size", "6", "subject M0", "`size`", "5, 6"),
    cell(3, "size", "big", "subject M0", "`size`", "big"),
    sheet("arms by case", _of("M0", "arm", "Vehicle"), "`arm`", "`Vehicle` and `vehicle`"),
    Attack("sheet: batches by case", _batches_by_case, ("samples.tsv", "`batch`", "`B0` and `b0`")),
    Attack(
        "sheet: one arm",
        lambda cohort: _both("arm", "treated", "vehicle")(cohort.sheet),
        ("c.yaml: key `response.contrasts.0.group`", "`treated`"),
    ),
    sheet("a size that is text", _both("size", "5", "five"), "subject M0", "`five`"),
    sheet("a size that is infinite", _both("size", "5", "inf"), "subject M0", "`inf`"),
    sheet("a field too few", lambda rows: rows[2].pop(), "row 3", "9"),
    sheet("a field too many", lambda rows: rows[2].append("note"), "row 3", "11"),
    sheet("a header only", lambda rows: rows.__delitem__(slice(1, None)), "header only"),
    data("nothing", lambda _: b"", "empty"),
    data("blank lines", lambda _: b"\n\n\n", "empty"),
    data("UTF-16 without its mark", lambda b: b.decode().encode("utf-16-le"), "0x00"),
    data("Latin-1", lambda b: b.replace(b"M0_after", b"M\xe4use"), "row 3", "0xE4"),
    data("a NUL", lambda b: b.replace(b"M0_after", b"M0\0after"), "row 3", "0x00"),
    data("Excel", lambda b: b"PK\x03\x04\x14\x00\xf0" + b, "Excel"),
    data("half a gzip", lambda b: gzip.compress(b)[:-9], "gzip"),
    data("a quote that stays open", lambda b: b.replace(b"M0_after", b'"M0_after', 1), "quot"),
    data("a page of the web", lambda _: b"<!DOCTYPE html>\n<html>\n</html>\n", "header", "`sample`"),
    done("sheet: none", lambda folder: (folder / "samples.tsv").unlink(), "samples.tsv"),
    done("sheet: a pipe", _special("samples.tsv", os.mkfifo), "samples.tsv", "a named pipe"),
    done("sheet: a circle of links", _special("samples.tsv", lambda p: p.symlink_to(p.name)), "samples.tsv", "links"),
    done("raw: a pipe", _special(RAW, os.mkfifo), "samples.tsv", "M0_after", "a named pipe"),
    done("raw: nothing in it", _special(RAW, lambda p: p.touch()), "samples.tsv", "M0_after", "an empty file"),
    done("raw: a link to nowhere", _special(RAW, lambda p: p.symlink_to("x")), "samples.tsv", "row 3", RAW),
    done("raw: a circle of links", _special(RAW, lambda p: p.symlink_to(p.name)), "samples.tsv", "row 3", RAW),
    done("raw: one file twice", _special(RAW, lambda p: p.hardlink_to(p.with_name("M0_before.csv"))), "M0_before"),
    done("config: a pipe", _special("c.yaml", os.mkfifo), "c.yaml", "a named pipe"),
    done("config: a device", _special("c.yaml", lambda p: p.symlink_to("/dev/zero")), "c.yaml", "a device"),
    done("panel: a pipe", _special("panel.yaml", os.mkfifo), "panel.yaml", "a named pipe"),
)


def panel(key: str, new: Any, *words: str) -> Attack:
    """One key of the panel has this value."""
    name = f"panel: {key} = {'none' if new is GONE else repr(new)[:40]}"
    return Attack(name, lambda cohort: put(cohort.panel, key, new), ("panel.yaml", *words))


PANELS = (
    panel("name", GONE, "`name`", "none"),
    panel("source", 5, "`source`", "`5`"),
    panel("markers", GONE, "`markers`", "none"),
    panel("markers", [], "`markers`", "0"),
    panel("markers", {"CD3": "type"}, "`markers`", "CD3"),
    panel("markers.0", "CD3", "`markers.0`", "CD3"),
    panel("markers.0.marker", "CD8", "`CD8` twice"),
    panel("markers.3.marker", "", "marker", "''"),
    panel("markers.0.marker", 3, "`markers.0.marker`", "`3`"),
    panel("markers.0.marker", False, "`markers.0.marker`", "`False`"),
    panel("markers.0.marker", "x" * 300, "`markers.0.marker`", "300"),
    panel("markers.3.marker", "CD\n3", "CD\\n3"),
    panel("markers.0.use", "lineage", "`markers.0.use`", "`lineage`"),
    panel("markers.0.gate", 5, "`markers.0.gate`", "`gate`"),
    panel("markers.0.channel", "CD8", "CD8", "CD3"),
    panel("markers.0.synonyms", "CD3e", "`markers.0.synonyms`", "CD3e"),
    panel("markers.0.synonyms", ["CD8"], "synonym", "`CD8`"),
    panel("signatures", GONE, "`signatures`", "none"),
    panel("signatures.0.positive", [], "`signatures.0.positive`", "0"),
    panel("signatures.0.positive", ["CD99"], "`T cells`", "`CD99`"),
    panel("signatures.0.positive", "CD3", "`signatures.0.positive`", "CD3"),
    panel("signatures.0.negative", ["cd8"], "`T cells`", "`cd8`"),
    panel("signatures.0.negative", ["CD3"], "`T cells`", "CD3"),
    panel("signatures.0.positive", ["DNA"], "`T cells`", "DNA"),
    panel("signatures.0.cell_type", "CD8 T cells", "`CD8 T cells` twice"),
    panel("signatures.0.cell_type", "cd8 t cells", "cd8 t cells", "capital"),
    panel("signatures.0.cell_type", "T|B", "`T|B`"),
    panel("signatures.0.cell_type", "", "cell type", "''"),
    panel("signatures.0.cell_type", "T\tcells", "T\\tcells"),
    panel("signatures.0.cell_type", "unclassified", "unclassified"),
    panel("signatures.0.parent", "Leukocytes", "`T cells`", "`Leukocytes`"),
    panel("signatures.0.parent", "T cells", "`T cells`", "parents"),
    data("a key twice", lambda b: b + b"name: again\n", "`name`", file="panel.yaml"),
    data("nothing", lambda _: b"", "NoneType", file="panel.yaml"),
    data("a table", lambda _: b"marker,use\nCD3,type\n", "str", file="panel.yaml"),
    data("UTF-16", lambda b: b.decode().encode("utf-16"), "UTF-8", file="panel.yaml"),
)


def words(name: str, given: list[str], *expected: str) -> Attack:
    """The command line is another."""

    def do(cohort: Cohort) -> None:
        cohort.words[:] = given

    return Attack(f"command: {name}", do, expected)


COMMANDS = (
    words("a config that is not there", ["nothing.yaml", "--cores", "1"], "nothing.yaml"),
    words("a folder", ["raw", "--cores", "1"], "raw", "a folder"),
    words("a table", [RAW, "--cores", "1"], RAW),
    words("no core", ["c.yaml", "--cores", "0"], "--cores", "0"),
    words("fewer cores", ["c.yaml", "--cores", "-1"], "--cores", "-1"),
    words("a profile that is not there", ["c.yaml", "--profile", "nowhere"], "--profile", "nowhere"),
)
