"""The bytes of a table: read block by block, unpacked, and known to be UTF-8 text, or UTF-16 that says so by its first
two bytes. Knows nothing of columns."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tumint.errors import DataError, Fault, TumintError
from tumint.io.kinds import is_special, oddity
from tumint.io.raw.limits import check_unpacked
from tumint.text import integer

BLOCK = 8 << 20  # bytes of text held at a time: the memory of a read does not follow the size of its file
LONGEST_LINE = 64 << 20
_HEAD = 64 << 10
_LINES = 20
_AS_UTF8 = "save it as CSV in UTF-8"
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}  # as spreadsheets save "Unicode text"
# what people name .csv and is none, by its first bytes, and what mends it
_NO_TEXT = {
    b"PK\x03\x04": "a zip file, as Excel writes .xlsx: save it as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save it as CSV in UTF-8",
    b"\x89HDF": "an HDF5 file",
}


@dataclass(frozen=True)
class Place:
    """How messages call a file: its path and, where it belongs to one, the sample."""

    path: str
    sample: str = ""

    def at(self, part: str | int | None = None, column: str | None = None) -> str:
        """`path row 17 (sample s), column `c``; a number is a row (the header is row 1), a text stands as it is."""
        middle = "" if part is None else f" row {part}" if isinstance(part, int) else f" {part}"
        sample, comma = (f" (sample {self.sample})", ",") if self.sample else ("", "")
        return f"{self.path}{middle}{sample}" + (f"{comma} column `{column}`" if column else "")


@contextmanager
def reading(place: Place, what: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into a fault of the user's."""
    try:
        yield
    except TumintError:
        raise
    except FileNotFoundError:
        raise DataError(Fault(place.at(), "a file", "none")) from None
    except MemoryError:
        raise
    except Exception as error:  # libraries of file formats raise anything on bytes that are not theirs
        text = " ".join(str(error).split()) or type(error).__name__
        raise DataError(Fault(place.at(), what, f"`{text[:160]}`")) from None


def check_ordinary(place: Place) -> None:
    """Raise `DataError` where to open `place` is to wait, or to read without end: a pipe, a socket, a device."""
    if is_special(place.path):
        raise DataError(Fault(place.at(), "a file", oddity(place.path)))


@dataclass(frozen=True)
class Identity:
    """What a file is on disk: SHA-256 in hex (empty: not read) and size in bytes."""

    sha256: str
    n_bytes: int


def file_identity(path: str | Path) -> Identity:
    """SHA-256 and size of a file; empty and 0 where it cannot be read."""
    if is_special(path):
        return Identity("", 0)
    try:
        with open(path, "rb") as handle:
            return Identity(hashlib.file_digest(handle, "sha256").hexdigest(), Path(path).stat().st_size)
    except OSError:
        return Identity("", 0)


def joint_identity(files: dict[str, Identity]) -> Identity:
    """That of several files as one, by name: the hash of the list of their names and hashes, and all their bytes."""
    if len(files) == 1:
        return next(iter(files.values()))
    listed = "".join(f"{name}\t{files[name].sha256}\n" for name in sorted(files))
    return Identity(hashlib.sha256(listed.encode()).hexdigest(), sum(one.n_bytes for one in files.values()))


class _Hashing(io.RawIOBase):
    """A file whose bytes are counted and hashed as they are read."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle
        self.hash = hashlib.sha256()
        self.n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._handle.read(len(buffer))
        self.hash.update(data)
        self.n_bytes += len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._handle.close()
        super().close()


class _Again(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, rest: _Hashing) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._start:
            data, self._start = self._start[: len(buffer)], self._start[len(buffer) :]
            buffer[: len(data)] = data
            return len(data)
        return self._rest.readinto(buffer)


class _FromUtf16(io.RawIOBase):
    """UTF-16 as UTF-8."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(name)()
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            data = self._stream.read(len(buffer))
            self._held = self._decoder.decode(data, final=not data).encode()
            if not data:
                break
        out, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(out)] = out
        return len(out)


