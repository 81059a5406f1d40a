"""All formats: which reader `ingest.format` names, and which of them recognises a file or folder.

Readers are the modules of `readers/` and the entry points `tumint.readers` of installed packages (`tumint.formats`,
docs/contributing/reader.md). One is imported when it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tumint import formats
from tumint.config.ingest import IngestConfig
from tumint.errors import ConfigError, DataError, Fault, TumintError
from tumint.formats import Format
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.verified import verified

T = TypeVar("T")


def files(path: str, part: str, config: IngestConfig, named: Iterable[str] = ()) -> list[str]:
    """Every file that ingest reads for a row of the sheet, for the workflow to watch; `named`: by its other columns."""
    besides = [*reader(config.format).files(path, part, config), *named]
    return (besides or [path]) if Path(path).is_dir() else [path, *besides]


def sheet_files(name: str, columns: Iterable[str]) -> list[str]:
    """Of the `columns` of a sheet those that name files for the reader of a format, besides `path`."""
    wanted = reader(name).sheet_files
    return [column for column in columns if any(fnmatchcase(column, pattern) for pattern in wanted)]


def lacking_files(name: str, columns: Iterable[str]) -> list[str]:
    """Columns of files that the reader of a format needs and a sheet with these `columns` lacks."""
    there = set(columns)
    return [column for column in reader(name).sheet_files if "*" not in column and column not in there]


def recognise(path: Path) -> tuple[Reader, Found] | None:
    """The format of a file or folder, and what is in it; None where no reader knows it."""
    for one in readers():
        if (found := one.recognise(path)) is not None:
            return one, found
    return None


@cache
def reader(name: str) -> Reader:
    """The reader of a format.

    Raises
    ------
    ConfigError
        No package or several bring the format, or its reader cannot be imported.
    """
    return _load(formats.find(name))


def readers() -> list[Reader]:
    """All of them, in the order in which they are asked; a broken one is named on stderr and left out."""
    found = []
    for name in formats.names():
        try:
            found.append(reader(name))
        except ConfigError as error:
            for fault in error.faults:
                print(f"tumint: left out: {fault}", file=sys.stderr)
    return sorted(found, key=lambda one: (one.order, one.name))


def _load(what: Format) -> Reader:
    module, _, attribute = what.reader.partition(":")
    if what.is_ours:
        ours: Reader = importlib.import_module(module).READER
        return ours
    where = f"format `{what.name}` of the package {what.package}"
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # somebody else's module may raise anything
        raise ConfigError(Fault(where, f"a reader `{what.reader}` that can be imported", _shown(error))) from error
    if not isinstance(found, Reader) or found.name != what.name:
        shown = f"one named `{found.name}`" if isinstance(found, Reader) else type(found).__name__
        raise ConfigError(Fault(where, f"`{what.reader}` to be a `Reader` named `{what.name}`", shown))
    return _guarded(found, where)


def _shown(error: Exception) -> str:
    return f"`{type(error).__name__}: {' '.join(str(error).split())[:160]}`"


def _guarded(theirs: Reader, where: str) -> Reader:
    """A reader of somebody else's, whose own errors are faults that name it."""

    def call(what: str, path: object, step: Callable[..., T], *arguments: Any) -> T:
        try:
            return step(*arguments)
        except (TumintError, MemoryError):
            raise
        except Exception as error:
            raise DataError(Fault(f"{path}: {where}", what, _shown(error))) from error

    def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
        try:
            found = call("cells", path, lambda: list(theirs.read(path, parts, settings)))
            names, wanted = ([part.sample for part in some] for some in ([part for part, _ in found], parts))
            if sorted(names) != sorted(wanted):
                expected = f"cells or faults of each of {', '.join(wanted)}"
                raise DataError(Fault(f"{path}: {where}", expected, ", ".join(names) or "none"))
            for part, cells in found:  # what is wrong with the cells themselves is said of every reader, by the stage
                call("cells whose arrays can be looked at", path, verified, part, cells)
        except DataError as error:
            found = [(part, error) for part in parts]
        yield from found

    def files(path: str, part: str, config: IngestConfig) -> list[str]:
        return call("a list of files", path, theirs.files, path, part, config)

    def recognised(path: Path) -> Found | None:
        try:
            return theirs.recognise(path)
        except TumintError:
            raise
        except Exception as error:
            print(f"tumint: left out: {Fault(where, f'to look at {path}', _shown(error))}", file=sys.stderr)
            return None

    return replace(theirs, read=read, files=files, recognise=recognised)
