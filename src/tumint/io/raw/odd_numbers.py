"""What stands where a number should be: thousands separators that can be nothing else, which are read, and what mends
decimal commas, other separators, dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

DECIMAL = '`ingest.decimal: ","` reads decimal commas'
THOUSANDS = "write numbers without thousands separators"
_SPACES = r"\s\u00a0\u2009\u202f'\u2019"
_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_GROUPS = re.compile(rf"[+-]?\d{{1,3}}([{_SPACES},.]\d{{3}})+([.,]\d+)?")
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}( .*)?|\d{1,2}[-. /]{0,2}[^\W\d]{3,9}\.?([- /]\d{2,4})?|[^\W\d]{3,9}[-. ]\d{2,4}"
)
_UNIT = re.compile(r"[+-]?\d+([.,]\d+)?\s*[^\W\d_%][\w\u00b2\u00b5\u03bc/]*|[+-]?\d+([.,]\d+)?\s*%")
_GERMAN = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+")
_PARTED = "\u00a0\u2009\u202f'\u2019 "  # what parts thousands and is no decimal mark anywhere
_MINUS = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")


def remedy(text: str) -> str:
    """What mends a number that is written so; empty where nothing is known of it."""
    text = text.strip()
    if _EITHER.fullmatch(text):
        return f"{DECIMAL}; if the comma parts thousands, {THOUSANDS}"
    if _COMMA.fullmatch(text) or _GERMAN.fullmatch(text):
        return DECIMAL
    if _GROUPS.fullmatch(text):
        return THOUSANDS
    if _DATE.fullmatch(text):
        return "a spreadsheet made a date of it: format the column as text before numbers are pasted"
    if text.startswith("#"):
        return "an error of a spreadsheet's formula: leave the field empty"
    if _MINUS.search(text):
        return "write the minus as `-`"
    if _UNIT.fullmatch(text):
        return "write numbers without a unit"
    return ""


def is_comma(text: str) -> bool:
    """Whether this is a number with a decimal comma, and can be nothing else."""
    return _COMMA.fullmatch(text) is not None and _EITHER.fullmatch(text) is None


def thousands_mark(texts: Iterable[str], decimal: str, missing: Collection[str] = (), *, whole: bool = False) -> str:
    """What parts the thousands of a column of numbers, empty where nothing does or it could be something else.

    Parameters
    ----------
    decimal
        The decimal mark of the table, which parts no thousands.
    missing
        Texts, in lower case, that stand for no value.
    whole
        Whether all numbers are whole: a comma before three digits is no decimal mark then.

    It can be nothing else where every number has groups of three digits as far as it is long enough, by one mark, and
    that mark is a space or an apostrophe, or stands twice in a number or before the decimal mark: `1,234.5` and not
    `1,234`, which is 1.234 to half of the world.
    """
    there = [text for text in (one.strip() for one in texts) if text.lower() not in missing]
    joined, point = "\n".join(there), re.escape(decimal)
    for mark in (",", ".", *_PARTED):
        if mark == decimal or mark not in joined:
            continue
        part = re.escape(mark)
        fits = re.compile(rf"[+-]?(\d{{1,3}}|[1-9]\d{{0,2}}({part}\d{{3}})+)({point}\d+)?([eE][+-]?\d+)?")
        sure = re.compile(rf"[+-]?\d+({part}\d{{3}}){{2,}}.*|[+-]?\d+({part}\d{{3}})+{point}\d.*")
        if not all(map(fits.fullmatch, there)):
            return ""
        return mark if mark not in ",." or (whole and mark == ",") or any(map(sure.fullmatch, there)) else ""
    return ""
