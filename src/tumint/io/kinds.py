"""What a path leads to where that is no file one can read: asked before anything opens it, as a pipe would wait."""

from __future__ import annotations

import os
import stat
from pathlib import Path

FOLDER, EMPTY = "a folder", "an empty file"
SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def oddity(path: str | Path) -> str:
    """What there is in place of a readable file with something in it; empty where it is one."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return "none"
    except (OSError, ValueError) as error:  # a name too long, a circle of links, a folder that may not be looked into
        return f"none that can be reached ({getattr(error, 'strerror', None) or error})"
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFDIR:
        return FOLDER
    if kind != stat.S_IFREG:
        return SPECIAL.get(kind, "something else")
    if not os.access(path, os.R_OK):
        return "one that this user may not read"
    return "" if found.st_size else EMPTY


def is_special(path: str | Path) -> bool:
    """Whether it is a pipe, a socket or a device."""
    return oddity(path) in {*SPECIAL.values(), "something else"}


def identity(path: str | Path) -> tuple[int, int] | None:
    """What two names of one file have in common (links of either kind, `./`); None where that cannot be told."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
