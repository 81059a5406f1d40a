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

_NUMBER = re.compile(r"-?\d{1,9}(?:\.(\d{1,4}))?")
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
    found = [_NUMBER.fullmatch(cell) for cell in cells]
    if cells and all(found):
        decimals = max(len(match[1] or "") for match in found if match)
        numbers = np.round(np.asarray(cells, float) * 10**decimals).astype(np.int64)
        if np.abs(numbers).max() < _MOST and [_written(int(n), decimals) for n in numbers] == list(cells):
            steps = np.diff(numbers, prepend=0)
            folded = ((steps << 1) ^ (steps >> 63)).astype("<u4")  # small ones of either sign are small
            return decimals, np.ascontiguousarray(folded.view(np.uint8).reshape(-1, 4).T).tobytes()
    return -1, "\n".join(cells).encode()


def _written(number: int, decimals: int) -> str:
    """As pandas writes it, and `csvIn` does."""
    if not decimals:
        return str(number)
    sign, digits = "-" if number < 0 else "", str(abs(number)).zfill(decimals + 1)
    part = digits[-decimals:].rstrip("0") or "0"
    return f"{sign}{digits[:-decimals]}.{part}"
