"""Seals: how a file of ours is known to hold, bit for bit, what was written, and what is said where it does not.

Pages of a parquet table carry checksums of the format's own; a seal covers its footer, which has none, and all of an
h5ad. Both formats allow bytes at these places (before the footer; after the end), so that any program reads the files.
A file without a seal, of an earlier version or another program, is read as it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tumint.errors import DataError, Fault, TumintError

_MARK = b"tumint\x00\x01"
_SIZE = len(_MARK) + hashlib.sha256().digest_size
_END = 8  # of a parquet file: length of the footer (4 bytes) and PAR1
_PARQUET, _HDF5 = b"PAR1", b"\x89HDF\r\n\x1a\n"


def seal_footer(path: str | Path) -> None:
    """Seal the footer of a parquet file that was just written."""
    with open(path, "r+b") as file:
        footer = _footer(file)
        file.seek(-len(footer), os.SEEK_END)
        file.write(_MARK + hashlib.sha256(footer).digest() + footer)


def seal_whole(path: str | Path) -> None:
    """Seal an HDF5 file that was just written, all of it."""
    with open(path, "r+b") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        file.seek(0, os.SEEK_END)
        file.write(_MARK + digest)


def _footer(file: IO[bytes]) -> bytes:
    """The footer of a parquet file with its length and the last four bytes; empty where there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END))
    length = int.from_bytes(file.read(4), "little") + _END
    if length > size:
        return b""
    file.seek(size - length)
    return file.read(length)


def _footer_is_whole(file: IO[bytes]) -> bool:
    footer = _footer(file)
    before = file.seek(0, os.SEEK_END) - len(footer) - _SIZE
    if before < 0:
        return True
    file.seek(before)
    seal = file.read(_SIZE)
    return not seal.startswith(_MARK) or seal == _MARK + hashlib.sha256(footer).digest()


def _is_whole(file: IO[bytes]) -> bool:
    size = file.seek(0, os.SEEK_END) - _SIZE
    if size < 0:
        return True
    file.seek(size)
    seal = file.read(_SIZE)
    if not seal.startswith(_MARK):
        return True
    digest = hashlib.sha256()
    file.seek(0)
    while size and (block := file.read(min(size, 1 << 20))):
        digest.update(block)
        size -= len(block)
    return seal == _MARK + digest.digest()


@contextmanager
def readable(path: str | Path, what: str = "a parquet table", *, check: bool = True) -> Iterator[None]:
    """Hold that a file of ours is whole, then read it in the block: what goes wrong there is a `DataError` of one line.

    `check` is whether the seal is looked at; who reads a file again has done so.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(len(_HDF5))
            parquet = start.startswith(_PARQUET)
            if check and not (_footer_is_whole(file) if parquet else start != _HDF5 or _is_whole(file)):
                raise _damaged(path, what, "its checksum is another")
        yield
    except FileNotFoundError:
        raise DataError(Fault(str(path), "a file", "none")) from None
    except (PermissionError, IsADirectoryError) as error:
        raise DataError(Fault(str(path), "a file that can be read", f"`{error.strerror}`")) from None
    except (TumintError, MemoryError):
        raise
    except Exception as error:  # what a damaged file raises depends on where it is damaged
        raise _damaged(path, what, next(iter(str(error).splitlines()), type(error).__name__)) from None


def _damaged(path: str | Path, what: str, said: str) -> DataError:
    """What the file is, and how a whole one is had."""
    with open(path, "rb") as file:
        start = file.read(len(_HDF5))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(_PARQUET)))
        end = file.read()
    if not size:
        found = "an empty file"
    elif (start.startswith(_PARQUET) and end != _PARQUET) or "truncated" in said.lower():
        found = f"one that is cut off (`{said[:120]}`)"
    elif start.startswith((_PARQUET, _HDF5)):
        found = f"a damaged one (`{said[:120]}`)"
    else:
        found = f"another kind of file (`{said[:120]}`)"
    return DataError(Fault(str(path), what, f"{found}: if a run made it, delete it and run again"))
