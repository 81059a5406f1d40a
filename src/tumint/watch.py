"""What users' own files hold, as text for the params of rules: a job runs again where a file says something else.

Not by its date: one in the future would make jobs fail or run for ever, and a copied folder has new dates throughout.
A small file is known by its hash. A large one is known by the size and date that it was first seen with, and when these
differ, its hash, remembered at the end of a run, decides. Nothing here changes a file of the user's.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from tumint.errors import DataError
from tumint.io.atomic import write_text
from tumint.provenance import file_sha256

KEY = "files"  # of the JSON
_SMALL = 1_000_000  # bytes


class Watch:
    """The files of a cohort, and the file that remembers them; each is looked at once per process."""

    def __init__(self, memory: str | Path) -> None:
        self._memory = Path(memory)
        self._known: dict[str, list[str]] = _read(self._memory)  # path → [size and date, name, hash or empty]
        self._seen: dict[str, str] = {}

    def text(self, paths: Iterable[str]) -> str:
        """`{"files": {path: what it holds}}` as JSON."""
        held = {path: self._name(path) for path in paths}
        return json.dumps({KEY: held}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def size_mb(self, paths: Iterable[str]) -> float:
        """Size of the files together."""
        return sum(_size(path) for path in paths) / 1e6

    def save(self, *, hashes: bool = False) -> None:
        """Remember the files seen; with `hashes` those of large ones too, for when they get another date."""
        for path in self._seen if hashes else ():
            entry = self._known.get(path)
            if entry is not None and not entry[2] and entry[0] == _stat(path):
                entry[2] = _hash(path)
        try:
            write_text(self._memory, json.dumps({p: self._known[p] for p in sorted(self._known)}, indent=0))
        except OSError:
            return  # what is not remembered is known by its date again

    def _name(self, path: str) -> str:
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path]

    def _look(self, path: str) -> str:
        stat = _stat(path)
        if not os.path.isfile(path):
            return stat
        if _size(path) <= _SMALL:
            return _hash(path)[:16]
        known = self._known.get(path)
        if known is None or (known[0] != stat and known[2] != _hash(path)):
            known = [stat, stat, ""]
        self._known[path] = [stat, *known[1:]]
        return known[1]


def no_later_than_now(folder: str | Path) -> None:
    """Give results that are dated in the future today's date: what is made from them would be older than they are."""
    now = time.time()
    for path in Path(folder).rglob("*"):
        try:
            if path.lstat().st_mtime > now:
                os.utime(path, (now, now), follow_symlinks=False)
        except OSError:
            continue  # somebody else's, or gone


def _read(path: Path) -> dict[str, list[str]]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(loaded, dict) and all(isinstance(v, list) and len(v) == 3 for v in loaded.values())
    return loaded if sound else {}


def _stat(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "none"
    return f"{found.st_size} {found.st_mtime_ns}"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _hash(path: str) -> str:
    try:
        return file_sha256(Path(path))
    except (OSError, DataError):
        return "none"
