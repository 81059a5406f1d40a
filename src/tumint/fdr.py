"""False discovery rates: one definition for the pairs of an image and for the features of a contrast.

Stands below the stages, so that they share it; what counts as one family of tests is the caller's choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p values (q) of one family of tests (Benjamini & Hochberg 1995; equal to R's `p.adjust(p, "BH")`).

    Parameters
    ----------
    p
        P values, shape (m,). A missing one (NaN) was not tested: it counts in no way and stays missing.

    Returns
    -------
    q, shape (m,), float64, in the order of `p`.
    """
    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(values))
    order = tested[np.argsort(-values[tested], kind="stable")]
    ranks = np.arange(order.size, 0, -1)
    q[order] = np.minimum(1.0, np.minimum.accumulate(values[order] * order.size / np.maximum(ranks, 1)))
    return q
