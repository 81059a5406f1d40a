"""Numbers and words of a chart for JSON. Text that comes from data is escaped: plotly reads a little HTML in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
import pandas as pd


def numbers(values: Any) -> list[float | None]:
    """Numbers for JSON, rounded to what a screen can show; what is missing or infinite is null."""
    return [float(f"{v:.6g}") if math.isfinite(v) else None for v in np.asarray(values, float).tolist()]


def pixels(points: float) -> float:
    """Length in px of one in matplotlib's points."""
    return round(points * 96 / 72, 1)


def said(rows: pd.DataFrame, hover: Mapping[str, str]) -> list[str]:
    """What a reader sees who points at a row."""
    heads = {column: f"{escape(label)}{': ' if label else ''}" for column, label in hover.items()}
    parts = [[head + value(v) for v in rows[column].tolist()] for column, head in heads.items()]
    return ["<br>".join(line) for line in zip(*parts, strict=True)] if parts else [""] * len(rows)


def value(of: Any) -> str:
    """A value in words: three digits of a number and those before its point, a true minus."""
    if isinstance(of, float):
        text = f"{of:,.0f}" if 1000 <= abs(of) < 1e9 else f"{of:.3g}"
        return "–" if math.isnan(of) else text.replace("-", "−")
    return _escaped(str(of))


@lru_cache(10_000)
def _escaped(text: str) -> str:
    """A name as HTML: the same few names come again in thousands of rows."""
    return escape(text)
