"""What stands where a number should be, and what mends it: decimal commas, thousands separators, dates."""

from __future__ import annotations

import re

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
_MINUS = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")


def remedy(text: str) -> str:
    """What mends a number that is written so; empty where nothing is known of it."""
    text = text.strip()
    if _EITHER.fullmatch(text):
        return f"{DECIMAL}; if the comma parts thousands, {THOUSANDS}"
    if _COMMA.fullmatch(text):
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
