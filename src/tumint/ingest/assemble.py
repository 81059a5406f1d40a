"""The cells of the samples of a batch → one matrix: features brought to one list, transcripts kept sparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.errors import DataError, Fault
from tumint.ingest import domains
from tumint.ingest.reader import Cells, Channel
from tumint.text import integer, listed, together

Named = tuple[str, Cells]


def one_list(parts: Sequence[Named], policy: str, otherwise: Sequence[Channel]) -> list[Channel]:
    """The markers of all samples, in the order of the first.

    Parameters
    ----------
    policy
        `ingest.missing_marker`, where samples bring features that differ: `error`, `intersect`, or `fill` (the union).
    otherwise
        The markers where there is no sample.

    Raises
    ------
    DataError
        Features differ and the policy is `error`: one line for each sample that is not as the first.
    """
    if not parts:
        return list(otherwise)
    first_name, first = parts[0]
    if all(cells.markers == first.markers for _, cells in parts):
        return list(first.markers)
    names = {name: {c.marker for c in cells.markers} for name, cells in parts}
    reference = names[first_name]
    if policy == "error":
        faults: list[Fault | str] = [
            _differs(name, has, first_name, reference) for name, has in names.items() if has != reference
        ]
        if faults := faults or _other_units(parts):
            raise DataError(faults)
    found: dict[str, Channel] = {}
    for _, cells in parts:
        found |= {c.marker: c for c in cells.markers if c.marker not in found}
    if policy == "intersect":
        common = set.intersection(*names.values())
        return [channel for marker, channel in found.items() if marker in common]
    return list(found.values())


def _other_units(parts: Sequence[Named]) -> list[Fault | str]:
    """Samples whose features are those of the first, in whatever order, but measured in something else."""
    first_name, first = parts[0]
    units = {c.marker: c.unit for c in first.markers}
    faults: list[Fault | str] = []
    for name, cells in parts[1:]:
        if others := [c for c in cells.markers if c.unit != units[c.marker]]:
            there, here = (unit or "no counts" for unit in (units[others[0].marker], others[0].unit))
            markers = listed([c.marker for c in others], 3)
            faults.append(Fault(f"sample {name}", f"{there} of {markers}, as in sample {first_name}", here))
    return faults


def _differs(name: str, has: set[str], other: str, reference: set[str]) -> Fault:
    """How the features of a sample differ from another's."""
    texts = [
        f"{integer(len(names))} {what} ({listed(sorted(names), 3)})"
        for what, names in (("more", has - reference), ("that it lacks", reference - has))
        if names
    ]
    expected = (
        f"the {integer(len(reference))} features of sample {other}, or `ingest.missing_marker: intersect` or `fill`"
    )
    return Fault(f"sample {name}", expected, together(texts))


def cells_of_batch(parts: Sequence[Named], names: Sequence[str], markers: Sequence[Channel]) -> Annotated:
    """The cells of all `parts`, in their order.

    Parameters
    ----------
    names
        All samples of the batch, also those without cells: the categories of `sample`.
    """
    sizes = [cells.cell_id.size for _, cells in parts]
    cell_id = _joined([cells.cell_id for _, cells in parts], np.empty(0, dtype=np.int64))
    codes = np.repeat([list(names).index(name) for name, _ in parts], sizes).astype(np.int64)
    domain = _joined([cells.domain for _, cells in parts], np.empty(0, dtype=object))
    obs = pd.DataFrame(
        {
            k.SAMPLE: pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names))),
            k.CELL_ID: cell_id,
            k.AREA_UM2: _joined([cells.area_um2 for _, cells in parts], np.empty(0)),
            k.DOMAIN: pd.Categorical(domain, categories=domains.categories(set(domain))),
        },
        index=[f"{names[code]}:{cell}" for code, cell in zip(codes.tolist(), cell_id.tolist(), strict=True)],
    )
    for name in k.SHAPES:
        if any(name in cells.shapes for _, cells in parts):
            obs[name] = np.concatenate([c.shapes.get(name, np.full(c.cell_id.size, np.nan)) for _, c in parts])
    if any(cells.cell_type is not None for _, cells in parts):
        types = [
            np.full(n, k.UNCLASSIFIED, dtype=object) if cells.cell_type is None else cells.cell_type
            for n, (_, cells) in zip(sizes, parts, strict=True)
        ]
        obs[k.CELL_TYPE_PROVIDED] = pd.Categorical(np.concatenate(types))
    if any(cells.names is not None for _, cells in parts):
        called = [c.cell_id.astype(str).astype(object) if c.names is None else c.names for _, c in parts]
        obs[k.CELL_NAME] = pd.Series(np.concatenate(called), index=obs.index, dtype=object)
    var = pd.DataFrame(
        {k.USE: [c.use for c in markers], k.UNIT: [c.unit for c in markers]},
        index=pd.Index([c.marker for c in markers], dtype=object),
        dtype=object,
    )
    spatial = _joined([cells.spatial for _, cells in parts], np.empty((0, 2)))
    return Annotated(_values(parts, markers), obs, var, {k.SPATIAL: spatial})


def _values(parts: Sequence[Named], markers: Sequence[Channel]) -> Any:
    """X: dense, or CSR where every part is sparse."""
    from scipy import sparse

    blocks = [_columns(cells, markers) for _, cells in parts]
    if not blocks:
        return np.empty((0, len(markers)), dtype=np.float32)
    if all(sparse.issparse(block) for block in blocks):
        return sparse.vstack(blocks, format="csr", dtype=np.float32)
    return np.concatenate([block.toarray() if sparse.issparse(block) else block for block in blocks])


def _columns(cells: Cells, markers: Sequence[Channel]) -> Any:
    """The values of `markers`; of those that a sample lacks NaN, of transcripts 0."""
    from scipy import sparse

    if list(cells.markers) == list(markers):
        return cells.intensities
    at = {c.marker: i for i, c in enumerate(cells.markers)}
    where = np.array([at.get(c.marker, -1) for c in markers])
    if sparse.issparse(cells.intensities):
        there = np.flatnonzero(where >= 0)
        shape = (len(cells.markers), len(markers))
        chosen = sparse.csr_matrix((np.ones(there.size, np.float32), (where[there], there)), shape=shape)
        return (cells.intensities @ chosen).tocsr()
    out = np.full((cells.cell_id.size, len(markers)), np.nan, dtype=np.float32)
    out[:, where >= 0] = cells.intensities[:, where[where >= 0]]
    return out


def edges_of_batch(parts: Sequence[Named]) -> pd.DataFrame:
    """Edges of all samples, in the order of the sheet (`contracts.EDGES`)."""
    edges = _joined([cells.edges for _, cells in parts], np.empty((0, 2), dtype=np.int64))
    names = np.repeat(np.array([name for name, _ in parts], dtype=object), [len(cells.edges) for _, cells in parts])
    return pd.DataFrame({k.SAMPLE: names, k.SOURCE_CELL: edges[:, 0], k.TARGET_CELL: edges[:, 1]})


def _joined(parts: Sequence[np.ndarray], none: np.ndarray) -> np.ndarray:
    return np.concatenate(parts) if parts else none
