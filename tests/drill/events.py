"""What happens to files, told by the kernel (inotify) at the moment when it happens."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from pathlib import Path
from types import TracebackType

CLOSED, OPENED, CREATED, FOLDER = 0x10, 0x20, 0x100, 0x40000000
_HEAD = struct.Struct("=iIII")


class Events:
    """Events of files, or of what is directly in folders.

    Args:
        wanted: Which of `CLOSED` (after reading), `OPENED` and `CREATED`.
    """

    def __init__(self, wanted: int) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._wanted = wanted
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK)
        self._paths: dict[int, Path] = {}

    def watch(self, path: Path) -> None:
        """This file or folder too."""
        number = self._libc.inotify_add_watch(self._fd, os.fsencode(path), self._wanted)
        if number < 0:
            raise OSError(ctypes.get_errno(), "cannot be watched", str(path))
        self._paths[number] = path

    def next(self, seconds: float) -> list[tuple[int, Path]]:
        """Events and their files, as soon as there are any; none after `seconds`."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return []
        told, found = os.read(self._fd, 1 << 16), []
        while told:
            number, mask, _, length = _HEAD.unpack_from(told)
            name = told[_HEAD.size : _HEAD.size + length].rstrip(b"\0")
            place = self._paths[number]
            found.append((mask, place / os.fsdecode(name) if name else place))
            told = told[_HEAD.size + length :]
        return found

    def __enter__(self) -> Events:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._fd)