class Text:
    """A plain or gzipped text file, as blocks of whole lines with `\\n` line ends, in UTF-8 and without BOM.

    Raises
    ------
    DataError
        The file is missing or empty; and, while it is read: cut off (gzip), neither UTF-8 nor UTF-16, or not text.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.identity = Identity("", 0)  # once `blocks` has ended
        self.before = 0  # blank lines before the first that is not, once `head` was read
        self.first: list[str] = []  # that line and some after it, once `head` was read
        self._rows = 0  # lines before the block

    def head(self) -> str:
        """The first line that is not blank; more of them where a quote that opens on it closes on a later one."""
        lines: list[str] = []
        self.before = 0
        with closing(self.blocks(_HEAD)) as blocks:
            for block in blocks:  # blank lines only are an empty file, which `blocks` says at its end
                text = block.decode()
                if text.strip():
                    lines = text.split("\n")
                    break
                self.before += text.count("\n")
        blank = next((i for i, line in enumerate(lines) if line.strip()), 0)
        self.before, lines = self.before + blank, lines[blank:]
        self.first = [line for line in lines[:_LINES] if line.strip()]
        ends = (i for i in range(1, len(lines) + 1) if "\n".join(lines[:i]).count('"') % 2 == 0)
        return "\n".join(lines[: next(ends, 1)]) if lines[0].count('"') % 2 else lines[0]

    def blocks(self, size: int = BLOCK) -> Generator[bytes]:
        """Whole lines, at least one a block, of about `size` bytes; only the last line may lack its end."""
        self._rows = 0
        rest, blank = b"", True
        with self._opened() as raw:
            for data in self._pieces(raw, size):
                data = rest + data if rest else data
                end = data.rfind(b"\n") + 1
                rest = data[end:]
                if len(rest) > LONGEST_LINE:
                    raise DataError(
                        Fault(self.place.at(), "lines of text", f"one of over {integer(LONGEST_LINE)} bytes")
                    )
                if end:
                    lines = data[:end] if rest else data
                    blank = blank and not lines.strip()
                    yield self._checked(lines)
            if blank and not rest.strip():
                raise DataError(Fault(self.place.at(), "a header and rows", "an empty file"))
            self.identity = Identity(raw.hash.hexdigest(), raw.n_bytes)
            if rest:
                yield self._checked(rest)

    def _opened(self) -> _Hashing:
        check_ordinary(self.place)
        try:
            return _Hashing(open(self.place.path, "rb"))
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(Fault(self.place.at(), "a file", "none")) from None
        except OSError as error:
            raise DataError(Fault(self.place.at(), "a file that can be read", f"`{error.strerror}`")) from None

    def _pieces(self, raw: _Hashing, size: int) -> Iterator[bytes]:
        """The text as it comes, without BOM, any line end as `\\n`."""
        try:
            start = raw.read(2)
            packed = start == _GZIP or (self.place.path.endswith(".gz") and bool(start))
            stream: Any = gzip.GzipFile(fileobj=io.BufferedReader(_Again(start, raw))) if packed else raw
            start = stream.read(2) if packed else start
            name = _UTF16.get(start, "")
            first, held = True, b"" if name else start
            stream = _FromUtf16(stream, name) if name else stream
            on_disk, unpacked = Path(self.place.path).stat().st_size, 0
            while (data := stream.read(size)) or (first and held):
                if packed:
                    check_unpacked(self.place.at(), unpacked := unpacked + len(data), on_disk)
                data, first = (held + (data or b"")).removeprefix(_BOM) if first else held + data, False
                # a \r at the very end may be half of \r\n
                held = b"\r" if data.endswith(b"\r") else b""
                data = data[: len(data) - len(held)]
                if b"\r" in data:
                    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                yield data
            if held:
                yield b"\n"
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise DataError(Fault(self.place.at(), "a whole gzip file", "one that is cut off or damaged")) from None
        except UnicodeDecodeError as error:
            raise DataError(Fault(self.place.at(), "text in UTF-16", error.reason, _AS_UTF8)) from None
        except OSError as error:
            raise DataError(Fault(self.place.at(), "a file that can be read", f"`{error.strerror}`")) from None

    def _checked(self, data: bytes) -> bytes:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            row = self._rows + data.count(b"\n", 0, error.start) + 1
            found = f"the byte 0x{data[error.start]:02X}{self._kind(data) if self._rows == 0 else ''}"
            mends = "" if "(" in found else _AS_UTF8
            raise DataError(Fault(self.place.at(row), "text in UTF-8", found, mends)) from None
        if (nul := data.find(b"\0")) >= 0:
            row = self._rows + data.count(b"\n", 0, nul) + 1
            found = f"the byte 0x00{self._kind(data) if self._rows == 0 else ''}"
            raise DataError(Fault(self.place.at(row), "text in UTF-8", found, "" if "(" in found else _AS_UTF8))
        self._rows += data.count(b"\n")
        return data

    @staticmethod
    def _kind(data: bytes) -> str:
        """What a file that is no text is, by its first bytes, in brackets."""
        return next((f" ({kind})" for start, kind in _NO_TEXT.items() if data.startswith(start)), "")
