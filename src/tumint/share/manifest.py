"""The list of all files of a crate with their SHA-256, which is how `verify` knows that one is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text
from tumint.provenance import file_sha256
from tumint.text import and_more

NAME = "manifest-sha256.txt"
_SELF = "this list"
_SHOWN = 10


def write(folder: Path) -> int:
    """List every file of `folder`; how many there are. The last line is the hash of those before it."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    lines = "".join(f"{file_sha256(folder / name)}  {name}\n" for name in names if name != NAME)
    write_text(folder / NAME, f"{lines}{_digest(lines)}  {_SELF}\n")
    return len(names)


def check(folder: Path) -> int:
    """How many files were looked at; files that the list does not name are not looked at.

    Raises
    ------
    DataError
        One line for each file that is gone or holds something else; or the list itself was changed.
    """
    known = _read(folder / NAME)
    faults = list(_broken(folder, known))
    if faults:
        more = [and_more(len(faults) - _SHOWN, "file")] if len(faults) > _SHOWN else []
        raise DataError([*faults[:_SHOWN], *more])
    return len(known)


def unlisted(folder: Path) -> list[str]:
    """Files of `folder` that its list does not name, such as what a run wrote there later."""
    known = _read(folder / NAME)
    found = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    return [name for name in found if name not in known and name != NAME]


def _read(path: Path) -> dict[str, str]:
    """`{file: hash}`."""
    if not path.is_file():
        raise DataError(Fault(str(path), "the list of files of what `tumint share` wrote", "none"))
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    if not lines or lines[-1] != f"{_digest(''.join(lines[:-1]))}  {_SELF}\n":
        raise DataError(Fault(str(path), "the list as it was written", "a changed one"))
    return {name.rstrip("\n"): digest for digest, _, name in (line.partition("  ") for line in lines[:-1])}


def _broken(folder: Path, known: dict[str, str]) -> Iterator[Fault]:
    for name, digest in known.items():
        inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        path = folder / name
        if not inside or not path.is_file():
            yield Fault(str(path), "a file of the crate", "none" if inside else "a path that leads out of it")
        elif file_sha256(path) != digest:
            yield Fault(str(path), "what was shared", "another content")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
