"""Files that may not change while a job reads them: what is recorded of a file is what was computed from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tumint.errors import DataError, Fault

_State = tuple[int, int, int] | None


@contextmanager
def unchanged(paths: Iterable[str | Path | None]) -> Iterator[None]:
    """Hold that `paths` are at the end of the block what they were at its start, by size, time and inode.

    Hashes belong into the block. None is no file. A folder stands for the files that are directly in it.

    Raises
    ------
    DataError
        Some changed, whatever else went wrong with them meanwhile: half of an edit may look like any damage.
    """
    watched = list(dict.fromkeys(str(path) for path in paths if path is not None))
    before = {path: _states(path) for path in watched}
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if faults := _changed(before):
            raise DataError(faults) from error
        raise
    if faults := _changed(before):
        raise DataError(faults)


def _changed(before: dict[str, dict[str, _State]]) -> list[Fault | str]:
    faults: list[Fault | str] = []
    for path, states in before.items():
        now = _states(path)
        for name in sorted({*states, *now}):
            if states.get(name) != now.get(name):
                found = "one that was changed: nothing was written; start again when it is whole"
                faults.append(Fault(name, "a file that stays as it is while it is read", found))
    return faults


def _states(path: str) -> dict[str, _State]:
    """Size, time of the last change (ns) and inode of a file, or of the files in a folder; None where there is none."""
    try:
        if os.path.isdir(path):
            with os.scandir(path) as entries:
                return {entry.path: _state(entry.path) for entry in entries if entry.is_file()}
    except OSError:
        pass
    return {path: _state(path)}


def _state(path: str) -> _State:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
