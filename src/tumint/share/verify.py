"""`tumint verify`: whether a crate, packed or unpacked, holds what was shared, byte for byte."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.share import manifest


@dataclass(frozen=True)
class Found:
    """How many files are as they were shared, and which are there besides."""

    files: int
    more: list[str]


def verify(crate: Path) -> Found:
    """Look at every file of a zip or a folder.

    Raises
    ------
    DataError
        It is no crate of ours, or one line for each file that is gone or was changed.
    """
    if crate.is_dir():
        return Found(manifest.check(crate), manifest.unlisted(crate))
    if not crate.is_file() or not zipfile.is_zipfile(crate):
        found = f"`{crate}`, which is {'none of these' if crate.exists() else 'not there'}"
        raise DataError(Fault("verify", "a zip that `tumint share` wrote, or the folder it was unpacked to", found))
    with tempfile.TemporaryDirectory(dir=crate.parent, prefix=".tmp-verify-") as folder:
        _unpack(crate, Path(folder))
        return Found(manifest.check(Path(folder)), manifest.unlisted(Path(folder)))


def _unpack(crate: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(crate) as file:
            if broken := file.testzip():
                raise DataError(Fault(str(crate), "what was shared", f"another content in `{broken}`"))
            file.extractall(folder)  # leads out of the folder for no name: zipfile takes `..` and roots away
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(Fault(str(crate), "a whole zip", f"a damaged one ({error})")) from None
