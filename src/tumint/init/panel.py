"""Use and synonyms of markers, and signatures, from their names and what is known of those. Pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_DNA = re.compile(r"dna\d*|dna[-_ ]?\d+|dapi.*|hoechst.*|ir19[13]|19[13]ir|histone.*|h3k27ac|h3", re.IGNORECASE)
_REFERENCE = re.compile(r"xe1\d\d|1\d\dxe", re.IGNORECASE)
_IGNORE = re.compile(r"(ar|argon)\d+|\d+ar(ar)?|blank.*|empty.*|background.*|bg\d.*|a(488|555|647)", re.IGNORECASE)


@dataclass(frozen=True)
class Guessed:
    """A marker: as the panel will have it. `known`: its name is one that init knows."""

    marker: str
    channel: str
    use: str
    synonyms: list[str] = field(default_factory=list)
    known: bool = True


def guess_markers(markers: Sequence[tuple[str, str]], known: Mapping[str, Any]) -> list[Guessed]:
    """Use and synonyms of `(marker, channel)`; what is not known decides types until a person says otherwise."""
    canonical = _canonical(known)
    found = []
    for marker, channel in markers:
        entry = canonical.get(_bare(marker))
        if _IGNORE.fullmatch(marker):
            found.append(Guessed(marker, channel, "ignore"))
        elif _DNA.fullmatch(marker):
            found.append(Guessed(marker, channel, "dna"))
        elif _REFERENCE.fullmatch(marker):
            found.append(Guessed(marker, channel, "reference"))
        elif entry is not None:
            found.append(
                Guessed(marker, channel, known["markers"][entry]["use"], _synonyms(entry, marker, channel, known))
            )
        else:
            found.append(Guessed(marker, channel, "type", known=False))
    return _without_shared_synonyms(found)


def guess_genes(features: Sequence[str], known: Mapping[str, Any]) -> list[Guessed]:
    """Of the features of a matrix of transcripts those that init knows, under the name it has for them."""
    here = {name: name for name in features}
    found: list[Guessed] = []
    for marker, entry in known["markers"].items():
        gene = next((here[name] for name in (marker, *entry["synonyms"]) if name in here), None)
        if gene is None:  # other capitals
            upper = {name.upper(): name for name in features}
            gene = next((upper[name.upper()] for name in (marker, *entry["synonyms"]) if name.upper() in upper), None)
        if gene is not None and gene not in {other.channel for other in found}:
            found.append(Guessed(marker, gene, entry["use"]))
    return found


def guess_signatures(markers: Sequence[Guessed], known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Types that the panel can tell apart; without any, one for each marker that decides types."""
    canonical = _canonical(known)
    here: dict[str, str] = {}
    for marker in markers:
        if marker.use == "type" and (entry := canonical.get(_bare(marker.marker))) is not None:
            here.setdefault(entry, marker.marker)
    found = []
    for signature in known["signatures"]:
        positive = [here[name] for name in signature["any"] if name in here][:1]
        if positive and not any(name in here for name in signature.get("unless", [])):
            negative = [here[name] for name in signature["negative"] if name in here]
            found.append({"cell_type": signature["cell_type"], "positive": positive, "negative": negative})
    if found:
        return found
    return [
        {"cell_type": f"{m.marker.replace('|', '/')} high", "positive": [m.marker], "negative": []}
        for m in markers
        if m.use == "type"
    ]


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _canonical(known: Mapping[str, Any]) -> dict[str, str]:
    return {_bare(name): marker for marker, e in known["markers"].items() for name in (marker, *e["synonyms"])}


def _synonyms(entry: str, marker: str, channel: str, known: Mapping[str, Any]) -> list[str]:
    names = (entry, *known["markers"][entry]["synonyms"])
    return [name for name in dict.fromkeys(names) if name not in (marker, channel)]


def _without_shared_synonyms(markers: Sequence[Guessed]) -> list[Guessed]:
    """No synonym that is the name or channel of another marker of the panel."""
    taken = {name: m.marker for m in markers for name in (m.marker, m.channel)}
    return [
        Guessed(m.marker, m.channel, m.use, [s for s in m.synonyms if taken.get(s, m.marker) == m.marker], m.known)
        for m in markers
    ]
