"""Cells whose features come with the data (h5ad, SpatialData, Xenium, 10x): features → markers, sparse where they are.

The panel says what the features it names are called and used for; `ingest.other_features` says what the others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.base import A_DOMAIN, is_domain
from tumint.errors import DataError, Fault
from tumint.ingest import domains, flags
from tumint.ingest.edges import both_ways
from tumint.ingest.guess import unread
from tumint.ingest.reader import Cells, Channel, Part, Settings, no_edges
from tumint.ingest.rows import types_of
from tumint.io.raw.h5ad import Frame
from tumint.io.raw.source import Identity
from tumint.text import integer


@dataclass(frozen=True)
class Matrix:
    """Cells of one sample as a source holds them.

    `X` cells × features, an array or CSR; `obs` a row for each cell; `xy` (n × 2) in the unit of the source or None;
    `graph` a sparse adjacency of the cells or None; `rows` the numbers of the cells in the file, where they are some;
    `ids` (int64) where the source has whole numbers that are unique in a sample. The index of `obs` names the cells.
    """

    X: Any
    features: Sequence[str]
    obs: pd.DataFrame
    xy: np.ndarray | None = None
    in_um: bool = False
    area: np.ndarray | None = None  # as `xy`, squared
    graph: Any = None
    rows: np.ndarray | None = None
    ids: np.ndarray | None = None


def cells_of(matrix: Matrix, part: Part, settings: Settings, identity: Identity) -> Cells:
    """The cells of a sample.

    Raises
    ------
    DataError
        One line for every fault: markers of the panel that are not there, values that are not finite, odd columns.
    """
    faults: list[Fault | str] = []
    for values in (matrix.X, matrix.graph):
        check_sparse(values, part.place.at())
    markers, X, missing, notes = _markers(matrix, part, settings, faults)
    obs = Frame(part.place, matrix.obs, matrix.rows)
    obs.faults = faults
    xy, um = _xy(matrix, obs, part, settings)
    ids, more = _ids(obs, settings, matrix.ids)
    types, domain, area = _cell_type(obs, settings), _domain(obs, settings), _area(matrix, obs, part, settings)
    if faults:
        raise DataError(faults)
    edges = no_edges()
    if matrix.graph is not None and settings.config.relationships and ids.size:
        edges = both_ways(ids, *matrix.graph.nonzero())
    return Cells(
        identity=identity,
        cell_id=ids,
        spatial=xy * um,
        area_um2=area,
        domain=domain,
        markers=tuple(markers),
        intensities=X,
        edges=edges,
        cell_type=types,
        missing_markers=tuple(missing),
        names=np.asarray(matrix.obs.index.astype(str), dtype=object),
        notes=(*notes, *more),
        unread=unread(obs.header, obs.loaded),
    )


def check_sparse(values: Any, where: str) -> None:
    """Raise `DataError` where the indices of a sparse matrix are not within it: scipy would read past its ends."""
    from scipy import sparse

    if sparse.issparse(values) and values.format in ("csr", "csc"):
        try:
            values.check_format(full_check=True)
        except ValueError as error:
            raise DataError(Fault(where, "a sparse matrix whose indices lie within it", f"`{error}`")) from None


def _markers(
    matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]
) -> tuple[list[Channel], Any, list[str], list[str]]:
    """Markers in the order of the panel, then the other features in that of the source; their values."""
    from scipy import sparse

    names = [str(name) for name in matrix.features]
    repeated = pd.Index(names).duplicated()
    X: Any = matrix.X.tocsr() if sparse.issparse(matrix.X) else np.asarray(matrix.X)
    data: Any = X.data if sparse.issparse(X) else X
    if not np.issubdtype(data.dtype, np.number) or not np.isfinite(data[~np.isnan(data)]).all():
        faults.append(Fault(part.place.at(), "finite values of every feature", f"{data.dtype} with others"))
        return [], X, [], []
    unit = k.COUNTS if sparse.issparse(X) and bool((data >= 0).all() and (data % 1 == 0).all()) else ""
    at = {name: i for i, name in reversed(list(enumerate(names)))}
    chosen: list[tuple[Channel, int]] = []
    missing: list[str] = []
    for channel in settings.channels:
        where = [at[name] for name in channel.names if name in at]
        if where:
            chosen.append((channel, where[0]))
        else:
            missing.append(channel.marker)
    needed = [c.marker for c in settings.channels if c.use != "ignore" and c.marker in missing]
    if needed and (settings.config.missing_marker == "error" or len(missing) == len(settings.channels)):
        expected = f"the features of all {len(settings.channels)} markers"
        faults.append(Fault(part.place.at(), expected, f"none for {', '.join(needed)}"))
    notes = [f"{integer(repeated.sum())} features repeat a name and got a number after it"] if repeated.any() else []
    rest = settings.config.other_features
    if rest != "drop":
        taken = {i for _, i in chosen}
        used = {c.marker for c, _ in chosen}
        for i, name in enumerate(_made_unique(names, used)):
            if i not in taken:
                chosen.append((Channel(name, (name,), rest, unit), i))
    values: Any = X[:, [i for _, i in chosen]].astype(np.float32)
    if sparse.issparse(values):
        values.sort_indices()
    units = [
        channel if channel.unit else Channel(channel.marker, channel.names, channel.use, unit) for channel, _ in chosen
    ]
    return units, values, missing, notes


def _made_unique(names: Sequence[str], used: set[str]) -> list[str]:
    """Names with `-1`, `-2`, ... after those that came before, as anndata makes them unique."""
    count: dict[str, int] = {}
    seen, out = set(used) - set(names), []
    for name in names:
        new = name
        while new in seen:
            count[name] = count.get(name, 0) + 1
            new = f"{name}-{count[name]}"
        seen.add(new)
        out.append(new)
    return out


def _named(obs: Frame, name: str | None) -> bool:
    """Whether there is such a column, which is then loaded; that there is none is a fault."""
    if name is None:
        return False
    obs.require(name)
    there = obs.header.count(name) == 1
    if there:
        obs.load([name])
    return there


def _xy(matrix: Matrix, obs: Frame, part: Part, settings: Settings) -> tuple[np.ndarray, float]:
    """Coordinates as the source has them and µm per unit; NaN where it has none."""
    none = np.full((len(obs), 2), np.nan)
    columns = settings.config.columns
    if columns is not None and columns.x is not None and columns.y is not None:
        there = [_named(obs, name) for name in (columns.x, columns.y)]
        if not all(there):
            return none, 1.0
        named = [obs.numbers(name, missing=True) for name in (columns.x, columns.y)]
        return np.column_stack(named), part.pixel_size_um
    xy, um = matrix.xy, 1.0 if matrix.in_um else part.pixel_size_um
    if xy is None:
        return none, 1.0
    if xy.shape[0] != len(obs) or xy.ndim != 2 or xy.shape[1] < 2:
        obs.faults.append(Fault(part.place.at(), "two coordinates of every cell", f"an array of shape {xy.shape}"))
        return none, 1.0
    xy = np.asarray(xy[:, :2], dtype=np.float64)
    bad = int((np.abs(xy) > np.finfo(np.float32).max).any(axis=1).sum())  # NaN: a cell without a place
    if bad:
        obs.faults.append(Fault(part.place.at(), "finite coordinates of every cell", f"none of {integer(bad)} cells"))
    return xy, um


def _ids(obs: Frame, settings: Settings, given: np.ndarray | None) -> tuple[np.ndarray, list[str]]:
    """Ids by the column that the config names, else those of the source, else the number of the row in the sample."""
    columns = settings.config.columns
    rows = np.arange(1, len(obs) + 1) if given is None else given
    name = columns.cell_id if columns is not None else None
    if name is None or not _named(obs, name):
        return rows, []
    before = len(obs.faults)
    ids = obs.whole_numbers(name)
    if len(obs.faults) == before:
        obs.unique(name, ids)
    if len(obs.faults) > before and settings.config.repeated_ids == "renumber":
        del obs.faults[before:]
        return rows, [f"cells numbered anew, since `{name}` repeats"]
    return ids, []


def _names(obs: Frame, name: str, missing: str) -> np.ndarray:
    names = obs.names(name)
    names[names == ""] = missing
    return names


def _cell_type(obs: Frame, settings: Settings) -> np.ndarray | None:
    columns = settings.config.columns
    named = columns.cell_type if columns is not None else None
    if columns is None or named is None:
        return None
    if isinstance(named, list):
        return types_of(obs, named, columns.type_rules, flags=True) if all([_named(obs, n) for n in named]) else None
    if not _named(obs, named):
        return None
    types = _names(obs, named, k.UNCLASSIFIED)
    odd = np.array([k.PAIR_SEPARATOR in name for name in types], dtype=bool)
    obs.fault(named, odd, f"a cell type without `{k.PAIR_SEPARATOR}`")
    return flags.of_classes(types, columns.type_rules) if columns.type_rules else types


def _domain(obs: Frame, settings: Settings) -> np.ndarray:
    columns = settings.config.columns
    if columns is None or columns.domain is None or not _named(obs, columns.domain):
        return domains.from_masks({}, len(obs))
    names = _names(obs, columns.domain, k.NO_DOMAIN)
    odd = {name for name in set(names) if not is_domain(name)}
    obs.fault(columns.domain, np.array([name in odd for name in names], dtype=bool), A_DOMAIN)
    return domains.from_names(names)


def _area(matrix: Matrix, obs: Frame, part: Part, settings: Settings) -> np.ndarray:
    columns = settings.config.columns
    if columns is not None and columns.area is not None and _named(obs, columns.area):
        return obs.numbers(columns.area, missing=True) * part.pixel_size_um**2
    if matrix.area is None:
        return np.full(len(obs), np.nan)
    return np.asarray(matrix.area, dtype=float) * (1.0 if matrix.in_um else part.pixel_size_um**2)


def rows_of(values: Sequence[str], part: Part, what: str) -> np.ndarray:
    """Positions of the cells whose value of `what` is the part of the sheet; all where the sheet names none.

    Raises
    ------
    DataError
        There is no such cell, or there are several samples and the sheet does not say which.
    """
    texts = np.asarray([str(value) for value in values], dtype=object)
    if part.part:
        found = np.flatnonzero(texts == part.part)
        if not found.size:
            raise DataError(Fault(part.place.at(), f"cells whose {what} is `{part.part}`, as in the sheet", "none"))
        return found
    if len(distinct := list(dict.fromkeys(texts))) > 1:
        expected = "one sample, or a column `part` in the sheet that says which of several"
        found_text = f"{len(distinct)} in {what}, such as `{distinct[0]}` and `{distinct[1]}`"
        raise DataError(Fault(part.place.at(), expected, found_text))
    return np.arange(len(texts))
