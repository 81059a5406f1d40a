"""A drawing as a page carries it: the same lines and words as in its file, in a third of the bytes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

_GROUP = re.compile(r'<g id="[^"]*"')
_BETWEEN = re.compile(r">\s+<")
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'( id="|xlink:href="#|url\(#)([^")]*)')
_STILL = re.compile(r' transform="rotate\(-?0 [^"]*\)"')
_STYLE = re.compile(r' style="[^"]*"')
_FONT = "font-family:'DejaVu Sans', sans-serif;"  # said once, by the drawing
_PLACE = re.compile(r'(?<= )(?:x|y|transform)="[^"]*"')
_LENGTH = re.compile(r"-?\d+\.\d{3,}")
_PATH = re.compile(r' d="([^"]*)"')
_LINES = re.compile(r"[MLz\d\s.e-]*")
_STEPS = re.compile(r"([ML]) (\S+) (\S+)|z")
# one after the other of the same looks: lines, markers in groups of their own, markers
_LINE = re.compile(r'<path d="([^"]*)"((?: clip-path="[^"]*")? style="fill:none;[^"]*")/>')
_CLIPPED = re.compile(r'<g (clip-path="[^"]*")>(<use [^>]*/>)</g>')
_MARKER = re.compile(r'(<use [^>]*?) (style="[^"]*")/>')
_RUN_OF_LINES = re.compile(r'(?:<path d="[^"]*"(?: clip-path="[^"]*")? style="fill:none;[^"]*"/>){2,}')
_RUN_OF_CLIPPED = re.compile(r'(?:<g clip-path="[^"]*"><use [^>]*/></g>){2,}')
_RUN_OF_MARKERS = re.compile(r'(?:<use [^>]*? style="[^"]*"/>){2,}')
_SEE_THROUGH = re.compile(r"[\";]opacity:")  # of two that lie on one another, which a group would be only once


def tightened(text: str, mark: str) -> str:
    """Lengths to a hundredth of a point, lines as steps, short ids with `mark` in front, looks said once.

    Groups lose their ids: nothing refers to them, as matplotlib names clips and markers only.
    """
    text = _BETWEEN.sub("><", _GROUP.sub("<g", text))
    ids = {name: f"{mark}-{number}" for number, name in enumerate(dict.fromkeys(_ID.findall(text)))}
    text = _REFERENCE.sub(lambda found: found[1] + ids.get(found[2], found[2]), text)
    text = _STYLE.sub(lambda style: style[0].replace(": ", ":").replace("; ", ";").replace(_FONT, ""), text)
    text = _PLACE.sub(lambda place: _LENGTH.sub(_rounded, place[0]), _STILL.sub("", text))
    return _looks_once(_PATH.sub(lambda path: f' d="{_path(path[1])}"', text))


def _looks_once(text: str) -> str:
    """Lines of one look that follow each other as one path, markers of one look in one group."""
    text = _RUN_OF_LINES.sub(lambda run: "".join(_joined(_LINE.findall(run[0]), _one_path)), text)
    text = _RUN_OF_CLIPPED.sub(lambda run: "".join(_joined(_CLIPPED.findall(run[0]), _one_clip, key=0)), text)
    return _RUN_OF_MARKERS.sub(lambda run: "".join(_joined(_MARKER.findall(run[0]), _one_group)), text)


def _joined(
    found: Sequence[tuple[str, str]], write: Callable[[str, Sequence[str]], str], key: int = 1
) -> Iterator[str]:
    """`write(look, parts)` for every run of one look, which is the part `key` of what was found."""
    for look, run in itertools.groupby(found, key=itemgetter(key)):
        parts = [one[1 - key] for one in run]
        if _SEE_THROUGH.search(look):
            yield from (write(look, [part]) for part in parts)
        else:
            yield write(look, parts)


def _one_path(look: str, ways: Sequence[str]) -> str:
    return f'<path d="{"".join(ways)}"{look}/>'


def _one_clip(clip: str, markers: Sequence[str]) -> str:
    return f"<g {clip}>{''.join(markers)}</g>"


def _one_group(look: str, markers: Sequence[str]) -> str:
    if len(markers) == 1:
        return f"{markers[0]} {look}/>"
    return f"<g {look}>{''.join(f'{marker}/>' for marker in markers)}</g>"


def _rounded(length: re.Match[str]) -> str:
    return _hundredths(round(float(length[0]) * 100))


def _hundredths(value: int) -> str:
    """`-1234` as `-12.34`, as short as can be."""
    sign, (whole, part) = "-" if value < 0 else "", divmod(abs(value), 100)
    decimals = f"{part:02d}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def _path(steps: str) -> str:
    """A path of straight lines, each point as its way from the one before; another path with its lengths rounded.

    Level and upright steps one after the other in the same direction are one.
    """
    if not _LINES.fullmatch(steps):
        return re.sub(r"\s*([MLCQz])\s*", r"\1", _LENGTH.sub(_rounded, steps))
    moves: list[tuple[str, int, int]] = []
    x = y = 0
    for kind, to_x, to_y in (found.groups() for found in _STEPS.finditer(steps)):
        if kind is None:
            moves.append(("z", 0, 0))
            continue
        new_x, new_y = round(float(to_x) * 100), round(float(to_y) * 100)
        dx, dy = new_x - x, new_y - y
        x, y = new_x, new_y
        if kind == "M":
            moves.append(("M", x, y))
            continue
        way = "h" if dy == 0 else "v" if dx == 0 else "l"
        last = moves[-1] if moves else ("", 0, 0)
        if way != "l" and last[0] == way and last[1] * dx >= 0 and last[2] * dy >= 0:
            dx, dy = dx + last[1], dy + last[2]
            moves.pop()
        moves.append((way, dx, dy))
    return "".join(_move(*move, after=before[0]) for move, before in zip(moves, [("", 0, 0), *moves], strict=False))


def _move(kind: str, x: int, y: int, after: str) -> str:
    if kind in ("z", "h", "v"):
        return kind + {"z": "", "h": _hundredths(x), "v": _hundredths(y)}[kind]
    both = _hundredths(x) + ("" if y < 0 else " ") + _hundredths(y)
    return (("" if x < 0 else " ") if kind == after == "l" else kind) + both
