"""Numbers, lists and plurals as text: one way everywhere a person reads, in pages, findings, messages and errors.

Nothing is imported that takes time. What is written for a program (CSS, the key of a table) is not made here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

MISSING: Final = "–"
NBSP: Final = "\u00a0"
MINUS: Final = "−"


def integer(value: float) -> str:
    """`12,345`."""
    return f"{int(value):,}"


def number(value: float, digits: int = 3) -> str:
    """`digits` significant digits, no exponent between 0.001 and a million."""
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    size = abs(float(f"{value:.{digits - 1}e}"))  # as rounded: 9.996 has as many decimals as 10
    if size >= 1e6 or size < 1e-3:
        text = _exponent(f"{value:.{digits - 1}e}")
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{value:,.{decimals}f}"
    return _signed(text) if value < 0 else text


def fixed(value: float, decimals: int = 2, *, plus: bool = False) -> str:
    """So many decimals, whatever the size, for numbers compared with each other; `plus`: always with a sign."""
    return _signed(f"{value:{'+' if plus else ''}.{decimals}f}")


def ratio(value: float) -> str:
    """How many times: `0.62`, `1.40`, `12`; also a difference that stands in the place of one."""
    return fixed(value) if 0.1 <= abs(value) < 9.995 else number(value, 2)


def probability(value: float) -> str:
    """A p or q: two significant digits, as a power of ten below 0.001."""
    if value < 1e-3:
        return _exponent(f"{value:.1e}") if value > 0 else "0"
    return f"{value:.2g}"


def said_probability(name: str, value: float) -> str:
    """`q = 0.02` in a sentence; `q < 0.001` below, for no smaller one is to be believed to its digits."""
    return f"{name} = {probability(value)}" if value >= 1e-3 else f"{name} < 0.001"


def percent(share: float) -> str:
    """A share as per cent: one decimal, `<0.1 %` where it would vanish."""
    if share in (0, 1):
        return f"{100 * share:.0f}{NBSP}%"
    if 0 < share < 0.0005:
        return f"<0.1{NBSP}%"
    if 0.9995 <= share < 1:
        return f">99.9{NBSP}%"
    return f"{100 * share:.1f}{NBSP}%"


def setting(value: float, digits: int = 6) -> str:
    """A number that somebody chose: as they would write it, of at most `digits` significant digits."""
    return f"{float(f'{value:.{digits}g}'):,g}"


def share_setting(share: float) -> str:
    """A share that somebody chose, as per cent."""
    return f"{100 * share:g}{NBSP}%"


def plural(count: int, word: str, words: str | None = None, *, none: str = "0") -> str:
    """`1 ROI`, `3 ROIs`; `none` is said in place of 0."""
    return f"{count or none:{',' if count else ''}} {word if count == 1 else words or word + 's'}"


def all_were(count: int, word: str, words: str, done: str) -> str:
    """`All 24 ROIs were scored`, `The one ROI was scored`."""
    return f"The one {word} was {done}" if count == 1 else f"All {plural(count, word, words)} were {done}"


def a_fold(times: str) -> str:
    """`a 1.7-fold`, `an 11-fold`: the article goes by how the number is spoken."""
    whole = times.split(".")[0]
    return f"{'an' if whole[0] == '8' or whole in ('11', '18') else 'a'} {times}-fold"


def listed(names: Iterable[object], most: int = 6) -> str:
    """`a, b and c`; with more than `most`, those and `5 more`."""
    said = [str(name) for name in names]
    if len(said) > most:
        return f"{', '.join(said[:most])} and {integer(len(said) - most)} more"
    return " and ".join(filter(None, (", ".join(said[:-1]), said[-1]))) if said else ""


def together(phrases: Sequence[str]) -> str:
    """`a and b and c`, of phrases that may hold commas."""
    return " and ".join(phrases)


def either(names: Iterable[object]) -> str:
    """`a or b`."""
    return " or ".join(map(str, names))


def and_more(count: int, word: str) -> str:
    """` (and 3 more rows)` after the first of several; empty where there is no other."""
    return f" (and {plural(count, f'more {word}')})" if count > 0 else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """` (the nearest is `CD8 T cells`)` after a name that is not among `names`; empty where none is like it."""
    import difflib

    lower = {one.lower(): one for one in names}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    return f" (the nearest is `{lower[near[0]]}`)" if near else ""


def _exponent(text: str) -> str:
    return text.replace("e-0", "e-").replace("e+0", "e")


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
