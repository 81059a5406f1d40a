"""Which places among windows hold more of one group: no number of niches is chosen. Tables in, table out.

After Milo (Dann et al. 2022) and QUICHE. False discoveries are weighed by how dense windows are at a place: dense
regions hold many places that tell the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.contracts import ABUNDANCE, empty
from tumint.response.design.groups import Design
from tumint.response.models.counts import count_test
from tumint.response.models.linear import Floats


def abundance(places: pd.DataFrame, design: Design, min_subjects: int) -> pd.DataFrame:
    """Table of the contract ABUNDANCE of one contrast, from SURROUNDINGS; no p where too few subjects are left."""
    unit = design.unit_of_sample
    mine = places[places[k.SAMPLE].isin(unit.index)]
    if mine.empty:
        return empty(ABUNDANCE)
    code = {name: i for i, name in enumerate(design.units)}
    at = mine[k.SAMPLE].map(unit).map(code)
    mine = mine[at.notna().to_numpy()].assign(unit=at.dropna().astype(int).to_numpy())
    wide = mine.pivot_table(index="place", columns="unit", values=[k.N, "drawn"], aggfunc="sum", fill_value=0)
    counts, size = wide[k.N].to_numpy(float), wide["drawn"].to_numpy(float)[0]
    kept = np.array([int(name) for name in wide[k.N].columns])[size > 0]
    counts, size = counts[:, size > 0], size[size > 0]
    first = places.drop_duplicates("place").set_index("place").loc[wide.index]
    table = first[[k.NICHE, "at_sample", "at_cell"]].reset_index().assign(contrast=design.contrast.name)
    for name in ("effect", "f", "df", "p", "q"):
        table[name] = np.nan
    sides = design.group[kept].sum(), design.reference[kept].sum()
    X = design.matrix[kept]
    if min(sides) < min_subjects or len(kept) <= np.linalg.matrix_rank(X):
        return table[list(ABUNDANCE.columns)]
    rows = counts.sum(axis=1) > 0
    test = count_test(counts[rows], X, size)
    for name in ("effect", "f", "df", "p"):
        table.loc[rows, name] = getattr(test, name)
    # windows that are all alike are at no distance: without a floor such places would outweigh all others together
    reach = first["reach"].to_numpy(float)[rows]
    table.loc[rows, "q"] = weighted_fdr(test.p, 1 / np.maximum(reach, max(np.median(reach) / 2, 1e-9)))
    return table[list(ABUNDANCE.columns)]


def weighted_fdr(p: Floats, weight: Floats) -> Floats:
    """Benjamini and Hochberg's q where every test counts as `weight` (Milo's spatial FDR); equal weights: as always."""
    order = np.argsort(p, kind="stable")
    below = np.cumsum(weight[order])
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate((p[order] * below[-1] / below)[::-1])[::-1])
    return q
