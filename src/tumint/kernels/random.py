"""Counter-based random streams: number i of stream (key, step) is a pure function of the three.

SplitMix64 with a step of its own per stream (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
generators"), so that no two streams run over the same numbers, whatever the threads and the order of work.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit

_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_M3 = np.uint64(0xFF51AFD7ED558CCD)
_M4 = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFFFFFF)
_S27, _S30, _S31, _S32, _S33 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32), np.uint64(33)
_ONE = np.uint64(1)


@njit
def mix(z: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit
def stream(image: np.uint64, permutation: int) -> tuple[np.uint64, np.uint64]:
    """Key and (odd) step of the stream of one permutation of one image."""
    key = mix(image + _GOLDEN * np.uint64(2 * permutation + 1))
    z = image + _GOLDEN * np.uint64(2 * permutation + 2)
    z = (z ^ (z >> _S33)) * _M3
    z = (z ^ (z >> _S33)) * _M4
    return key, (z ^ (z >> _S33)) | _ONE


@njit
def _bounded(
    word: np.uint64, bound: np.uint64, key: np.uint64, step: np.uint64, counter: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """A number below `bound` from 32 random bits, exactly uniform (Lemire 2019), and the counter after it."""
    scaled = word * bound
    low = scaled & _LOW
    if low < bound:
        least = (_LOW - bound + _ONE) % bound
        while low < least:
            scaled = (mix(key + counter * step) >> _S32) * bound
            low = scaled & _LOW
            counter += _ONE
    return scaled >> _S32, counter


@njit
def shuffle(
    values: np.ndarray, start: int, stop: int, key: np.uint64, step: np.uint64, counter: np.uint64
) -> np.uint64:
    """Shuffle `values[start:stop]` in place (Fisher–Yates); the counter after it. One number serves two draws."""
    key, step, counter = np.uint64(key), np.uint64(step), np.uint64(counter)
    first, left = np.uint64(start), np.uint64(stop - start)
    while left > _ONE:
        wide = mix(key + counter * step)
        counter += _ONE
        j, counter = _bounded(wide >> _S32, left, key, step, counter)
        left -= _ONE
        values[first + left], values[first + j] = values[first + j], values[first + left]
        if left > _ONE:
            j, counter = _bounded(wide & _LOW, left, key, step, counter)
            left -= _ONE
            values[first + left], values[first + j] = values[first + j], values[first + left]
    return counter
