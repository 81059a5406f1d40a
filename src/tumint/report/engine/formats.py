"""A value as a table of a report shows it; how numbers are written is `tumint.text`. A missing value is a dash."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from tumint import text
from tumint.report.engine.page import Kind

_SMALLEST = 1e-4


def is_missing(value: Any) -> bool:
    """None, NaN, NaT or an empty text."""
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and math.isnan(value))


def said(sentence: str) -> Markup:
    """A sentence for HTML: escaped, what stands between backticks as code, and no line break within `q < 0.1`."""
    kept = re.sub(r"\b([pq]) ([<=]) (?=\d)", rf"\1{text.NBSP}\2{text.NBSP}", sentence)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(kept))))


def cell(value: Any, kind: Kind) -> str:
    """A value as a table shows it."""
    if is_missing(value):
        return text.MISSING
    match kind:
        case "int":
            return text.integer(value)
        case "number":
            return text.number(float(value))
        case "log2":
            return text.fixed(float(value))
        case "ratio":
            return text.ratio(float(value))
        case "percent":
            return text.percent(float(value))
        case "p":  # from some animals, no smaller p is to be believed to its digits; the CSV holds them
            return text.probability(float(value)) if value >= _SMALLEST else f"<{text.setting(_SMALLEST)}"
        case _:
            return str(value)
