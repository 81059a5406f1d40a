"""Types from a table of the user's own (`cluster.types_from`): of cells, by id and, where ids repeat, sample; or of
clusters, by number. What matches is counted, what does not is `unclassified`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.io.steady import unchanged
from tumint.text import integer, listed, plural

# in lower case, best first; a first column without a name is the index of a data frame
_IDS = ("cell_id", "cell_name", "cell", "cellid", "cell id", "barcode", "object id", "id", "unnamed: 0")
_TYPES = ("cell_type", "celltype", "cell type", "type", "name", "annotation", "phenotype", "label")
_SAMPLES = ("sample", "sample_id", "roi", "image")
_WHOLE = re.compile(r"(\d+)\.0+")
KEY = "config: key `cluster.types_from`"


@dataclass(frozen=True)
class _Columns:
    key: str
    cell_type: str
    sample: str | None = None


def check_header(path: str, typing: str) -> list[Fault]:
    """What is wrong with the columns of the table at `path`, for the `typing` of the config; nothing else is read."""
    try:
        table = open_table(Place(path), spaced=True)
        _columns(table, typing)
    except DataError as error:
        faults = [fault for fault in error.faults if isinstance(fault, Fault)]
        return [Fault(KEY, fault.expected, f"{fault.found} in {path}") for fault in faults]
    return []


def _columns(table: Table, typing: str) -> _Columns:
    lower = {name.lower(): name for name in reversed(table.header)}

    def first(names: Iterable[str]) -> str | None:
        return next((lower[name] for name in names if name in lower), None)

    of_clusters = typing == "table"
    key = first((k.CLUSTER,) if of_clusters else _IDS)
    sample = None if of_clusters else first(_SAMPLES)
    others = [name for name in table.header if name not in (key, sample)]
    cell_type = first(name for name in _TYPES if lower.get(name) in others)
    cell_type = cell_type or (others[0] if len(others) == 1 else None)
    if key is None or cell_type is None:
        wanted = (
            "columns `cluster` and `cell_type`"
            if of_clusters
            else "columns `cell_id` and `cell_type`, and `sample` where ids repeat"
        )
        other = "provided" if of_clusters else "table"
        clustered = not of_clusters and k.CLUSTER in lower
        hint = f" (a table of clusters wants `cluster.typing: {other}`)" if clustered else ""
        found = listed([f"`{name}`" for name in table.header], 6) or "none"
        raise DataError(Fault(table.place.at("header"), wanted + hint, found))
    return _Columns(key, cell_type, sample)


def _read(path: str, typing: str) -> pd.DataFrame:
    """`key`, `sample` (empty where the table has none) and `cell_type`, as text."""
    with unchanged([path]):
        table = open_table(Place(path), spaced=True)
        at = _columns(table, typing)
        table.require(at.key, at.cell_type, *([at.sample] if at.sample else []))
        table.stop_on_faults()
        table.load([at.key, at.cell_type, *([at.sample] if at.sample else [])])
    rows = pd.DataFrame({"key": [_plain(text) for text in table.names(at.key)]}, dtype=object)
    rows[k.SAMPLE] = table.names(at.sample) if at.sample else ""
    rows[k.CELL_TYPE] = table.names(at.cell_type)
    odd = np.array([k.PAIR_SEPARATOR in text for text in rows[k.CELL_TYPE]], dtype=bool)
    table.fault(at.cell_type, odd, f"a cell type without `{k.PAIR_SEPARATOR}`")
    rows = rows.drop_duplicates()
    again = rows.duplicated(["key", k.SAMPLE])
    if again.any():
        first = rows[again].iloc[0]
        where = f" of sample {first[k.SAMPLE]}" if first[k.SAMPLE] else ""
        found = f"two for `{first['key']}`{where}" + ("" if at.sample else ", in a table without a column `sample`")
        table.faults.append(Fault(table.place.at(), "one type for each", found))
    table.stop_on_faults()
    return rows.reset_index(drop=True)


def _plain(text: str) -> str:
    """An id as spreadsheets and pandas may have written it: `12.0` is `12`."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else text


