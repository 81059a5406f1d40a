"""Tissue domain of every cell, from mask means or from the source's own column. Pure arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tumint import keys as k

CATEGORIES = (*k.DOMAINS, k.NO_DOMAIN)
_INSIDE = 0.5


def from_masks(masks: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Domain of `n` cells from the means of 0/1 masks under them.

    Parameters
    ----------
    masks
        `{domain: mean}`, each of shape `(n,)`; NaN counts as outside.

    Returns
    -------
    Index into `CATEGORIES`, shape `(n,)`, int8: of the masks that cover at least half of the cell, the first in the
    order of `keys.DOMAINS`; `none` where no mask does.
    """
    codes = np.full(n, CATEGORIES.index(k.NO_DOMAIN), dtype=np.int8)
    for domain in reversed(k.DOMAINS):
        if domain in masks:
            codes[masks[domain] >= _INSIDE] = CATEGORIES.index(domain)
    return codes


def from_names(names: np.ndarray) -> np.ndarray:
    """Index into `CATEGORIES`, int8, of names that are all among them."""
    lookup = {name: i for i, name in enumerate(CATEGORIES)}
    return np.fromiter((lookup[name] for name in names), dtype=np.int8, count=len(names))


def from_any_names(names: np.ndarray) -> np.ndarray:
    """The same of names in any case, `tumor` for `tumour`; those that are no domain are `none`."""
    lookup = {name: i for i, name in enumerate(CATEGORIES)} | {"tumor": CATEGORIES.index("tumour")}
    outside = CATEGORIES.index(k.NO_DOMAIN)
    return np.fromiter((lookup.get(str(name).lower(), outside) for name in names), dtype=np.int8, count=len(names))


def in_several(masks: Mapping[str, np.ndarray]) -> int:
    """How many cells at least two masks cover by half or more."""
    if not masks:
        return 0
    return int((np.sum([mean >= _INSIDE for mean in masks.values()], axis=0) > 1).sum())
