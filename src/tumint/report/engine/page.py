"""What a page consists of: its state, findings, sections, figures and tables. Plain data; nothing is rendered here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from tumint.charts.model import Figure

Light = Literal["green", "amber", "red"]
Kind = Literal["text", "int", "number", "log2", "percent", "p", "ratio", "mono", "light", "link"]


@dataclass(frozen=True)
class State:
    """How a stage went: the worst light of its reasons, and the reasons in words."""

    light: Light
    reasons: tuple[str, ...]

    @property
    def word(self) -> str:
        """What the light says, for readers who do not see colours."""
        return {"green": "went well", "amber": "worth a look", "red": "failed in part"}[self.light]


def state(reasons: Sequence[tuple[Light, str]], well: str) -> State:
    """The worst of the lights with all its reasons; green with the sentence `well` where there is none."""
    order = ("green", "amber", "red")
    if not reasons:
        return State("green", (well,))
    return State(max((light for light, _ in reasons), key=order.index), tuple(text for _, text in reasons))


@dataclass(frozen=True)
class Column:
    """A column of a table: where its values are, its heading with the unit, and how they are written."""

    key: str
    label: str
    kind: Kind = "text"
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a page: `columns` of `frame` are shown, all of `frame` goes into the CSV.

    `fold`: evidence that is closed until it is asked for, and not printed; `short`: of which the first rows are.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    frame: pd.DataFrame
    fold: bool = False
    short: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A paragraph that must not be missed."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: Sequence[str]
    title: str = ""


@dataclass(frozen=True)
class Chooser:
    """Figures of which a reader sees one at a time: `(label, figure)`."""

    name: str
    label: str
    figures: Sequence[tuple[str, Figure]]


@dataclass(frozen=True)
class Download:
    """A text, or bytes, that a reader can save: its file name, what it is in a few words, and its kind."""

    name: str
    label: str
    text: str | bytes
    kind: str = "text/yaml"


@dataclass(frozen=True)
class Widget:
    """A part of a page with a template of its own, drawn by the page's script; `anchors`: places in it with a link."""

    template: str
    data: Mapping[str, Any]
    anchors: Sequence[str] = ()


Block = Text | Notice | Items | Table | Figure | Chooser | Download | Widget


@dataclass(frozen=True)
class Section:
    """A titled part of a page; `fold`: closed until it is asked for."""

    title: str
    blocks: Sequence[Block]
    fold: bool = False


@dataclass(frozen=True)
class Number:
    """One of the numbers on the first screen."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """A sentence on the first screen, and the figure or table that shows it: its name, on this page or on another.

    `cells`: the anchor of its cells on the tour, on the same page.
    """

    text: str
    figure: str = ""
    page: str = ""
    label: str = "figure"
    cells: str = ""


@dataclass(frozen=True)
class Page:
    """Everything of a report but its frame (head, navigation, provenance)."""

    stage: str
    title: str
    lead: str
    state: State
    sections: Sequence[Section]
    numbers: Sequence[Number] = ()
    findings: Sequence[str | Finding] = ()
    method: Sequence[str] = ()
    citations: Sequence[str] = ()
    findings_title: str = "In short"
    links: dict[str, str] = field(default_factory=dict)  # only the index: stage → one line


@dataclass(frozen=True)
class Passed:
    """What came out of a stage: the ROIs, and cells in and out where it counts cells."""

    samples: Collection[str]
    cells_in: float | None = None
    cells_out: float | None = None
