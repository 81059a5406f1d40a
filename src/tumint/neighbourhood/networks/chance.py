"""Networks against chance: what is seen of them where labels are permuted within strata. One image, no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.kernels.permute import permuted_labels
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.networks.find import Kind, networks
from tumint.neighbourhood.nulls import image_key, permutation_blocks

CLASSES = (1, 6, 11, 21, 51, 101, 501)  # smallest sizes of the classes of the spectrum
CELLS, NUMBER, TYPE, SIZE, SHARE = "cells", "networks", "type", "size", "share"


@dataclass(frozen=True)
class Tissue:
    """One image: places in µm, labels, ids, the graph of all cells, and the strata that labels are permuted within."""

    sample: str
    xy: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    graph: Graph
    strata: np.ndarray


def measures(roots: np.ndarray, labels: np.ndarray, types: tuple[int, ...]) -> np.ndarray:
    """Cells in networks, number of networks, cells of each of `types` in them, and cells by the size of theirs."""
    inside = roots >= 0
    found, size = np.unique(roots[inside], return_counts=True)
    by_type = [int((labels[inside] == kind).sum()) for kind in types]
    by_size = np.bincount(np.searchsorted(CLASSES, size, side="right") - 1, size, len(CLASSES))
    return np.array([inside.sum(), len(found), *by_type, *by_size], float)


def against_chance(
    kind: Kind, tissue: Tissue, types: Sequence[str], roots: np.ndarray, permutations: int, seed: int
) -> pd.DataFrame:
    """Table of the contract NETWORK_COUNTS of one kind: seen, and mean and sd over `permutations` of the labels.

    Rows `share` have an exact expectation: who of the kind's cells are inside, those that are inside staying so.
    """
    order, blocks = permutation_blocks(tissue.strata)
    key = image_key(seed, f"{tissue.sample}/{kind.name}")
    labels = tissue.labels.astype(np.int64)
    pool, mixed = labels.copy(), labels.copy()
    seen = measures(roots, labels, kind.types)
    drawn = np.empty((permutations, len(seen)))
    for i in range(permutations):
        permuted_labels(labels, order, blocks, key, i, pool, mixed)
        drawn[i] = measures(networks(kind, tissue.graph, tissue.xy, mixed), mixed, kind.types)
    # of a kind of one type, its cells are all that are inside
    several = kind.types if len(kind.types) > 1 else ()
    seen, drawn = (np.delete(a, 2, axis=-1) if not several else a for a in (seen, drawn))
    items = [CELLS, NUMBER, *(types[t] for t in several), *(str(low) for low in CLASSES)]
    what = [CELLS, NUMBER, *([TYPE] * len(several)), *([SIZE] * len(CLASSES))]
    table = pd.DataFrame({"what": what, "item": items, "observed": seen})
    table["expected"], table["sd"] = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    table["cells"] = [int(np.isin(labels, kind.types).sum())] * len(table)
    shares = [_shares(kind, labels, tissue.strata, roots, types)] if several else []
    return pd.concat([table, *shares], ignore_index=True).assign(sample=tissue.sample, network=kind.name)


def _shares(
    kind: Kind, labels: np.ndarray, strata: np.ndarray, roots: np.ndarray, types: Sequence[str]
) -> pd.DataFrame:
    """Cells of each type inside, against labels dealt out among the kind's own cells of a stratum (hypergeometric)."""
    mine = np.isin(labels, kind.types)
    S = int(strata.max(initial=0)) + 1
    total, inside = (np.bincount(strata[where], minlength=S).astype(float) for where in (mine, mine & (roots >= 0)))
    rows = []
    for one in kind.types:
        n = np.bincount(strata[labels == one], minlength=S).astype(float)
        seen = float(((labels == one) & (roots >= 0)).sum())
        share = np.divide(inside, total, out=np.zeros(S), where=total > 0)
        among = np.divide(total - n, total - 1, out=np.zeros(S), where=total > 1)
        rows.append((SHARE, types[one], seen, float((n * share).sum()), (n * share * (1 - share) * among).sum() ** 0.5))
    table = pd.DataFrame(rows, columns=["what", "item", "observed", "expected", "sd"])
    return table.assign(cells=int(mine.sum()))


def network_features(counts: pd.DataFrame) -> pd.DataFrame:
    """Families `network` and `type_in_network` from rows of the contract NETWORK_COUNTS of one sample."""
    kept = counts[counts["what"].isin([CELLS, NUMBER, TYPE, SHARE])]
    observed, expected, sd = (kept[name].to_numpy(float) for name in ("observed", "expected", "sd"))
    share = (kept["what"] == SHARE).to_numpy()
    said = {CELLS: "cells in {0}", NUMBER: "number of {0}", TYPE: "{1} in {0}", SHARE: "{1} among cells in {0}"}
    names = [
        said[what].format(kind, item)
        for what, kind, item in zip(kept["what"], kept["network"], kept["item"], strict=True)
    ]
    cells = kept["cells"].to_numpy(np.int64)
    moves = (cells > 0) & (sd > 0)
    status = np.where(moves, k.TESTED, np.where(cells > 0, k.NO_VARIATION, k.ABSENT)).astype(object)
    return pd.DataFrame(
        {
            k.SAMPLE: kept[k.SAMPLE].to_numpy(object),
            k.FAMILY: np.where(share, k.FAMILY_TYPE_IN_NETWORK, k.FAMILY_NETWORK).astype(object),
            k.FEATURE: names,
            k.VALUE: np.where(moves, np.log2((observed + 0.5) / (expected + 0.5)), np.nan),
            k.SE: np.where(moves, sd / ((expected + 0.5) * np.log(2)), np.nan),
            k.WEIGHT: np.where(moves, expected, 0.0),
            k.N: cells,
            k.STATUS: status,
        }
    )


def network_table(kind: Kind, tissue: Tissue, number: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    """Table of the contract NETWORKS of one kind, the largest first."""
    inside = np.flatnonzero(number > 0)
    size = np.bincount(number)[1:] if len(inside) else np.zeros(0, np.int64)
    N = len(size)
    sources = np.repeat(np.arange(tissue.graph.n), np.diff(tissue.graph.indptr))
    ends = number[sources], number[tissue.graph.indices]
    edges = np.bincount(ends[0][(ends[0] == ends[1]) & (ends[0] > 0)], minlength=N + 1)[1:] / 2
    columns: dict[str, np.ndarray] = {
        "id": np.arange(1, N + 1),
        k.N: size.astype(np.int64),
        "edges": edges.astype(np.int64),
    }
    for name, axis in ((k.X_UM, 0), (k.Y_UM, 1)):
        columns[name] = np.bincount(number[inside], tissue.xy[inside, axis], N + 1)[1:] / np.maximum(size, 1)
    held = np.zeros((N + 1, len(types)), np.int64)
    np.add.at(held, (number[inside], tissue.labels[inside]), 1)
    composition = [
        ", ".join(f"{types[t]} {row[t]}" for t in np.argsort(-row, kind="stable") if row[t]) for row in held[1:]
    ]
    table = pd.DataFrame({**columns, "composition": np.array(composition, dtype=object)})
    return table.assign(sample=tissue.sample, network=kind.name)
