"""Compiled kernels: arrays in, arrays out. Only numpy and numba are imported here.

`njit` is the one wrapper: cached on disk by a digest of all kernels (`tumint.compiled`), without the GIL (so that
threads run over images), and never with fastmath, which would let the order of sums depend on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from tumint import compiled

F = TypeVar("F", bound=Callable[..., object])


def njit(function: F) -> F:
    """Compile `function` in nopython mode: cached, GIL released, strict floating point, serial."""
    where, config = compiled.folder(), cast(Any, numba.config)
    before = config.CACHE_DIR
    config.CACHE_DIR = where  # read when a function is wrapped; other packages' kernels stay where they are
    try:
        return cast(F, numba.njit(cache=bool(where), nogil=True, fastmath=False)(function))  # noqa: TID251
    finally:
        config.CACHE_DIR = before
