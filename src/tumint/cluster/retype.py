"""What a config makes of the types that were given: other names, types that become one, and states as types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster.assign import Typing
from tumint.config.cluster import Split
from tumint.config.retype import Subtypes, subtype
from tumint.errors import DataError, Fault
from tumint.text import listed, nearest


def renamed(typing: Typing, names: Mapping[str, str]) -> Typing:
    """Types by their new names, in the place of the first that got it; several can become one.

    Raises
    ------
    DataError
        A type is renamed that no cell has.
    """
    if not names:
        return typing
    there = [name for name in typing.types if (typing.cell_type == name).any()]
    if faults := _unknown("cluster.rename", names, there):
        raise DataError(faults)
    clusters = typing.clusters.assign(
        **{
            name: typing.clusters[name].map(lambda old: names.get(old, old)).astype(object)
            for name in (k.CELL_TYPE, "runner_up")
        }
    )
    types = list(dict.fromkeys(names.get(name, name) for name in typing.types))
    types.sort(key=lambda name: name == k.UNCLASSIFIED)
    by_markers = None if typing.by_markers is None else called(typing.by_markers, names)
    return replace(
        typing, cell_type=called(typing.cell_type, names), clusters=clusters, types=types, by_markers=by_markers
    )


def called(types: np.ndarray, names: Mapping[str, str]) -> np.ndarray:
    """The types of cells (n,) by their new names."""
    return np.array([names.get(name, name) for name in types], dtype=object)


def check_subtypes(typing: Typing, shown: Sequence[str], subtypes: Subtypes) -> None:
    """Raise `DataError` where a type has no cell, or a marker is not there."""
    there = [name for name in typing.types if (typing.cell_type == name).any()]
    faults = _unknown("cluster.subtypes", subtypes, there)
    for kind, by in subtypes.items():
        faults += [
            Fault(
                f"config: key `cluster.subtypes.{kind}`",
                f"`type` or `state` markers of the data ({listed(shown, 8) or 'none'})",
                f"`{marker}`{nearest(marker, list(shown))}",
            )
            for marker in by
            if marker not in shown
        ]
    if faults:
        raise DataError(faults)


def subtyped(
    typing: Typing, values: np.ndarray, shown: Sequence[str], gates: pd.DataFrame, subtypes: Subtypes
) -> Typing:
    """Types whose states have become types: `PD1+ CD8 T cells` and `PD1- CD8 T cells`, in the place of their type.

    A cell from the gate on is positive; one whose value is missing is negative.

    Parameters
    ----------
    values
        (n × shown) normalised.
    gates
        Contract GATES, of the markers that the subtypes are told by.

    Raises
    ------
    DataError
        Such a marker has no gate: its values do not fall into two parts.
    """
    at = dict(zip(gates["marker"], gates["gate"].astype(float), strict=True))
    cell_type, types = typing.cell_type.copy(), list(typing.types)
    for kind, by in subtypes.items():
        mine = np.flatnonzero(typing.cell_type == kind)
        states = np.full(mine.size, "", dtype=object)
        for marker, (up, down) in by.items():
            if np.isnan(at[marker]):
                where, expected = f"config: key `cluster.subtypes.{kind}`", "a marker with a gate"
                raise DataError(Fault(where, expected, f"none of `{marker}`: set `cluster.states.gates.{marker}`"))
            positive = values[mine, list(shown).index(marker)] >= at[marker]
            states = np.array([f"{s} {up if p else down}" for s, p in zip(states, positive, strict=True)], dtype=object)
        cell_type[mine] = [subtype(kind, state.split()) for state in states]
        place = types.index(kind)
        types[place : place + 1] = sorted(set(cell_type[mine]))
    return replace(typing, cell_type=cell_type, types=types)


def _unknown(key: str, names: Mapping[str, object], there: Sequence[str]) -> list[Fault | str]:
    return [
        Fault(f"config: key `{key}`", f"types that cells have ({listed(there, 8)})", f"`{name}`{nearest(name, there)}")
        for name in names
        if name not in there
    ]


def check_splits(typing: Typing, shown: Sequence[str], splits: Sequence[Split]) -> None:
    """Raise `DataError` with a line for each split of a marker, cluster or type that is not there."""
    faults: list[Fault | str] = []
    types = [*typing.types, *(s.cell_type for s in splits)]
    clusters = list(typing.clusters[k.CLUSTER])
    for at, split in enumerate(splits):
        where = f"config: key `cluster.splits.{at}`"
        if split.marker not in shown:
            faults.append(Fault(where, "a `type` or `state` marker of the data", f"`{split.marker}`"))
        if split.cluster is not None and split.cluster not in clusters:
            faults.append(Fault(where, f"a cluster from 0 to {len(clusters) - 1}", f"`{split.cluster}`"))
        if split.from_type is not None and split.from_type not in types:
            faults.append(Fault(where, "a type that cells have", f"`{split.from_type}`"))
    if faults:
        raise DataError(faults)
