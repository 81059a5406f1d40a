"""What a finished run made, so that the next one misses a file that is gone or was changed since, wherever it lies.

Snakemake misses a declared output that is gone. It does not miss one figure of a folder, nor see that the content of a
file is another. A file is known by its size and date; where these differ its hash decides, so that a copied folder is
not made again. Of a large table the size must do: whoever reads it verifies the checksums inside.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.io.atomic import is_leftover
from tumint.io.sealed_json import read_json, write_json
from tumint.provenance import file_sha256

RECORD = ".made.json"
_OF_SNAKEMAKE = ".snakemake_timestamp"  # in every folder that is an output; it changes with each run
_SMALL = 64_000_000  # bytes; figures, pages and most tables
_Entry = list[str | int]  # size, date (ns), hash; the hash is empty where the file is large


class Made:
    """The files of a cohort's results, as the run that finished last left them.

    Parameters
    ----------
    results
        The folder of the cohort's results.
    outputs
        Every output of every rule: files, and folders for what is in them.
    others
        Files that a job writes and no rule declares, as a glob below `results` → the output that is made with them.
    """

    def __init__(self, results: str | Path, outputs: Iterable[str], others: Mapping[str, str] | None = None) -> None:
        self._results = Path(results)
        self._outputs = set(outputs)
        self._others = dict(others or {})
        self._known = _read(self._results / RECORD)

    @cached_property
    def broken(self) -> dict[str, Fault]:
        """`{output: what is wrong}` where a file of it is gone or holds something else than was written."""
        found: dict[str, Fault] = {}
        for name, entry in self._known.items():
            path = self._results / name
            output = self._output_of(path)
            if output is None or output in found:
                continue
            if not path.exists():
                found[output] = Fault(str(path), "what a run made", "none: it is made again")
            elif not _same(path, entry):
                found[output] = Fault(str(path), "what a run made", "another content: it is made again")
        return found

    def forget(self) -> None:
        """Nothing is known while jobs run: one that is killed leaves what no record describes."""
        (self._results / RECORD).unlink(missing_ok=True)

    def save(self) -> None:
        """Remember what is there now, at the end of a run."""
        try:
            found = {path.relative_to(self._results).as_posix(): self._entry(path) for path in sorted(self._files())}
            write_json(self._results / RECORD, {"files": found}, indent=0)
        except OSError:
            return  # what is not remembered is not missed; results are whole all the same

    def _entry(self, path: Path) -> _Entry:
        known = self._known.get(path.relative_to(self._results).as_posix())
        if known and known[:2] == _stat(path):
            return known
        return [*_stat(path), file_sha256(path) if path.stat().st_size <= _SMALL else ""]

    def _files(self) -> Iterator[Path]:
        for place, _, names in os.walk(self._results):
            for path in (Path(place, name) for name in names if name != _OF_SNAKEMAKE and not is_leftover(name)):
                if self._output_of(path) is not None:
                    yield path

    def _output_of(self, path: Path) -> str | None:
        """The output that a file is, or is part of."""
        for place in (path, *path.parents):
            if place == self._results:
                break
            if str(place) in self._outputs:
                return str(place)
        for pattern, output in self._others.items():
            # the newest: any before it may be deleted
            if path.match(pattern) and path == max([*self._results.glob(pattern), path]):
                return output
        return None


def _read(path: Path) -> dict[str, _Entry]:
    try:
        files = read_json(path).get("files", {})
    except DataError:
        return {}
    sound = isinstance(files, dict) and all(isinstance(v, list) and len(v) == 3 for v in files.values())
    return files if sound else {}


def _stat(path: Path) -> _Entry:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _same(path: Path, entry: _Entry) -> bool:
    now = _stat(path)
    if now == entry[:2]:
        return True
    return now[0] == entry[0] and (not entry[2] or file_sha256(path) == entry[2])
