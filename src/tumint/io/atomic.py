"""Write beside and rename: a file under its final name is always whole.

What a killed process leaves has a name that matches no result's: it begins with `.tmp-` and ends in `.part`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LEFT = re.compile(r"\.tmp-\d+-.+")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` on success, remove it on failure.

    The temporary name has none of the suffixes of `path`: a writer that chooses the format by them is told it.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".tmp-{os.getpid()}-{final.name}.part")
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def is_leftover(name: str) -> bool:
    """Whether a file of this name is what a killed process was writing, this or an earlier version of tumint."""
    return _LEFT.fullmatch(name) is not None


def remove_leftovers(folder: str | Path) -> list[str]:
    """Remove what killed processes were writing under `folder`; what was removed. Nobody may be writing there."""
    removed = []
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in sorted(names) if is_leftover(name)):
            path.unlink(missing_ok=True)
            removed.append(str(path))
    return removed
