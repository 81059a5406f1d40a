"""`tumint.score`: which types of cells touch more often than by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.api import slots
from tumint.api.cells import GRAPH, edges_of, is_anndata, read
from tumint.errors import Fault, TumintError
from tumint.neighbourhood.score_options import GRAPHS, Options, faults
from tumint.neighbourhood.score_table import score_cells
from tumint.neighbourhood.tables import Columns

_GRAPHS = (*GRAPHS[:-1], "obsp")


def score(
    cells: Any,
    label: str = "cell_type",
    sample: str | None = "sample",
    *,
    x: str = "x",
    y: str = "y",
    stratum: str | None = None,
    parent: str | None = None,
    subject: str | None = None,
    graph: str = "delaunay",
    **options: Any,
) -> pd.DataFrame:
    """Interaction scores of every sample: what `tumint score` writes, of cells in memory.

    Parameters
    ----------
    cells
        (n) rows of a DataFrame, or the cells of an AnnData: columns of `obs`, and places in `obsm["spatial"]` where obs
        has no columns `x` and `y`. Not changed, but for the slots that squidpy draws of an AnnData, for which
        labels that are text become a category.
    label, sample, x, y
        Columns of the type, the sample (None: all cells are one image) and the places (units: `um_per_px`).
    stratum
        Column within whose values labels are permuted, such as a tissue domain.
    parent, subject
        Column of a lineage, to permute within too; column of the animal, whose samples share a contact odds ratio.
    graph
        `delaunay`, `knn`, `radius`, or `obsp`: the graph that squidpy left in `obsp["spatial_connectivities"]`.
    **options
        Those of `tumint score`, with underscores: `null` ("exact", "local", "permutation", ...), `statistic`,
        `max_edge`, `k`, `symmetric`, `radius`, `local_um`, `around_um`, `permutations`, `guard`, `min_cells`,
        `um_per_px`, `seed`, `threads` and others of `tumint.neighbourhood.score_options.Options`. Lengths are in µm.

    Returns
    -------
    One row per sample and ordered pair of types: `observed`, `expected`, `sd`, `z`, `log2_enrichment`, `p`, `q`,
    contact odds ratios (`log_odds`, natural logarithm) and the parts of the ratio; docs/score.md has every column.
    An AnnData also gets `uns["<label>_nhood_enrichment"]`, over all of its samples, which
    `squidpy.pl.nhood_enrichment` draws.

    Raises
    ------
    TumintError
        One line per fault, in the words of the command line.

    Notes
    -----
    Methods and their sources are in docs/statistics.md.
    """
    given = graph == "obsp"
    asked = _options({**options, "graph": graph})
    within = {"stratum": stratum, "parent": parent}
    if found := faults(asked, str, edges=False, cell_id=False, within=within, graphs=_GRAPHS):
        raise TumintError(found)
    columns = Columns(x, y, label, sample, stratum, None, parent, subject)
    table = read(cells, columns, asked.um_per_px)
    edges = None
    if given:
        edges = edges_of(cells, table, GRAPH)
        table[k.CELL_ID] = np.arange(len(table)).astype(str).astype(object)
    null = asked.within(parent=parent is not None)
    scores = score_cells(table, asked.spec, asked.method, null, edges, threads=asked.threads)
    if is_anndata(cells) and asked.statistic == "edges":
        slots.write(cells, label, scores)
    return scores


def _options(given: dict[str, Any]) -> Options:
    known = Options.__dataclass_fields__
    if unknown := [name for name in given if name not in known]:
        raise TumintError([Fault(name, f"one of {', '.join(known)}", "an unknown option") for name in unknown])
    return replace(Options(), **given)
