"""The sample sheet: one row per ROI, read as text, every fault named with its row and sample.

`sample`, `subject` and `path` are needed, `part` says which part of the file the sample is where a file holds several,
`pixel_size_um` is a positive number where it is there, and every other column is a variable of the design.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault, SheetError
from tumint.io.kinds import EMPTY, oddity
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.io.steady import unchanged
from tumint.text import listed, nearest

_NUMBER = re.compile(r"^([+-]?\d+(,\d+)?)?$")
_LONGEST_SHOWN = 300  # characters of a path in a message
_LONGEST_NAME = 100  # bytes: many file systems end at 255 for a name and all that is put around it
# characters without a width that `str.isprintable` lets through: fillers, joiners and selectors of variants
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def read_sheet(
    path: str | Path, *, data: str | Path | None = None, check_files: bool = True, subject: str = k.SUBJECT
) -> pd.DataFrame:
    """Read and check a sample sheet.

    Parameters
    ----------
    path
        Any table that `io.raw` reads: TSV, or CSV where the name ends in `.csv`; UTF-8, with or without BOM.
    data
        Folder that `path` of each row is relative to; default the folder of the sheet.
    check_files
        False where only the design matters: then neither the column `path` nor its files need be there.
    subject
        Column that names the subject; it becomes `subject`.

    Returns
    -------
    One row per sample, in the order of the sheet: text columns, `path` joined to `data`, `pixel_size_um` float.

    Raises
    ------
    SheetError
        One line for every fault: a missing or repeated column, a row with another number of fields, an empty, odd or
        repeated sample, an empty subject, a file that is not there, a pixel size that is not a positive number.
    """
    try:
        with unchanged([path]):
            sheet, numbers = _read_rows(path, (k.SAMPLE, subject, *([k.PATH] if check_files else [])))
    except DataError as error:
        raise SheetError(error.faults) from None
    if not numbers:
        raise SheetError(Fault(str(path), "at least one sample", "a header only"))
    folder = Path(data) if data is not None else Path(path).parent
    if k.PATH in sheet:
        sheet[k.PATH] = [str(folder / p) if p else "" for p in sheet[k.PATH]]
    return _checked(sheet, numbers, path, subject, check_files=check_files)


def sheet_of(table: Table, subject: str = k.SUBJECT) -> pd.DataFrame:
    """What `read_sheet` returns without files, of an open table."""
    try:
        sheet, numbers = _rows_of(table, (k.SAMPLE, subject))
    except DataError as error:
        raise SheetError(error.faults) from None
    return _checked(sheet, numbers, table.place.path, subject, check_files=False)


def _checked(
    sheet: pd.DataFrame, numbers: list[int], path: str | Path, subject: str, *, check_files: bool
) -> pd.DataFrame:
    sheet[k.SUBJECT] = sheet[subject]
    faults: list[Fault | str] = [*_check_rows(sheet, numbers, path, check_files=check_files)]
    if faults:
        raise SheetError(faults)
    if k.PIXEL_SIZE_UM in sheet:
        sheet[k.PIXEL_SIZE_UM] = sheet[k.PIXEL_SIZE_UM].astype(float)
    return sheet


def without(sheet: pd.DataFrame, exclude: Iterable[str]) -> pd.DataFrame:
    """The rows of the sheet but for those whose sample or subject is excluded."""
    names = list(exclude)
    out = sheet[k.SAMPLE].isin(names) | sheet[k.SUBJECT].isin(names)
    return sheet[~out].reset_index(drop=True) if out.any() else sheet


def check_excluded(sheet: pd.DataFrame, exclude: Iterable[str], path: str, where: str) -> list[Fault | str]:
    """Faults of what is excluded from the whole `sheet`: a name that is no sample or subject, or nothing left."""
    there = [*dict.fromkeys(sheet[k.SUBJECT]), *sheet[k.SAMPLE]]
    key, expected = f"{where}: key `exclude`", f"samples or subjects of {path}"
    names = list(exclude)
    faults: list[Fault | str] = [
        Fault(key, expected, f"`{name}`{nearest(name, there)}") for name in names if name not in there
    ]
    if not faults and without(sheet, names).empty:
        faults.append(Fault(key, "some sample to be left", "all excluded"))
    return faults


def _read_rows(path: str | Path, needed: Iterable[str]) -> tuple[pd.DataFrame, list[int]]:
    """The rows as text and their numbers (the header is row 1); rows without any text are left out."""
    if (odd := oddity(path)) and odd != EMPTY:  # asked first, because to open a pipe is to wait
        raise DataError(Fault(str(path), "a sample sheet", "no file" if odd == "none" else odd))
    return _rows_of(open_table(Place(str(path))), needed)


def _rows_of(table: Table, needed: Iterable[str]) -> tuple[pd.DataFrame, list[int]]:
    if lacking := [f"`{column}`" for column in needed if column not in table.header]:
        columns = "a column" if len(lacking) == 1 else "columns"
        table.faults.append(Fault(table.place.at("header"), f"{columns} {listed(lacking)}", ", ".join(table.header)))
    for column in sorted({c for c in table.header if table.header.count(c) > 1}):
        expected = f"each column once, not `{column}` twice"
        table.faults.append(Fault(table.place.at("header"), expected, ", ".join(table.header)))
    try:  # the rows are looked at even where the header is wrong, so that one look shows everything
        table.load(dict.fromkeys(table.header))
    except DataError as error:
        table.faults += error.faults
    table.stop_on_faults()
    sheet = pd.DataFrame({name: table.names(name) for name in table.header}, dtype=object)
    if table.decimal == ",":  # columns of numbers, as a spreadsheet writes them between `;`
        for name in table.header:
            if (sheet[name] == "").all() or not all(_NUMBER.match(value) for value in sheet[name]):
                continue
            sheet[name] = [value.replace(",", ".") for value in sheet[name]]
    filled = (sheet != "").any(axis=1).to_numpy()
    return sheet[filled].reset_index(drop=True), [int(number) for number in table.rows[filled]]


def _check_rows(sheet: pd.DataFrame, numbers: list[int], path: str | Path, *, check_files: bool) -> Iterable[Fault]:
    first: dict[str, int] = {}
    sources: dict[tuple[str, str], int] = {}
    for number, row in zip(numbers, sheet.to_dict("records"), strict=True):
        sample = row[k.SAMPLE]
        where = f"{path} row {number} (sample {sample or 'without a name'})"
        if wrong := odd_name(k.SAMPLE, sample):
            yield Fault(where, *wrong)
        if sample in first:
            yield Fault(where, "each `sample` once", f"`{sample}` in row {first[sample]} too")
        first.setdefault(sample, number)
        if not row[k.SUBJECT]:
            yield Fault(where, "`subject` to name the animal or patient", "an empty field")
        elif wrong := odd_name(k.SUBJECT, row[k.SUBJECT]):
            yield Fault(where, *wrong)
        if check_files and (not row[k.PATH] or oddity(row[k.PATH]).startswith("none")):
            yield Fault(where, "`path` to be a file or folder", f"`{row[k.PATH][:_LONGEST_SHOWN]}`")
        elif check_files and (source := (row[k.PATH], row.get(k.PART, ""))) in sources:
            # the same cells as two samples would count twice
            found = f"`{' '.join(filter(None, source))}` in row {sources[source]} too"
            yield Fault(where, "each `path`, with its `part`, once", found)
        elif check_files:
            sources[source] = number
        if k.PIXEL_SIZE_UM in row and not is_positive(row[k.PIXEL_SIZE_UM]):
            yield Fault(where, f"`{k.PIXEL_SIZE_UM}` to be a positive number", f"`{row[k.PIXEL_SIZE_UM]}`")


def odd_name(column: str, name: str) -> tuple[str, str] | None:
    """What was expected of a name that programs, file systems or people would misread, and what was found; else None.

    Only a `sample` may hold no spaces, slashes and `|`: a mouse may be called 12/345. Names that differ by case alone
    are refused before a run (`config.named`), because they are one animal typed twice far more often than two.
    """
    shown = "".join(ascii(c)[1:-1] if _INVISIBLE.match(c) or not c.isprintable() else c for c in name)
    if name.startswith("-"):
        return f"`{column}` not to begin with `-`, as an option does", f"`{shown[:_LONGEST_NAME]}`"
    if name in {".", ".."}:
        return f"`{column}` to be a name", f"`{name}`, which means a folder"
    if (n_bytes := len(name.encode("utf-8", "surrogatepass"))) > _LONGEST_NAME:
        return f"`{column}` of at most {_LONGEST_NAME} bytes", f"{n_bytes}, `{shown[:20]}...`"
    if column == k.SAMPLE and (not name or re.search(r"[\s/\\|]", name)):
        return "`sample` to be a name without spaces, slashes or `|`", f"`{shown}`"
    return None if shown == name else (f"`{column}` without invisible characters", f"`{shown}`")


def is_finite(text: str) -> bool:
    """Whether a field is a number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def is_positive(text: str) -> bool:
    """Whether a field is a number above 0."""
    return is_finite(text) and float(text) > 0
