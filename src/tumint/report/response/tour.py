"""A tour of the findings: each sentence with its cells, in the two animals at the ends of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.cellmaps import Packed
from tumint.report.engine.inputs import Inputs
from tumint.report.response import contacts
from tumint.report.response.contrasts import Contrast, values_of
from tumint.report.response.extremes import End, Ends, ends_of
from tumint.text import plural, probability

COLUMNS = (k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.CELL_TYPE, k.DOMAIN)
MOST = 60  # stops of one contrast
NEAREST = 3  # features of a contrast without a finding
LEFT_OUT = "Too many cells to draw each: its contacts are left out."


@dataclass(frozen=True)
class Stop:
    """A finding, the types whose cells it is about, and where they are looked at."""

    name: str
    sentence: str
    about: str
    types: tuple[str, ...]
    touching: bool
    ends: Ends


def located(inputs: Inputs) -> pd.DataFrame:
    """All cells that have a place."""
    cells = inputs.table("cluster/cells.parquet", contracts.CELLS, columns=COLUMNS, optional=True)
    return cells[cells[k.X_UM].notna() & cells[k.Y_UM].notna()].reset_index(drop=True)


def anchor(contrast: Contrast, feature: str) -> str:
    """What the place of a finding on the tour is called; `feature` is its id."""
    return f"tour_{contrast.name}_{feature}"


def stops_of(inputs: Inputs, contrast: Contrast) -> list[Stop]:
    """The findings of a contrast, in the order of their sentences; where there is none, what comes nearest to one."""
    key = f"stops of {contrast.name}"
    if key not in inputs.made:
        inputs.made[key] = _stops_of(inputs, contrast)
    found: list[Stop] = inputs.made[key]
    return found


def _stops_of(inputs: Inputs, contrast: Contrast) -> list[Stop]:
    rows, there = _rows(contrast), set(located(inputs)[k.SAMPLE])
    said = {f"{row[k.FAMILY]}:{row[k.FEATURE]}": row for row in contrast.facts.get("findings", [])}
    tables = values_of(contrast, inputs, list(rows["id"]))
    subjects, rois = (dict(iter(table.groupby("id"))) for table in tables)
    none = [table.iloc[:0] for table in tables]
    facts = contrast.facts
    found = []
    for row in rows.to_dict("records"):
        mine = (subjects.get(row["id"], none[0]), rois.get(row["id"], none[1]))
        ends = ends_of(row, *mine, str(facts["reference"]), str(facts["group"]))
        if ends is not None and {ends.left.sample, ends.right.sample} <= there:
            finding = said.get(row["id"], {})
            found.append(
                Stop(
                    anchor(contrast, row["id"]),
                    str(finding.get("short") or finding.get("words") or f"No finding: {row['name']}."),
                    _about(row, finding),
                    types_of(row),
                    is_contact(row),
                    ends,
                )
            )
    return found


def _rows(contrast: Contrast) -> pd.DataFrame:
    hits = contrast.primary[contrast.primary["significant"]]
    return hits.head(MOST) if len(hits) else contrast.drawn.head(NEAREST)


def _about(row: Any, finding: Mapping[str, Any]) -> str:
    """`nearest distance · q = 0.02 · solid`."""
    q = "" if pd.isna(row["q"]) else f"q = {probability(row['q'])}"
    return " · ".join(filter(None, (row["family_name"], q, finding.get("grade"))))


def types_of(row: Any) -> tuple[str, ...]:
    """The types that a feature is about: both of a pair, the one that lies in a place, else the one that it counts."""
    family = families.find(row[k.FAMILY])
    if family and family.place:
        return (str(row[k.SOURCE]),)
    named = tuple(dict.fromkeys(filter(None, (row[k.SOURCE], row[k.TARGET]))))
    return named or (str(row[k.FEATURE]),)


def is_contact(row: Any) -> bool:
    """Whether a feature is about neighbours: all pairs but those whose distance is compared."""
    return bool(row[k.SOURCE] and row[k.TARGET]) and row[k.FAMILY] != k.FAMILY_DISTANCE


def facts_of(inputs: Inputs, stops: Sequence[Stop], cells: pd.DataFrame, packed: Packed) -> list[dict[str, Any]]:
    """What the page is told of every stop; contacts are added to the numbers of `packed`."""
    place = {one["name"]: i for i, one in enumerate(packed.head["maps"])}
    code = {one["name"]: i for i, one in enumerate(packed.head["types"])}
    whole = {one["name"] for one in packed.head["maps"] if one["n"] == one["of"]}
    ends = {stop.name: (stop.ends.left, stop.ends.right) for stop in stops}
    wanted = {end.sample for stop in stops if stop.touching for end in ends[stop.name]} & whole
    edges = contacts.graphs(inputs, sorted(wanted))
    of_sample = dict(iter(edges.groupby(k.SAMPLE)))
    mine = {sample: cells.iloc[packed.rows[sample]] for sample in wanted}
    found = []
    for stop in stops:
        sides = []
        for end in ends[stop.name]:
            side: dict[str, Any] = {"map": place[end.sample], "title": _title(end, stop), "at": 0, "n": 0}
            if stop.touching and end.sample in of_sample:
                source, target = stop.types[0], stop.types[-1]
                pairs = contacts.between(of_sample[end.sample], mine[end.sample], source, target)
                side |= {"at": packed.numbers.add(pairs, "<u4"), "n": len(pairs)}
                side["title"] = [*side["title"], plural(len(pairs), "contact")]
            elif stop.touching and end.sample not in whole:
                side["title"] = [*side["title"], LEFT_OUT]
            sides.append(side)
        found.append({"types": [code[name] for name in stop.types if name in code], "sides": sides})
    return found


def _title(end: End, stop: Stop) -> list[str]:
    where = [] if end.sample == end.subject else [f"ROI {end.sample}"]
    of = f" of {end.level}" if stop.ends.note else ""
    return [f"{end.subject}, {end.level}", f"{end.said}, the {end.which}{of}", *where]
