"""What must not leave: paths of this machine, and columns of the sheet that stay behind, looked for in every file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from tumint.errors import Fault

_CODE = re.compile(r"(?=.*\d)\S.{4,}\S")  # a value that tells who: six characters or more, one of them a digit
_LEAST_PATH = 6  # characters: `/root` and the like are in too many texts to mean anything


def machine_paths() -> list[str]:
    """The home folder of whoever runs this, and the folder it runs in."""
    places = {os.path.expanduser("~"), os.path.abspath("."), os.path.realpath(".")}
    return sorted(place for place in places if len(place) >= _LEAST_PATH)


def telling(left_out: pd.DataFrame, kept: pd.DataFrame) -> list[str]:
    """Values of the columns that stay behind which point to somebody, such as a number of a patient or a date."""
    stays = {str(value) for name in kept for value in kept[name]}
    values = {str(value) for name in left_out for value in left_out[name]} - stays
    return sorted(value for value in values if _CODE.fullmatch(value) and not any(value in other for other in stays))


def found(folder: Path, columns: Iterable[str], words: Iterable[str]) -> Iterator[Fault]:
    """A fault for each file with one of `columns` in its header, or one of `words` anywhere."""
    names, needles = set(columns), [word.encode() for word in words]
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        where = path.relative_to(folder).as_posix()
        if header := sorted(names.intersection(_header(path))):
            yield Fault(where, "no column that stays behind", f"`{header[0]}`")
        for needle in needles:
            if any(needle in piece for piece in _pieces(path)):
                yield Fault(where, "nothing that stays behind", f"`{needle.decode()}`")


def _header(path: Path) -> list[str]:
    """Names of the columns of a table, as far as it says them."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    if path.suffix == ".h5ad":
        import h5py

        with h5py.File(path, "r") as file:
            return [str(name) for name in file["obs"]]
    if path.suffix in (".csv", ".tsv"):
        with open(path, encoding="utf-8", errors="replace") as file:
            return [name.strip('"') for name in re.split(r"[,;\t]", file.readline().rstrip("\n"))]
    return []


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and the texts that it holds packed."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        for name in table.column_names:
            if pa.types.is_string(table[name].type) or pa.types.is_dictionary(table[name].type):
                texts = table[name].combine_chunks().cast(pa.string()).unique().to_pylist()
                yield "\n".join(text for text in texts if text is not None).encode()
    if path.suffix == ".h5ad":
        yield from _texts(path)


def _texts(path: Path) -> Iterator[bytes]:
    import h5py

    found: list[bytes] = []

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype):
            values = item.asstr()[()]
            found.append((values if isinstance(values, str) else "\n".join(values.ravel())).encode())

    with h5py.File(path, "r") as file:
        file.visititems(look)
    yield from found
