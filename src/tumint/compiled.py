"""Where compiled kernels are kept: in a folder named after a digest of all of them, so that an edit of any is seen.

A compiled kernel holds those it calls, in other modules too, and numba looks at a kernel's own module alone. Folders of
earlier kernels go when a new one is made, but for the newest and those that a process may still be using.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tumint.machine import user_id

_KERNELS = Path(__file__).parent / "kernels"
_FOLDER = re.compile(r"kernels-[0-9a-f]{16}(\.gone-\d+)?")
_KEPT = 3  # besides those in use: another branch, or a version gone back to
_IN_USE = 7 * 86400  # seconds since a process last began with it; no job takes longer


@cache
def digest() -> str:
    """Of the text of all kernels."""
    found = hashlib.sha256()
    for path in sorted(_KERNELS.glob("*.py")):
        text = path.read_bytes()
        found.update(f"{path.name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()[:16]


@cache
def folder() -> str:
    """The first folder that can be written: of the environment, beside the kernels, of the user, a temporary one.

    Empty: there is none, so that nothing is kept. That, and a temporary one, are said in one line on stderr.
    """
    for base, lasts in _bases():
        place = base / f"kernels-{digest()}"
        # a temporary folder is open to all: there, what the folder lies in has to be this user's too
        if _is_made(place) and _is_private(place) and (lasts or _is_private(base)):
            _keep_newest(base, place)
            if not lasts:
                _say(f"compiled kernels are kept in {place}, as no other folder can be written")
            return str(place)
    _say("no folder can be written: kernels are compiled again by every job, which takes a minute")
    return ""


def announce() -> None:
    """Say in one line on stderr that kernels are going to be compiled, where none has been kept so far."""
    place = folder()
    if place and not any(Path(place).rglob("*.nbi")):
        _say("the numerical parts are compiled for the first time: a minute or two, once")


def _bases() -> Iterator[tuple[Path, bool]]:
    """Folders in order of preference, and whether what is there outlasts a restart of the machine."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named), True
    yield _KERNELS / "__pycache__", True
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(home):
        yield Path(home, "tumint"), True
    try:
        yield Path(tempfile.gettempdir(), f"tumint-{user_id()}"), False
    except FileNotFoundError:  # not even a temporary folder
        return


def _is_made(place: Path) -> bool:
    """Make the folder; whether it is there and can be written."""
    try:
        for one in (place.parent, place):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _keep_newest(base: Path, mine: Path) -> None:
    """Mark `mine` as in use, and remove what is neither in use nor among the newest of the folders in `base`.

    Each is renamed before it is emptied: of several processes one removes it, and none finds half of it.
    """
    try:
        os.utime(mine)
        dated = [(path.lstat(), path) for path in base.iterdir() if _FOLDER.fullmatch(path.name) and path != mine]
    except OSError:
        return  # another process is at it
    own = [(s.st_mtime, path) for s, path in dated if stat.S_ISDIR(s.st_mode) and s.st_uid == os.getuid()]
    for used, path in sorted(own, reverse=True)[_KEPT - 1 :]:
        if time.time() - used > _IN_USE:
            gone = path if ".gone-" in path.name else path.with_name(f"{path.name}.gone-{os.getpid()}")
            try:
                path.rename(gone)
            except OSError:
                continue
            shutil.rmtree(gone, ignore_errors=True)


def _is_private(place: Path) -> bool:
    """Whether this user alone can write there: what lies in the folder is run as code."""
    found = place.lstat()
    shared = stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == user_id() and not shared


def _say(text: str) -> None:
    print(f"tumint: {text} (NUMBA_CACHE_DIR names one)", file=sys.stderr)
