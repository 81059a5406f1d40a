"""Cells whose features come with the data (h5ad, SpatialData, Xenium, 10x): features → markers, sparse where they are.

The panel says what the features it names are called and used for; `ingest.other_features` says what the others are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.base import A_DOMAIN, is_domain
from tumint.errors import DataError, Fault, TumintError
from tumint.ingest import domains
from tumint.ingest.edges import both_ways
from tumint.ingest.reader import Cells, Channel, Part, Settings, no_edges
from tumint.ingest.source import Identity, Place
from tumint.ingest.table import printable
from tumint.text import integer


@dataclass(frozen=True)
class Matrix:
    """Cells of one sample as a source holds them.

    `X` cells × features, an array or CSR; `obs` a row for each cell; `xy` (n × 2) in the unit of the source or None;
    `graph` a sparse adjacency of the cells or None.
    """

    X: Any
    features: Sequence[str]
    obs: pd.DataFrame
    xy: np.ndarray | None = None
    in_um: bool = False
    area: np.ndarray | None = None  # as `xy`, squared
    graph: Any = None


@contextmanager
def reading(place: Place, what: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into a fault of the user's."""
    try:
        yield
    except TumintError:
        raise
    except FileNotFoundError:
        raise DataError(Fault(place.at(), "a file", "none")) from None
    except MemoryError:
        raise
    except Exception as error:  # libraries of file formats raise anything on bytes that are not theirs
        text = " ".join(str(error).split()) or type(error).__name__
        raise DataError(Fault(place.at(), what, f"`{text[:160]}`")) from None


def cells_of(matrix: Matrix, part: Part, settings: Settings, identity: Identity) -> Cells:
    """The cells of a sample.

    Raises
    ------
    DataError
        One line for every fault: markers of the panel that are not there, values that are not finite, odd columns.
    """
    faults: list[Fault | str] = []
    markers, X, missing, notes = _markers(matrix, part, settings, faults)
    xy, um = _xy(matrix, part, settings, faults)
    ids, more = _ids(matrix, part, settings, faults)
    types, domain = _cell_type(matrix, part, settings, faults), _domain(matrix, part, settings, faults)
    area = _area(matrix, part, settings, faults)
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
        notes=(*notes, *more),
    )


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


def _xy(matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]) -> tuple[np.ndarray, float]:
    """Coordinates as the source has them and µm per unit; NaN where it has none."""
    n, columns = len(matrix.obs), settings.config.columns
    if columns is not None and columns.x is not None and columns.y is not None:
        named = [_numbers(matrix, name, part, faults) for name in (columns.x, columns.y)]
        xy: np.ndarray | None = np.column_stack(named)
        um = part.pixel_size_um
    else:
        xy, um = matrix.xy, 1.0 if matrix.in_um else part.pixel_size_um
    if xy is None:
        return np.full((n, 2), np.nan), 1.0
    if xy.shape[0] != n or xy.ndim != 2 or xy.shape[1] < 2:
        faults.append(Fault(part.place.at(), "two coordinates of every cell", f"an array of shape {xy.shape}"))
        return np.full((n, 2), np.nan), 1.0
    xy = np.asarray(xy[:, :2], dtype=np.float64)
    if not np.isfinite(xy).all() or (np.abs(xy) > np.finfo(np.float32).max).any():
        bad = int((~np.isfinite(xy)).any(axis=1).sum())
        faults.append(Fault(part.place.at(), "finite coordinates of every cell", f"none of {integer(bad)} cells"))
    return xy, um


def _numbers(matrix: Matrix, name: str, part: Part, faults: list[Fault | str]) -> np.ndarray:
    """A column of `obs` as numbers, NaN where it has none."""
    if name not in matrix.obs:
        known = ", ".join(map(str, matrix.obs.columns[:8])) or "none"
        faults.append(Fault(part.place.at(), f"an obs column `{name}`", f"none among {known}"))
        return np.full(len(matrix.obs), np.nan)
    column = matrix.obs[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if bad := int((np.isnan(values) & column.notna().to_numpy()).sum()):
        text = str(column[np.isnan(values) & column.notna().to_numpy()].iloc[0])[:40]
        faults.append(Fault(part.place.at(None, name), "numbers", f"`{text}` ({integer(bad)} rows)"))
    return values


def _ids(matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]) -> tuple[np.ndarray, list[str]]:
    """Ids by the column that the config names, else the number of the row in the sample."""
    columns = settings.config.columns
    rows = np.arange(1, len(matrix.obs) + 1)
    if columns is None or columns.cell_id is None:
        return rows, []
    values = _numbers(matrix, columns.cell_id, part, faults)
    whole = bool(np.isfinite(values).all() and (values % 1 == 0).all() and (np.abs(values) < 2**53).all())
    if whole and len(np.unique(values)) == len(values):
        return values.astype(np.int64), []
    if settings.config.repeated_ids == "renumber":
        return rows, [f"cells numbered anew, since `{columns.cell_id}` repeats"]
    expected = "each cell id once" if whole else "whole numbers"
    faults.append(
        Fault(part.place.at(None, columns.cell_id), expected, "some that are not" if not whole else "repeats")
    )
    return rows, []


def _text(matrix: Matrix, name: str, part: Part, faults: list[Fault | str], missing: str) -> np.ndarray:
    if name not in matrix.obs:
        known = ", ".join(map(str, matrix.obs.columns[:8])) or "none"
        faults.append(Fault(part.place.at(), f"an obs column `{name}`", f"none among {known}"))
        return np.full(len(matrix.obs), missing, dtype=object)
    values = matrix.obs[name].astype(object).where(matrix.obs[name].notna(), missing)
    return np.array([str(v).strip() or missing for v in values], dtype=object)


def _cell_type(matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]) -> np.ndarray | None:
    columns = settings.config.columns
    if columns is None or columns.cell_type is None:
        return None
    types = _text(matrix, columns.cell_type, part, faults, k.UNCLASSIFIED)
    if odd := sorted({name for name in types if k.PAIR_SEPARATOR in name}):
        where = part.place.at(None, columns.cell_type)
        faults.append(Fault(where, f"cell types without `{k.PAIR_SEPARATOR}`", f"`{odd[0]}`"))
    return types


def _domain(matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]) -> np.ndarray:
    columns = settings.config.columns
    if columns is None or columns.domain is None:
        return domains.from_masks({}, len(matrix.obs))
    names = _text(matrix, columns.domain, part, faults, k.NO_DOMAIN)
    if odd := sorted({name for name in names if not is_domain(name)}):
        where = part.place.at(None, columns.domain)
        faults.append(Fault(where, A_DOMAIN, f"`{printable(odd[0])}`"))
    return domains.from_names(names)


def _area(matrix: Matrix, part: Part, settings: Settings, faults: list[Fault | str]) -> np.ndarray:
    columns = settings.config.columns
    if columns is not None and columns.area is not None:
        return _numbers(matrix, columns.area, part, faults) * part.pixel_size_um**2
    if matrix.area is None:
        return np.full(len(matrix.obs), np.nan)
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
