"""How large a packed file may become: told before, or while, it is unpacked, so that no few bytes fill the memory.

A file may unpack to `RATIO` times its size on disk: tables in gzip come to 3 to 20 times, h5ad files to 20 to 50. What
unpacks to at most `ALWAYS` bytes, which any machine that runs tumint has, is never refused.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.text import fixed, integer

RATIO = 200
ALWAYS = 1 << 30
_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"


def check_unpacked(where: str, unpacked: int, packed: int) -> None:
    """Raise `DataError` where a file of `packed` bytes on disk unpacks to `unpacked`, or more, and may not."""
    if unpacked > max(ALWAYS, RATIO * packed):
        expected = f"{RATIO} times its {integer(packed)} bytes or {fixed(ALWAYS / 1e9, 1)} GB at most, once unpacked"
        raise DataError(Fault(where, expected, f"over {fixed(unpacked / 1e9, 1)} GB"))


def unpacked_size(path: Path, where: str) -> int:
    """Bytes of a file once unpacked, if it is gzipped; raises `DataError` at `where` if they are more than may be."""
    packed = path.stat().st_size
    with open(path, "rb") as handle:
        if handle.read(2) != _GZIP:
            return packed
    total = 0
    with gzip.open(path, "rb") as stream:
        while data := stream.read(_BLOCK):
            check_unpacked(where, total := total + len(data), packed)
    return total
