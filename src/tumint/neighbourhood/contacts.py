"""Contact odds ratios of the images of one subject, as columns for their tables of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint.neighbourhood.exchange import Rules, draw_exchanges
from tumint.neighbourhood.fits import Odds
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.odds import joint_odds
from tumint.neighbourhood.pairwise import pairwise_odds

MOST_TYPES = 50  # that one fit of all pairs takes: its cost grows with the fourth power of their number

PAIRWISE = ("log_odds", "log_odds_se", "information")
DIRECT = ("direct_log_odds", "direct_se", "direct_information")
CHI = ("chi", "chi_se", "chi_information")


@dataclass(frozen=True)
class Tissue:
    """One image: coordinates in µm (n × 2), labels (n), contacts, and which cells may exchange their labels."""

    sample: str
    xy: np.ndarray
    labels: np.ndarray
    graph: Graph
    rules: Rules


def contact_odds(tissues: Sequence[Tissue], n_types: int, seed: int = 0, *, joint: bool = True) -> list[pd.DataFrame]:
    """Columns `PAIRWISE`, and with `joint` `DIRECT` and `CHI`, of every image, one row per ordered pair of types.

    The images of a subject are fitted as one (`tumint.neighbourhood.odds`). Values are missing and information is 0
    where nothing can vary, and in a fit of all pairs of more than `MOST_TYPES` types. χ of a type with itself is
    missing.
    """
    # types that no image has would only make the fit larger
    present = np.unique(np.concatenate([np.unique(tissue.labels) for tissue in tissues] or [np.empty(0, np.int64)]))
    K = len(present)
    if K < 2:
        return [_columns(n_types, present, None, PAIRWISE + (DIRECT + CHI if joint else ())) for _ in tissues]
    images = [
        draw_exchanges(t.sample, t.xy, np.searchsorted(present, t.labels), t.graph, K, t.rules, seed) for t in tissues
    ]
    upper, above = np.triu_indices(K), np.triu_indices(K, 1)
    found: list[tuple[tuple[str, ...], Odds | None, tuple[np.ndarray, np.ndarray]]]
    found = [(PAIRWISE, pairwise_odds(images, K), upper)]
    if joint and K <= MOST_TYPES:
        fit = joint_odds(images, K)
        found += [(DIRECT, fit.direct, upper), (CHI, fit.mixing, above)]
    elif joint:
        found += [(DIRECT, None, upper), (CHI, None, above)]
    tables = []
    for i in range(len(tissues)):
        parts = [
            _columns(n_types, present, None if odds is None else (odds, i, pairs), names)
            for names, odds, pairs in found
        ]
        tables.append(pd.concat(parts, axis=1))
    return tables


def _columns(
    n_types: int,
    present: np.ndarray,
    found: tuple[Odds, int, tuple[np.ndarray, np.ndarray]] | None,
    names: tuple[str, ...],
) -> pd.DataFrame:
    """Value, se and information of one image as columns of ordered pairs of all types."""
    matrices = {name: np.full((n_types, n_types), np.nan) for name in names}
    for name in names:
        if name.endswith("information"):
            matrices[name][:] = 0.0
    if found is not None:
        odds, i, (first, second) = found
        a, b = present[first], present[second]
        for name, values in zip(names, (odds.value[i], odds.se[i], odds.information[i]), strict=True):
            matrices[name][a, b] = matrices[name][b, a] = values
    return pd.DataFrame({name: matrix.reshape(-1) for name, matrix in matrices.items()})
