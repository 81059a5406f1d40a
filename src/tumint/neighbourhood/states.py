"""What the markers of a sample add to its features: their levels and positivity by type and domain. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

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
    found = [
        scored.features,
        marker_features(scored.sample, labels, types, domains, values, measured.gates, ratios=measured.ratios),
    ]
    return replace(scored, features=pd.concat([part for part in found if len(part)], ignore_index=True))
