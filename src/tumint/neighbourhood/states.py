"""What the markers of a sample add to its features: their levels and positivity by type and domain. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from tumint import keys as k
from tumint.neighbourhood.contact_states import Contacts, contact_features
from tumint.neighbourhood.markers import marker_features
from tumint.neighbourhood.measured import Measured
from tumint.neighbourhood.scorer import Scored


def with_states(
    scored: Scored,
    cells: pd.DataFrame,
    labels: np.ndarray,
    types: Sequence[str],
    domains: np.ndarray,
    measured: Measured,
) -> Scored:
    """A scored sample with the features of its markers; `labels` and `domains` are those of the rows of `cells`."""
    values = measured.values(cells, measured.markers)
    found = [scored.features]
    if measured.by_contact and scored.graph is not None and len(scored.graph):
        found.append(_by_contact(scored, cells, labels, types, domains, measured))
    wholes = _wholes(types, labels, measured)
    # a ratio of means in niches has no meaning where normalised values can be negative
    within = {"": domains} | ({k.FAMILY_MARKER_IN_NICHE: _niches(scored, cells)} if measured.ratios else {})
    for inside, places in within.items():
        for names, mine in ((list(types), labels), *wholes):
            found.append(
                marker_features(
                    *(scored.sample, mine, names, places, values, measured.gates),
                    ratios=measured.ratios,
                    told_by=measured.told_by,
                    inside=inside,
                )
            )
    return replace(scored, features=pd.concat([part for part in found if len(part)], ignore_index=True))


def _niches(scored: Scored, cells: pd.DataFrame) -> np.ndarray:
    """The niche of the rows of `cells`, or `none`."""
    of_cell = scored.members.set_index(k.CELL_ID)[k.NICHE] if len(scored.members) else pd.Series(dtype=object)
    return of_cell.replace("", k.NO_DOMAIN).reindex(cells[k.CELL_ID]).fillna(k.NO_DOMAIN).to_numpy(dtype=object)


def _by_contact(
    scored: Scored,
    cells: pd.DataFrame,
    labels: np.ndarray,
    types: Sequence[str],
    domains: np.ndarray,
    measured: Measured,
) -> pd.DataFrame:
    """Markers by whom their cells touch, on the graph that contacts are scored on."""
    at = pd.Index(cells[k.CELL_ID])
    ends = [at.get_indexer(scored.graph[name]) for name in (k.SOURCE_CELL, k.TARGET_CELL)]
    graph = csr_array((np.ones(len(scored.graph)), ends), shape=(len(cells), len(cells)))
    strata = np.unique(domains.astype(str), return_inverse=True)[1]
    return contact_features(
        Contacts(scored.sample, labels, strata, graph, types),
        measured.values(cells, measured.markers),
        measured.values(cells, [name for name in measured.lineage if name not in measured.markers]),
        measured.gates,
        measured.told_by,
    )


def _wholes(types: Sequence[str], labels: np.ndarray, measured: Measured) -> list[tuple[list[str], np.ndarray]]:
    """Types that were told into subtypes, as a whole: PD1+ cells are a share of CD8 T cells."""
    if not measured.subtypes:
        return []
    names = [*measured.subtypes, k.UNCLASSIFIED]
    of = {kind: i for i, kinds in enumerate(measured.subtypes.values()) for kind in kinds}
    return [(names, np.array([of.get(kind, len(names) - 1) for kind in types], dtype=np.intp)[labels])]
