"""Findings as layers: the cells of a pair of types that are in contact, by the graph that was scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tumint import families
from tumint import keys as k
from tumint.charts.palette import BRIGHT, GREY
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


def touching(
    pair: Pair, types: np.ndarray, contacts: np.ndarray, type_colours: Mapping[str, str]
) -> tuple[np.ndarray, dict[str, str]]:
    """For each cell whether it is in contact with one of the other type of the pair, in words; colours of the words.

    Parameters
    ----------
    types
        The type of each cell of the ROI.
    contacts
        Neighbours as numbers of these cells (m × 2), in one or in both directions.
    """
    said = np.full(len(types), OTHER, dtype=object)
    for one, other in ((pair.source, pair.target), (pair.target, pair.source)):
        for here, there in (contacts.T, contacts.T[::-1]):
            said[here[(types[here] == one) & (types[there] == other)]] = _word(one, other)
    colours = {_word(pair.source, pair.target): type_colours.get(pair.source, BRIGHT[0])}
    colours.setdefault(_word(pair.target, pair.source), type_colours.get(pair.target, BRIGHT[1]))
    return said, colours | {OTHER: GREY}


def _word(one: str, other: str) -> str:
    return f"{one} in contact with {other}"
