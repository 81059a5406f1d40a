"""Tables and columns of `tumint score`: files of folders, and the columns that nobody named, guessed as `init` does."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.text import listed, plural

DEFAULTS = {"x": "x", "y": "y", "label": "cell_type"}


def tables(paths: Sequence[Path]) -> list[Path]:
    """Files as they stand, and those in folders; raises where a folder has none."""
    from tumint.ingest.recognise import tables_in

    found: list[Path] = []
    for path in paths:
        inside = sorted({*tables_in(path), *path.glob("*.h5ad")}) if path.is_dir() else [path]
        if not inside:
            raise DataError(Fault(str(path), "tables of cells in the folder", "none"))
        found += inside
    return list(dict.fromkeys(found))


def guess_into(a: argparse.Namespace, files: Sequence[Path]) -> list[str]:
    """Fill `a.x`, `a.y`, `a.label`, `a.sample` where nobody named them, and `a.flags`, columns of flags where no column
    names the type; what was guessed, in lines.

    Raises
    ------
    DataError
        A column was not found: which, those that there are, and the option that names it.
    """
    from tumint.io.raw.opening import open_table
    from tumint.io.raw.source import Place

    first = files[0]
    table = open_table(Place(str(first)))
    a.decimal, a.flags = None, []
    for roles in (("x", "y"), ("label",)):  # the names of our own tables need no guess
        if all(getattr(a, role) is None and DEFAULTS[role] in table.header for role in roles):
            for role in roles:
                setattr(a, role, DEFAULTS[role])
    if (a.x is None) != (a.y is None):
        raise DataError(
            Fault(f"{first} header", "columns of both x and y", f"`{a.x or a.y}` alone", _names("--x", "--y"))
        )
    lacking = [role for role in ("x", "y", "label", "sample") if getattr(a, role) is None]
    said = list(_guess(a, lacking, first, alone=len(files) == 1)) if lacking else []
    a.sample = a.sample or None  # "": nobody wants one
    return said


def _guess(a: argparse.Namespace, lacking: Sequence[str], first: Path, *, alone: bool) -> Iterator[str]:
    from tumint.ingest.guess import guess, profiles_of
    from tumint.ingest.plain import lacks
    from tumint.ingest.reader import Asked
    from tumint.io.raw.opening import open_table
    from tumint.io.raw.source import Place

    table = open_table(Place(str(first)))
    found = guess(profiles_of(table), Asked(a.x, a.y, a.label, a.sample))
    a.decimal = found.decimal
    if found.x is None:
        raise DataError(lacks(f"{first} header", ["x", "y"], None, table.header))
    a.flags = found.flags
    if found.label is None and not found.flags:
        raise DataError(lacks(f"{first} header", ["the cell type"], found, table.header))
    # one value in the file: of several files each is one image, whatever that value is
    if "sample" in lacking and found.sample and not alone and found.profiles[found.sample].levels < 2:
        found.sample = None
    said: list[str] = []
    for role in lacking:
        setattr(a, role, getattr(found, role))
        if getattr(a, role) is not None:
            said.append(f"{role} is `{getattr(a, role)}`")
        elif role == "label":
            names = listed((f"`{name}`" for name in found.flags), 4)
            said.append(f"the type is made of the positive flags among {names}, as `tumint init` makes it")
    if "sample" in lacking and a.sample is None and (said or not alone):
        said.append("each file is one sample")
    if found.decimal == "," and table.decimal == ".":
        said.append("numbers have decimal commas")
    if said:
        yield f"guessed: {listed(said)}; {_names(*(f'--{role}' for role in lacking))}"


def _names(*options: str) -> str:
    return f"{listed(f'`{option}`' for option in options)} {'names' if len(options) == 1 else 'name'} others"


def say_files(files: Sequence[Path]) -> Iterator[str]:
    """How many files are read, where they are several."""
    if len(files) > 1:
        yield f"{plural(len(files), 'table')}, from {files[0]} to {files[-1]}"
