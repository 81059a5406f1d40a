"""What a verb writes is nothing that it reads, and replaces nothing that tumint did not write, unless it is told to."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumint.errors import Fault, TumintError

if TYPE_CHECKING:
    from tumint.io.contracts import Contract

_HEAD = 1 << 16
_GENERATOR = b'<meta name="generator" content="tumint '


def add_overwrite(parser: Any) -> None:
    """Add the option."""
    parser.add_argument("--overwrite", action="store_true", help="replace a file that tumint did not write")


def check_output(a: argparse.Namespace, kind: Contract | None = None, inputs: Iterable[str | Path] = ()) -> None:
    """Refuse `a.out` where it is also read, or holds what `kind` of tumint's tables, or its pages, do not hold.

    Parameters
    ----------
    kind
        The table that is written; None: whatever tumint writes may be replaced.
    inputs
        What is read besides the paths among the options.

    Raises
    ------
    TumintError
        One line; nothing was written.
    """
    out: Path = a.out
    if not os.path.lexists(out):
        return
    for path in (*_paths(a), *inputs):
        if os.path.exists(path) and out.exists() and os.path.samefile(path, out):
            raise TumintError(Fault("-o", "another file than those that are read", f"`{out}`"))
    if out.is_dir():
        if out.suffix.lower() in (".csv", ".parquet", ".h5ad", ".html"):
            raise TumintError(Fault("-o", "a file", f"the folder `{out}`"))
    elif not a.overwrite and not _is_ours(out, kind):
        raise TumintError(Fault("-o", "a new file, or --overwrite", f"`{out}`, which this command did not write"))


def check_folder(a: argparse.Namespace, names: Iterable[str]) -> None:
    """`check_output` of each of the files `names` that are written into the folder `a.out`."""
    for name in names:
        check_output(argparse.Namespace(**{**vars(a), "out": a.out / name}))


def _paths(a: argparse.Namespace) -> Iterator[Path]:
    for name, value in vars(a).items():
        if name != "out":
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Path))


def _is_ours(path: Path, kind: Contract | None) -> bool:
    """By what stands in the file; one without a byte has nothing to lose."""
    if not path.is_file():
        return not path.exists()  # a link to nothing; no pipe or device
    with open(path, "rb") as handle:
        head = handle.read(_HEAD)
    columns = list(kind.columns) if kind is not None else []
    if not head:
        return True
    match path.suffix.lower():
        case ".html":
            return _GENERATOR in head
        case ".svg":
            return b"<dc:title>tumint</dc:title>" in head
        case ".pdf":
            return b"/Creator (tumint)" in path.read_bytes()
        case ".csv":
            header = head.partition(b"\n")[0].decode("utf-8", "replace").split(",")
            return bool(columns) and header[: len(columns)] == columns
        case ".parquet":
            return _parquet_is_ours(path, columns)
        case ".h5ad":
            return _h5ad_is_ours(path)
        case ".json":
            return _json_is_ours(path)
    return False


def _json_is_ours(path: Path) -> bool:
    from tumint import keys as k

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and k.META in found


def _parquet_is_ours(path: Path, columns: list[str]) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tumint import keys as k

    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError):
        return False
    return k.META.encode() in (schema.metadata or {}) and schema.names[: len(columns)] == columns


def _h5ad_is_ours(path: Path) -> bool:
    import h5py

    from tumint import keys as k

    try:
        with h5py.File(path, "r") as file:
            return f"uns/{k.META}" in file
    except OSError:
        return False
