"""Types from a reference: how votes are weighed."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.cluster.transfer import transferred


@pytest.mark.parametrize(("near_b", "wanted"), [(2, "a"), (3, "b")])
def test_votes_are_divided_by_the_root_of_how_many_can_vote(near_b: int, wanted: str) -> None:
    a, b = 90, 10
    near_a = 10 - near_b
    places = [*[1.0] * near_a, *[50.0] * (a - near_a), *[1.0] * near_b, *[50.0] * (b - near_b)]
    reference = np.column_stack([places, np.zeros(a + b)])
    types = np.repeat(["a", "b"], [a, b])
    found, share = transferred(np.zeros((1, 2)), reference, types, n_neighbours=10, min_confidence=0.0, seed=0)
    votes = np.array([near_a / np.sqrt(a), near_b / np.sqrt(b)])
    assert found.tolist() == [wanted]
    assert share[0] == pytest.approx(votes.max() / votes.sum())
    # at its confidence a cell keeps its type, just above it does not
    for asked, kept in ((share[0], wanted), (np.nextafter(share[0], 1), "unclassified")):
        again = transferred(np.zeros((1, 2)), reference, types, n_neighbours=10, min_confidence=asked, seed=0)
        assert again[0].tolist() == [kept]
