"""A long CSV as a page carries it: column by column, numbers as differences of 32 bits; `csvIn` of `page.js` reads it.

A map's table of places takes half of what the packed text would. What comes out is the same text, byte for byte.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence

import numpy as np

_ONE = r"-?\d{1,9}(?:\.\d{1,4})?"
_NUMBERS = re.compile(rf"{_ONE}(?:\n{_ONE})*+")
_DECIMALS = re.compile(r"\.(\d+)")
_ZEROS = re.compile(r"(?<=\d)0+(?=\n|\Z)")
_MOST = 2**30  # of a number without its point, so that differences fit 32 bits


def packed(text: str) -> str | None:
    """The CSV `text`, zlib and base64; None where it has quotes or lines of uneven length, which stay text."""
    lines = text.removesuffix("\n").split("\n")
    rows = [line.split(",") for line in lines]
    if '"' in text or not text.endswith("\n") or len({len(row) for row in rows}) != 1:
        return None
    kinds: list[list[int]] = []  # per column: decimals (-1: text) and bytes
    parts: list[bytes] = []
    for column in zip(*rows[1:], strict=True):
        decimals, body = _column(column)
        kinds.append([decimals, len(body)])
        parts.append(body)
    head = json.dumps([len(rows) - 1, rows[0], kinds], ensure_ascii=False).encode()
    return base64.b64encode(zlib.compress(b"\n".join([head, b"".join(parts)]), 6)).decode("ascii")


def _column(cells: Sequence[str]) -> tuple[int, bytes]:
    """Decimals and bytes: all lowest bytes of the differences, then all second ones, ...; of a text, its lines."""
    text = "\n".join(cells)
    if cells and _NUMBERS.fullmatch(text):
        decimals = max((len(found) for found in set(_DECIMALS.findall(text))), default=0)
        numbers = np.round(np.asarray(cells, float) * 10**decimals).astype(np.int64)
        if np.abs(numbers).max() < _MOST and _written(numbers, decimals) == text:
            steps = np.diff(numbers, prepend=0)
            folded = ((steps << 1) ^ (steps >> 63)).astype("<u4")  # small ones of either sign are small
            return decimals, np.ascontiguousarray(folded.view(np.uint8).reshape(-1, 4).T).tobytes()
    return -1, text.encode()


def _written(numbers: np.ndarray, decimals: int) -> str:
    """A line each, as pandas writes it, and `csvIn` does; all at once, as a map has tens of thousands."""
    if not decimals:
        return "\n".join(map(str, numbers.tolist()))
    # of at most 2**30, in ten-thousandths, a float has all digits
    text = "\n".join([f"%.{decimals}f"] * len(numbers)) % tuple((numbers / 10**decimals).tolist())
    return _ZEROS.sub("", text)