def types_of_cells(path: str, obs: pd.DataFrame) -> tuple[np.ndarray, str]:
    """The type of each cell (n,), and how many matched, in words.

    A cell is looked for by what its source calls it (`cell_name`), by its id, and by `sample:id`, as our own h5ad files
    name cells.

    Parameters
    ----------
    obs
        `sample`, `cell_id`, and `cell_name` where a source had names.

    Raises
    ------
    DataError
        The file or a column is missing, a cell has two types, none matches, or ids repeat and no sample is given.
    """
    rows = _read(path, "provided")
    samples = obs[k.SAMPLE].astype(str).to_numpy(object)
    ids = obs[k.CELL_ID].astype(str).to_numpy(object)
    ways = [f"{sample}:{cell}" for sample, cell in zip(samples, ids, strict=True)], ids
    called = [*ways, obs[k.CELL_NAME].astype(str).to_numpy(object)] if k.CELL_NAME in obs else list(ways)
    given = bool((rows[k.SAMPLE] != "").any())
    known = pd.MultiIndex.from_arrays([rows[k.SAMPLE], rows["key"]])
    at = np.full(len(obs), -1)
    for names in reversed(called):
        own = samples if given else np.full(len(obs), "", dtype=object)
        found = known.get_indexer(pd.MultiIndex.from_arrays([own, np.asarray(names, dtype=object)]))
        at = np.where(at < 0, found, at)
    matched = at >= 0
    if not matched.any():
        mine, theirs = f"`{ids[0]}` of sample {samples[0]}" if len(ids) else "none", f"`{rows['key'].iloc[0]}`"
        raise DataError(Fault(path, f"ids of the cells, such as {mine}", theirs if len(rows) else "no row"))
    used = at[matched]
    twice = np.bincount(used, minlength=len(rows)) > 1
    if twice.any():
        row = rows.iloc[int(np.argmax(twice))]
        found_text = f"none, and `{row['key']}` is a cell of several samples"
        raise DataError(Fault(path, "a column `sample`, where ids repeat from sample to sample", found_text))
    types = np.full(len(obs), "", dtype=object)
    types[matched] = rows[k.CELL_TYPE].to_numpy(object)[used]
    types[types == ""] = k.UNCLASSIFIED
    without = [name for name in dict.fromkeys(samples) if not matched[samples == name].any()]
    return types, _said(path, "cell", int(matched.sum()), len(obs), len(rows) - len(set(used.tolist())), without)


def types_of_clusters(path: str, clusters: Sequence[str]) -> tuple[dict[str, str], str]:
    """The type of each of `clusters`, and how many matched, in words; raises as `types_of_cells`."""
    rows = _read(path, "table")
    given = dict(zip(rows["key"], rows[k.CELL_TYPE], strict=True))
    matched = [name for name in clusters if name in given]
    if not matched:
        found = listed([f"`{key}`" for key in rows["key"]], 3) or "no row"
        raise DataError(Fault(path, f"clusters 0 to {len(clusters) - 1}", found))
    types = {name: given.get(name, "") or k.UNCLASSIFIED for name in clusters}
    return types, _said(path, "cluster", len(matched), len(clusters), len(given) - len(matched), [])


def _said(path: str, what: str, matched: int, total: int, unused: int, without: Sequence[str]) -> str:
    rest = total - matched
    parts = [f"{path}: {integer(matched)} of {plural(total, what)} matched"]
    if rest:
        parts.append(f"the other {integer(rest)} {'is' if rest == 1 else 'are'} `{k.UNCLASSIFIED}`")
    if unused:
        parts.append(f"{plural(unused, 'row')} of the table {'is' if unused == 1 else 'are'} of no {what} here")
    if without:
        parts.append(f"no cell of {listed(without, 3)} is in it")
    return "; ".join(parts)
