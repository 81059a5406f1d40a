"""The block of the page that shows cells: the tour of the findings, and all ROIs side by side by group."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.charts.palette import DOMAIN_COLOURS, GREY, level_colours, type_colours
from tumint.report.engine.cellmaps import Layer, packed
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Section, Widget
from tumint.report.response import tour
from tumint.report.response.contrasts import Contrast
from tumint.text import integer

ANCHOR = "side_by_side"
TOUR, SIDE_BY_SIDE = "The cells behind the findings", "All ROIs side by side"


def sections(inputs: Inputs, contrasts: list[Contrast]) -> list[Section]:
    """The tour (none without a comparison) and the maps; nothing where cells have no coordinates."""
    cells = tour.located(inputs)
    if cells.empty:
        return []
    kept = packed(cells, _samples(inputs), colours_of(inputs, cells), layers(cells))
    found = [(contrast, tour.stops_of(inputs, contrast)) for contrast in contrasts]
    stops = [stop for _, some in found for stop in some]
    facts = tour.facts_of(inputs, stops, cells, kept)
    groups = list(dict.fromkeys(inputs.rows["group"]))
    head = {**kept.head, "stops": facts, "colours": level_colours(groups)}
    said = _said(kept.drawn, len(cells))
    data: dict[str, Any] = {
        "head": json.dumps(head, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"),
        "numbers": kept.numbers.text(),
        "said": said,
    }
    given = {"said": said} if stops else {**data}  # the cells travel once
    given |= {"names": groups, "own": not stops, "anchor": ANCHOR}
    maps = Section(SIDE_BY_SIDE, [Widget("sidebyside.html.j2", given, [ANCHOR])])
    if not stops:
        return [maps]
    lists = [{"title": contrast.name if len(found) > 1 else "", "stops": some} for contrast, some in found if some]
    anchors = [stop.name for stop in stops]
    return [Section(TOUR, [Widget("tour.html.j2", {**data, "lists": lists}, anchors)]), maps]


def _samples(inputs: Inputs) -> list[Any]:
    rows = inputs.rows.rename(columns={k.SAMPLE: "name"})
    return rows[["name", k.SUBJECT, "group"]].to_dict("records")


def colours_of(inputs: Inputs, cells: pd.DataFrame) -> dict[str, str]:
    """A colour per type, as the other maps of the cohort have them: the commonest type first."""
    counts = cells[k.CELL_TYPE].value_counts(sort=False)
    names = sorted(counts.index, key=lambda name: (name == k.UNCLASSIFIED, -counts[name], name))
    return type_colours(names, None) | {name: c for name, c in inputs.config.palette.items() if name in counts.index}


def layers(cells: pd.DataFrame) -> list[Layer]:
    """What cells can stand on. A further category of every cell is a further `Layer` here."""
    found = []
    domains = [name for name in cells[k.DOMAIN].unique() if name not in (k.NO_DOMAIN, "")]
    if domains:
        known = [name for name in DOMAIN_COLOURS if name in domains]
        others = sorted(set(domains) - set(known))
        colours = {name: DOMAIN_COLOURS.get(name, GREY) for name in known} | level_colours(others)
        found.append(Layer(k.DOMAIN, "tissue domains", colours))
    return found


def _said(drawn: int, cells: int) -> str:
    """What a reader must know where not every cell is drawn."""
    if drawn == cells:
        return ""
    return (
        f"The maps draw {integer(drawn)} of {integer(cells)} cells, spread evenly over each large ROI; a lasso counts "
        "the cells drawn. All other figures and tables of the report use all cells."
    )
