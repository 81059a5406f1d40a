"""Figures that a module of a stage's room brings to its page, without an edit of the page.

A module in `tumint/report/<stage>/` lists them as `FIGURES`; see `docs/contributing/figure.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tumint.charts.model import Figure
from tumint.discover import listed
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Page, Section


@dataclass(frozen=True)
class Added:
    """A figure, the title of the section it goes to (a new one where there is none), and what makes it.

    `build` gives None where there is nothing to draw.
    """

    section: str
    build: Callable[[Inputs], Figure | None]


def with_added(page: Page, inputs: Inputs) -> Page:
    """The page with the figures that modules of its room list, in the order of the modules' names."""
    sections = list(page.sections)
    for _, figures in listed(f"tumint.report.{page.stage}", "FIGURES"):
        for one in figures:
            figure = one.build(inputs)
            if figure is None:
                continue
            at = next((i for i, section in enumerate(sections) if section.title == one.section), None)
            if at is None:
                sections.append(Section(one.section, [figure]))
            else:
                sections[at] = replace(sections[at], blocks=[*sections[at].blocks, figure])
    return replace(page, sections=sections)
