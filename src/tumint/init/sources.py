"""What lies at a path: one data set, which is taken, or several, which are listed; also those in folders below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tumint import formats
from tumint.errors import DataError, Fault
from tumint.ingest import plain, registry
from tumint.ingest.reader import Asked, Found, Reader
from tumint.text import listed, plural

_DEPTH = 3
# one folder of these is one data set, whatever lies in it
_WHOLE = (
    *("cellprofiler_folder", "spatialdata", "steinbock", "xenium", "10x"),
    *("cosmx", "merscope", "visium_hd", "masks"),
)


@dataclass(frozen=True)
class Source:
    """A data set: where it lies, its format, what is in it."""

    path: Path
    reader: Reader
    found: Found


def data_set(path: Path, asked: Asked) -> Source:
    """The one data set at `path`.

    Raises
    ------
    DataError
        There is none, in one line that says what was looked for and which option names it; or there are several.
    """
    if not path.exists():
        raise DataError(Fault(str(path), "a file or folder", "none"))
    found = _merged(_below(path, asked, _DEPTH))
    if len(found) > 1:
        shown = listed((f"{s.path} ({s.reader.name}, {plural(len(s.found.rows), 'sample')})" for s in found), 10)
        raise DataError(Fault(str(path), "one data set", f"{len(found)}: {shown}", "name one of them: `--from PATH`"))
    if found:
        return found[0]
    tables = [path, *sorted(folder for folder in path.glob("*") if folder.is_dir())] if path.is_dir() else [path]
    why = next((why for one in tables if (why := plain.why_not(one)) is not None), None)
    raise DataError(why or Fault(str(path), f"the data of {formats.listed()}", "none that is recognised"))


def _below(path: Path, asked: Asked, depth: int) -> list[Source]:
    """Data sets of a folder itself, then of the folders in it."""
    own = _at(path, asked)
    if path.is_file() or depth == 0 or (own is not None and own.reader.name in _WHOLE):
        return [own] if own is not None else []
    found = [own] if own is not None else []
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith((".", "__"))):
        found += _below(folder, asked, depth - 1)
    return found


def _at(path: Path, asked: Asked) -> Source | None:
    if asked.x is not None or asked.y is not None:  # who names columns has a table of no program
        for name in ("h5ad", "table"):
            one = registry.reader(name)
            if one.recognise_asked is not None and (found := one.recognise_asked(path, asked)) is not None:
                return Source(path, one, found)
        return None
    recognised = registry.recognise(path)
    if recognised is None:
        return None
    one, found = recognised
    if one.recognise_asked is not None:
        return Source(path, one, one.recognise_asked(path, asked) or found)
    return Source(path, one, _named(found, asked))


def _named(found: Found, asked: Asked) -> Found:
    """`found`, with the columns that a person named in place of what the format says."""
    named = {"cell_type": asked.label, "part": asked.sample}
    columns = {**found.config.get("columns", {}), **{role: name for role, name in named.items() if name is not None}}
    config = {**found.config, **({"columns": columns} if columns else {})}
    return replace(found, config=config, has_types=found.has_types or asked.label is not None)


def _merged(sources: list[Source]) -> list[Source]:
    """Folders of one kind are one data set, whose column `folder` says where a sample came from."""
    kinds: dict[str, list[Source]] = {}
    for one in sources:
        what = (one.reader.name, one.found.markers, sorted(one.found.config.items(), key=str))
        kinds.setdefault(repr(what if one.reader.name not in _WHOLE else one.path), []).append(one)
    return [_joined(some) for some in kinds.values()]


def _joined(some: list[Source]) -> Source:
    if len(some) == 1:
        return some[0]
    first = some[0]
    rows = [row for one in some for row in one.found.rows]
    shared = set.intersection(*(set(one.found.levels()) for one in some))
    columns = {
        name: [level for one in some for level in one.found.levels()[name]]
        for name in first.found.levels()
        if name in shared
    }
    columns["folder"] = [one.path.name for one in some for _ in one.found.rows]
    files = {
        name: [file for one in some for file in one.found.files.get(name, [None] * len(one.found.rows))]
        for name in dict.fromkeys(name for one in some for name in one.found.files)
    }
    found = replace(first.found, rows=rows, design={}, per_row=columns, files=files)
    return replace(first, path=first.path.parent, found=found)
