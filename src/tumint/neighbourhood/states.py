"""What the markers of a sample add to its features: their levels and positivity by type and domain. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tumint import keys as k
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
    for names, mine in ((list(types), labels), *_wholes(types, labels, measured)):
        found.append(
            marker_features(
                *(scored.sample, mine, names, domains, values, measured.gates),
                ratios=measured.ratios,
                told_by=measured.told_by,
            )
        )
    return replace(scored, features=pd.concat([part for part in found if len(part)], ignore_index=True))


def _wholes(types: Sequence[str], labels: np.ndarray, measured: Measured) -> list[tuple[list[str], np.ndarray]]:
    """Types that were told into subtypes, as a whole: PD1+ cells are a share of CD8 T cells."""
    if not measured.subtypes:
        return []
    names = [*measured.subtypes, k.UNCLASSIFIED]
    of = {kind: i for i, kinds in enumerate(measured.subtypes.values()) for kind in kinds}
    return [(names, np.array([of.get(kind, len(names) - 1) for kind in types], dtype=np.intp)[labels])]
