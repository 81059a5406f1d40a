"""Compiled kernels: arrays in, arrays out. Only numpy and numba are imported here.

`njit` is the one wrapper: cached on disk, without the GIL (so that threads run over images), and never with fastmath,
which would let the order of sums depend on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def njit(function: F) -> F:
    """Compile `function` in nopython mode: cached, GIL released, strict floating point, serial."""
    return cast(F, numba.njit(cache=True, nogil=True, fastmath=False)(function))  # noqa: TID251
