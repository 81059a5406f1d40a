"""A sample sheet of somebody's, given as the data: its rows are taken, and the files it names say the format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest import registry
from tumint.ingest.columns import named_pairs
from tumint.ingest.guess import SAMPLES, SUBJECTS, bare
from tumint.ingest.reader import Asked, Decided
from tumint.ingest.recognise import table_of
from tumint.init.sources import Source, data_set
from tumint.text import listed, plural

_PATHS = ("path", "file", "filename", "file_name", "file_path", "filepath", "table", "csv")


def of_sheet(path: Path, asked: Asked) -> Source | None:
    """The data set that a sheet describes; None where `path` is none.

    Raises
    ------
    DataError
        Files that it names are not there, or are not recognised.
    """
    table = table_of(path) if path.is_file() and path.suffix.lower() not in (".h5ad", ".parquet", ".h5") else None
    if table is None or len(set(table.header)) < len(table.header) or named_pairs(table.header):
        return None  # who has a place is a cell
    named = {bare(name): name for name in reversed(table.header)}
    column = next((named[name] for name in _PATHS if name in named), None)
    if column is None:
        return None
    table.load(table.header)
    texts = {name: [str(v) for v in table.names(name)] for name in table.header}
    files = [path.parent / text for text in texts[column]]
    lost = [(int(row), file) for row, file in zip(table.rows, files, strict=True) if not file.exists()]
    if len(lost) == len(files):
        return None if not files or column != named.get("path") else _nothing(table.place.at(lost[0][0], column), lost)
    if lost:
        return _nothing(table.place.at(lost[0][0], column), lost)
    sample = asked.sample or next((named[name] for name in SAMPLES if name in named and named[name] != column), None)
    subject = asked.subject or next((named[name] for name in SUBJECTS if name in named), None)
    part = named.get(k.PART)
    one = data_set(files[0], replace(asked, sample=None, subject=None))
    names = texts[sample] if sample else [file.stem for file in files]
    rows = list(zip(names, files, texts[part] if part else [""] * len(files), strict=True))
    taken = {column, sample, subject, part}
    columns = {"subject": texts[subject]} if subject else {}
    columns |= {name: values for name, values in texts.items() if name not in taken}
    more = registry.sheet_files(one.reader.name, list(columns))
    beside = {name: [path.parent / text if text else None for text in columns.pop(name)] for name in more}
    who = [Decided("subject", subject, f"column of {path.name}")] if subject else []
    decided = [
        *who,
        Decided("sheet", path.name, f"a table of {plural(len(rows), 'sample')} whose `{column}` names files"),
        *(one for one in one.found.decided if one.what not in ("tables", "sample", "subject")),
        Decided("sample", sample or "the files", f"column of {path.name}" if sample else "no column is called so"),
    ]
    found = replace(
        one.found,
        rows=rows,
        design={},
        per_row=columns,
        files=beside,
        decided=decided,
        one_per_subject=False,
        unused=one.found.unused,
    )
    return Source(path, one.reader, found)


def _nothing(where: str, lost: list[tuple[int, Path]]) -> Source | None:
    more = f": {listed([file for _, file in lost], 2)}"
    raise DataError(
        Fault(where, "files of cells, by paths relative to the sheet", f"{len(lost)} that are not there{more}")
    )
