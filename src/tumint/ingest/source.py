"""The bytes of a raw table: read once, unpacked, and known to be UTF-8 text. Which columns it has is not known here."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from tumint.errors import DataError, Fault

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Place:
    """How messages call a file: its path and the sample it belongs to."""

    path: str
    sample: str

    def at(self, part: str | int | None = None, column: str | None = None) -> str:
        """`path row 17 (sample s), column `c``; a number is a row (the header is row 1), a text stands as it is."""
        middle = "" if part is None else f" row {part}" if isinstance(part, int) else f" {part}"
        return f"{self.path}{middle} (sample {self.sample})" + (f", column `{column}`" if column else "")


@dataclass(frozen=True)
class Source:
    """A file: its text as UTF-8 bytes with `\\n` line ends and no BOM, and what identifies it on disk."""

    place: Place
    data: bytes
    sha256: str
    n_bytes: int


def file_identity(path: str) -> tuple[str, int]:
    """SHA-256 and size of a file; empty and 0 where it cannot be read."""
    try:
        raw = Path(path).read_bytes()
    except OSError:
        return "", 0
    return hashlib.sha256(raw).hexdigest(), len(raw)


def read_source(place: Place) -> Source:
    """Read a plain or gzipped text file.

    Raises
    ------
    DataError
        The file is missing, empty, cut off (gzip), not UTF-8, or not text.
    """
    try:
        raw = Path(place.path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(Fault(place.at(), "a file", "none")) from None
    except OSError as error:
        raise DataError(Fault(place.at(), "a file that can be read", f"`{error.strerror}`")) from None
    data = _unpacked(raw, place).removeprefix(_BOM)
    if not data.strip():
        raise DataError(Fault(place.at(), "a header and cells", "an empty file"))
    _check_text(data, place)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Source(place, data, hashlib.sha256(raw).hexdigest(), len(raw))


def _unpacked(raw: bytes, place: Place) -> bytes:
    if not raw.startswith(_GZIP) and not (place.path.endswith(".gz") and raw):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(Fault(place.at(), "a whole gzip file", "one that is cut off or damaged")) from None


def _check_text(data: bytes, place: Place) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise DataError(Fault(place.at(row), "text in UTF-8", f"the byte 0x{data[error.start]:02X}")) from None
    if (nul := data.find(b"\0")) >= 0:
        raise DataError(Fault(place.at(data.count(b"\n", 0, nul) + 1), "text in UTF-8", "the byte 0x00"))
