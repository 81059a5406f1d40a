"""What `tumint init` decided, as one table on the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tumint.init.start import Started
from tumint.text import listed

_WIDE = 116


def lines(started: Started) -> Iterator[str]:
    """The table: what, the decision, the evidence; then what was not used and why, then what a person must do."""
    rows = [("", "decided", "from"), *((one.what, one.value, one.evidence) for one in started.decided)]
    if started.decided:
        first = max(len("not used"), *(len(row[0]) for row in rows))
        second = min(34, max(len(row[1]) for row in rows))
        for what, value, evidence in rows:
            left, right = textwrap.wrap(value, second) or [""], textwrap.wrap(evidence, _WIDE - first - second)
            for i in range(max(len(left), len(right))):
                cells = (what if i == 0 else "", left[i] if i < len(left) else "", right[i] if i < len(right) else "")
                yield f"  {cells[0].ljust(first)}  {cells[1].ljust(second)}  {cells[2]}".rstrip()
        reasons: dict[str, list[str]] = {}
        for column, why in started.unused.items():
            reasons.setdefault(why, []).append(column)
        for i, (why, columns) in enumerate(reasons.items()):
            for j, text in enumerate(textwrap.wrap(f"{listed(columns, 6)}: {why}", _WIDE - first)):
                yield f"  {('not used' if i == j == 0 else '').ljust(first)}  {text}"
    yield from (f"check: {text}" for text in started.check)
