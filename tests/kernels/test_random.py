"""Streams and shuffles: uniform, independent of each other, and the same numbers for ever."""

from __future__ import annotations

import itertools

import numpy as np

from tumint.kernels.permute import permuted_labels
from tumint.kernels.random import mix, shuffle, stream


def test_the_mixer_is_splitmix64() -> None:
    # first outputs of the reference implementation for seed 1234567 (Vigna, splitmix64.c)
    state, golden = 1234567, 0x9E3779B97F4A7C15
    found = [int(mix(np.uint64((state + (i + 1) * golden) % 2**64))) for i in range(3)]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_every_order_is_equally_likely() -> None:
    orders = {order: 0 for order in itertools.permutations(range(4))}
    draws = 24_000
    for permutation in range(draws):
        values = np.arange(4)
        key, step = map(np.uint64, stream(np.uint64(99), permutation))
        shuffle(values, 0, 4, key, step, np.uint64(0))
        orders[tuple(values.tolist())] += 1
    chi2 = sum((count - draws / 24) ** 2 for count in orders.values()) / (draws / 24)
    assert chi2 < 49.7  # 23 degrees of freedom, p = 0.001


def test_a_permutation_depends_on_image_and_number_alone_and_keeps_the_strata() -> None:
    labels = np.repeat(np.arange(5, dtype=np.uint8), 40)
    strata = np.arange(200) % 3
    order = np.argsort(strata, kind="stable").astype(np.int32)
    blocks = np.concatenate([[0], np.cumsum(np.bincount(strata))]).astype(np.int64)
    out, again, other = labels.copy(), labels.copy(), labels.copy()
    permuted_labels(labels, order, blocks, np.uint64(5), 7, labels.copy(), out)
    permuted_labels(labels, order, blocks, np.uint64(5), 7, labels.copy(), again)
    permuted_labels(labels, order, blocks, np.uint64(5), 8, labels.copy(), other)
    assert (out == again).all()
    assert (out != other).any()
    for s in range(3):
        assert (np.bincount(out[strata == s], minlength=5) == np.bincount(labels[strata == s], minlength=5)).all()
