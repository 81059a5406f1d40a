"""Tissue domain of every cell, from mask means or from the source's own column. Pure arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from tumint import keys as k

_INSIDE = 0.5
_SPELT = {name: name for name in (*k.DOMAINS, k.NO_DOMAIN)} | {"tumor": "tumour"}


def from_masks(masks: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Domain of `n` cells from the means of 0/1 masks under them.

    Parameters
    ----------
    masks
        `{domain: mean}`, each of shape `(n,)`; NaN counts as outside.

    Returns
    -------
    Names, shape `(n,)`, dtype object: of the masks that cover at least half of the cell, the first by `in_order`;
    `none` where no mask does.
    """
    found = np.full(n, k.NO_DOMAIN, dtype=object)
    for domain in reversed(in_order(masks)):
        found[masks[domain] >= _INSIDE] = domain
    return found


def from_names(names: np.ndarray, outside: Collection[str] = ()) -> np.ndarray:
    """Domains that a source names: its own names, but for those that we know in any case (and `tumor`).

    Parameters
    ----------
    names
        Shape `(n,)`, dtype object.
    outside
        What the source calls a place that is no tissue: `none`.
    """
    lookup = {name: k.NO_DOMAIN if name in outside else _SPELT.get(name.lower(), name) for name in set(names)}
    return np.array([lookup[name] for name in names], dtype=object)


def in_order(names: Iterable[str]) -> list[str]:
    """Names once each: those of `keys.DOMAINS` in that order, then a lab's own by name, then `none`."""
    there = set(names)
    own = sorted(there - {*k.DOMAINS, k.NO_DOMAIN})
    return [name for name in (*k.DOMAINS, *own, k.NO_DOMAIN) if name in there]


def categories(names: Iterable[str]) -> list[str]:
    """`in_order`, with the names of `keys.DOMAINS` and `none` also where no cell has them."""
    return in_order({*k.DOMAINS, *names, k.NO_DOMAIN})


def in_several(masks: Mapping[str, np.ndarray]) -> int:
    """How many cells at least two masks cover by half or more."""
    if not masks:
        return 0
    return int((np.sum([mean >= _INSIDE for mean in masks.values()], axis=0) > 1).sum())
