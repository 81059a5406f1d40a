"""Which markers of the cells are compared, where positive cells begin, and what lineage markers serve as controls.

A marker that decided the type of a cell says little of how that type differs: CD8 of CD8 T cells is high by choice. So
the markers compared are, unless the config names others, those that had no say in types: the `state` markers of the
panel, which the cluster stage gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tumint.errors import ConfigError, Fault
from tumint.text import listed, nearest

PREFIX = "marker_"  # of the columns of `cluster/cells.parquet`


@dataclass(frozen=True)
class Measured:
    """The markers that are compared, their gates, those that had a say in types, and whether ratios can be made."""

    markers: tuple[str, ...] = ()
    gates: Mapping[str, float] = field(default_factory=dict)
    lineage: tuple[str, ...] = ()
    ratios: bool = True
    by_contact: bool = True
    told_by: Mapping[str, Sequence[str]] = field(default_factory=dict)  # type: markers whose gates made it
    subtypes: Mapping[str, Sequence[str]] = field(default_factory=dict)  # type: what it was told into

    @property
    def columns(self) -> list[str]:
        """What is read of the table of cells."""
        return [f"{PREFIX}{name}" for name in dict.fromkeys((*self.markers, *self.lineage))]

    def values(self, cells: pd.DataFrame, markers: Sequence[str]) -> dict[str, np.ndarray]:
        """Values (n,) of some markers."""
        return {name: cells[f"{PREFIX}{name}"].to_numpy(dtype=float) for name in markers}


def measured(
    columns: Sequence[str],
    lowest: Callable[[str], float],
    gates: pd.DataFrame | None,
    asked: Sequence[str] | None,
    *,
    by_contact: bool = True,
    told_by: Mapping[str, Sequence[str]] = {},
    subtypes: Mapping[str, Sequence[str]] = {},
) -> Measured:
    """What is compared of the table of cells.

    Parameters
    ----------
    columns, lowest
        Of the table of cells: its columns, and the smallest number of one.
    gates
        Table of the contract `GATES`: the state markers. None: none is known.
    asked
        `neighbourhood.markers`; None: the markers with gates.
    by_contact, told_by, subtypes
        See `Measured`.

    Raises
    ------
    ConfigError
        A marker is asked for that the cells do not have.
    """
    there = [name.removeprefix(PREFIX) for name in columns if name.startswith(PREFIX)]
    known = {} if gates is None else dict(zip(gates["marker"].astype(str), gates["gate"].astype(float), strict=True))
    lacking = [name for name in asked or () if name not in there]
    if lacking:
        expected = f"`type` or `state` markers of the data ({listed(there, 8) or 'none'})"
        faults: list[Fault | str] = [
            Fault("config: key `neighbourhood.markers`", expected, f"`{name}`{nearest(name, there)}")
            for name in lacking
        ]
        raise ConfigError(faults)
    chosen = tuple(name for name in there if name in (known if asked is None else asked))
    ratios = not any(lowest(f"{PREFIX}{name}") < 0 for name in chosen)
    lineage = tuple(name for name in there if name not in known)
    mine = {name: known[name] for name in chosen if name in known}
    return Measured(chosen, mine, lineage, ratios, by_contact, told_by, subtypes)
