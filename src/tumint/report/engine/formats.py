"""Numbers as text: sensible digits, one way everywhere. A missing number is a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tumint.report.engine.page import Kind

MISSING, NBSP = "–", "\u00a0"


def is_missing(value: Any) -> bool:
    """None, NaN, NaT or an empty text."""
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and math.isnan(value))


def integer(value: float) -> str:
    """`12,345`."""
    return f"{int(value):,}"


def number(value: float, digits: int = 3) -> str:
    """`digits` significant digits, no exponent between 0.001 and a million."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        text = f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e")
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if value < 0 else text


def probability(value: float) -> str:
    """A p or q: two significant digits, as a power of ten below 0.001."""
    if value < 1e-3:
        return f"{value:.1e}".replace("e-0", "e-") if value > 0 else "0"
    return f"{value:.2g}"


def percent(share: float) -> str:
    """A share as per cent: one decimal, `<0.1 %` where it would vanish."""
    if share in (0, 1):
        return f"{100 * share:.0f}{NBSP}%"
    if 0 < share < 0.0005:
        return f"<0.1{NBSP}%"
    if 0.9995 <= share < 1:
        return f">99.9{NBSP}%"
    return f"{100 * share:.1f}{NBSP}%"


def setting(value: float) -> str:
    """A number that somebody chose: as they would write it."""
    return f"{value:,g}"


def share_setting(share: float) -> str:
    """A share that somebody chose, as per cent."""
    return f"{100 * share:g}{NBSP}%"


def ratio(value: float) -> str:
    """How many times: `0.62`, `1.40`, `12`."""
    return f"{value:.2f}" if 0.1 <= value < 9.995 else number(value, 2)


def cell(value: Any, kind: Kind) -> str:
    """A value as a table shows it."""
    if is_missing(value):
        return MISSING
    match kind:
        case "int":
            return integer(value)
        case "number":
            return number(float(value))
        case "log2":
            return f"{float(value):.2f}".replace("-", "−")
        case "ratio":
            return ratio(float(value))
        case "percent":
            return percent(float(value))
        case "p":
            return probability(float(value))
        case _:
            return str(value)


def plural(count: int, word: str, words: str | None = None) -> str:
    """`1 ROI`, `3 ROIs`."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; from `most` on, `a, b, ... and 5 more`."""
    names = [str(name) for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
