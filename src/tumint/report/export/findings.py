"""Findings as layers: the cells of a pair of types that are in contact, by the graph that was scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.charts.palette import BRIGHT, GREY
from tumint.io.by_sample import BySample
from tumint.io.sealed_json import read_json

OTHER = "other cells"
# pairs of types of these families are apart, or near without touching
_NOT_CONTACT = (k.FAMILY_DISTANCE, k.FAMILY_BARRIER)


@dataclass(frozen=True)
class Pair:
    """Two types whose contact differs between groups, and the sentence of the report that says so."""

    source: str
    target: str
    words: str

    @property
    def title(self) -> str:
        """Both types."""
        return self.source if self.source == self.target else f"{self.source} – {self.target}"


def pairs(results: Path, most: int) -> list[Pair]:
    """The first `most` pairs among the findings, in the order of the report; each pair once."""
    path = results / "response" / "effects.json"
    if not path.is_file():
        return []
    found: dict[frozenset[str], Pair] = {}
    for contrast in read_json(path).get("contrasts", []):
        for row in contrast.get("findings", []):
            if _is_contact(row):
                source, target = str(row[k.SOURCE]), str(row[k.TARGET])
                found.setdefault(
                    frozenset((source, target)), Pair(source, target, str(row.get("short") or row.get("words", "")))
                )
    return list(found.values())[:most]


def _is_contact(row: Mapping[str, Any]) -> bool:
    family = families.find(str(row.get(k.FAMILY)))
    named = bool(row.get(k.SOURCE) and row.get(k.TARGET))
    return named and family is not None and family.primary and not family.place and family.name not in _NOT_CONTACT


def graphs(results: Path) -> list[BySample]:
    """The tables of contacts of all jobs of the neighbourhood stage, opened."""
    return [BySample(path) for path in sorted((results / "neighbourhood").glob("g*/graph.parquet"))]


def touching(
    pair: Pair, sample: str, cells: pd.DataFrame, tables: Sequence[BySample], type_colours: Mapping[str, str]
) -> tuple[np.ndarray, dict[str, str]]:
    """For each cell whether it is in contact with one of the other type of the pair, in words; colours of the words.

    Parameters
    ----------
    cells
        `cell_id` and `cell_type` of the ROI.
    tables
        Contacts of the cohort, see `graphs`. One with a cell that is not among `cells` is none.
    """
    ids = pd.Index(cells[k.CELL_ID].to_numpy(np.int64))
    kind = cells[k.CELL_TYPE].to_numpy(object)
    said = np.full(len(cells), OTHER, dtype=object)
    for table in tables:
        edges = table.rows([sample], [k.SOURCE_CELL, k.TARGET_CELL])
        a, b = (ids.get_indexer(edges[end].to_numpy(np.int64)) for end in (k.SOURCE_CELL, k.TARGET_CELL))
        known = (a >= 0) & (b >= 0)
        a, b = a[known], b[known]
        for one, other in ((pair.source, pair.target), (pair.target, pair.source)):
            for here, there in ((a, b), (b, a)):
                mine = here[(kind[here] == one) & (kind[there] == other)]
                said[mine] = _word(one, other)
    levels = dict.fromkeys((_word(pair.source, pair.target), _word(pair.target, pair.source)))
    named = (pair.source, pair.target)
    colours = {
        level: type_colours.get(name, BRIGHT[i]) for i, (level, name) in enumerate(zip(levels, named, strict=False))
    }
    return said, colours | {OTHER: GREY}


def _word(one: str, other: str) -> str:
    return f"{one} in contact with {other}"
