"""Nearest distances against spatstat's nncross and by hand."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.neighbourhood.distances import distance_table, index_of_cells, mean_index, nearest
from tumint.neighbourhood.features import distance_features

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


@pytest.mark.parametrize("pattern", ["csr", "clustered"])
def test_distances_equal_spatstat(pattern: str) -> None:
    cells = pd.read_csv(ORACLES / f"{pattern}_pattern.csv")
    oracle = pd.read_csv(ORACLES / f"{pattern}_nncross.csv")
    types = sorted(set(cells["type"]))
    labels = pd.Categorical(cells["type"], categories=types).codes
    found = nearest(cells[["x", "y"]].to_numpy(), labels, len(types)).distance
    for b, name in enumerate(types):
        assert found[:, b] == pytest.approx(oracle[f"dist_{name}"].to_numpy(), rel=1e-10)


def test_the_summary_of_a_pair() -> None:
    xy = np.array([[0.0, 0.0], [0.0, 3.0], [4.0, 0.0], [4.0, 0.0]])
    labels = np.array([0, 0, 1, 1])
    table = distance_table("s", xy, labels, ["a", "b", "c"], min_cells=2).set_index(["source", "target"])
    row = table.loc[("a", "b")]
    assert (row["n"], row["mean_um"], row["median_um"]) == (2, 4.5, 4.5)
    assert row[["p10_um", "p25_um", "p75_um", "p90_um"]].tolist() == pytest.approx([4.1, 4.25, 4.75, 4.9])
    assert row["mean_log"] == pytest.approx(np.log([4, 5]).mean())
    assert row["sd_log"] == pytest.approx(np.log([4, 5]).std(ddof=1))
    assert table.loc[("a", "a"), "mean_um"] == 3
    coincident = table.loc[("b", "b")]
    assert coincident["mean_um"] == 0
    assert coincident["mean_log"] == pytest.approx(np.log(0.1))
    assert table.loc[("a", "c"), "status"] == "absent"
    assert np.isnan(table.loc[("a", "c"), "mean_um"])


def test_too_few_cells_have_no_distance() -> None:
    xy = np.random.default_rng(0).random((12, 2))
    table = distance_table("s", xy, np.array([0] * 11 + [1]), ["a", "b"], min_cells=5)
    assert table["status"].tolist() == ["tested", "too_few", "too_few", "too_few"]
    assert table["mean_um"].notna().tolist() == [True, False, False, False]


def values(xy: np.ndarray, labels: np.ndarray, strata: np.ndarray, n_types: int) -> np.ndarray:
    """The index of every cell and type."""
    return index_of_cells(nearest(xy, labels, n_types), labels, strata)


def slow(xy: np.ndarray, labels: np.ndarray, strata: np.ndarray, n_types: int) -> np.ndarray:
    """The same from its definition, cell by cell."""
    out = np.full((len(xy), n_types), np.nan)
    cells = np.arange(len(xy))
    for i, b in np.ndindex(out.shape):
        others = np.flatnonzero((strata == strata[i]) & (labels != b) & (labels != labels[i]))
        targets = np.flatnonzero((labels == b) & (cells != i))
        if len(others) and len(targets):
            away = [np.hypot(*(xy[targets] - xy[j]).T).min() for j in (i, *others)]
            out[i, b] = np.mean([1.0 if d < away[0] else 0.5 * (d == away[0]) for d in away[1:]])
    return out


PLACES = {
    "anywhere": lambda rng, n: rng.random((n, 2)) * 100,
    "pixels": lambda rng, n: rng.integers(0, 12, (n, 2)).astype(float),  # ties, and cells at one place
    "a line": lambda rng, n: np.column_stack([rng.random(n) * 1000, np.zeros(n)]),
    "two clumps": lambda rng, n: rng.normal(0, 1, (n, 2)) + 1e4 * (rng.random((n, 1)) < 0.5),
    "one place": lambda rng, n: np.zeros((n, 2)),
}


@pytest.mark.long
@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("n_strata", [1, 3])
def test_the_index_equals_its_definition(places: str, n_strata: int) -> None:
    rng = np.random.default_rng(n_strata)
    for n in (1, 2, 7, 150):
        xy, labels, strata = (
            PLACES[places](rng, n),
            rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05]),
            rng.integers(0, n_strata, n),
        )
        strata = np.unique(strata, return_inverse=True)[1]
        assert values(xy, labels, strata, 5) == pytest.approx(slow(xy, labels, strata, 5), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("n_strata", [1, 2])
@pytest.mark.parametrize("places", ["anywhere", "pixels"])
def test_its_mean_is_a_half_whatever_the_number_of_targets(places: str, n_strata: int) -> None:
    rng = np.random.default_rng(3)
    for kinds in ([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 0, 1, 2, 2, 2, 2], [0, 0, 1, 1, 1, 1, 1, 2]):
        xy, strata = PLACES[places](rng, 8) // 1, np.arange(8) % n_strata
        labels = rng.permutation(kinds)
        groups = [np.flatnonzero(strata == s) for s in range(n_strata)]
        sums, n = np.zeros((3, 3)), np.zeros((3, 3))
        for arrangement in itertools.product(
            *(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)
        ):
            mixed = labels.copy()
            for group, kind in zip(groups, arrangement, strict=True):
                mixed[group] = kind
            found = values(xy, mixed, strata, 3)
            for a in range(3):
                sums[a] += np.nansum(found[mixed == a], axis=0)
                n[a] += (~np.isnan(found[mixed == a])).sum(axis=0)
        assert (n > 0).sum() >= 4
        assert (sums / np.where(n > 0, n, 1))[n > 0] == pytest.approx(0.5, abs=1e-12)


def test_more_targets_are_nearer_but_not_by_more_than_chance() -> None:
    rng = np.random.default_rng(5)
    xy = rng.random((20_000, 2)) * 1400
    few = rng.choice(3, 20_000, p=[0.1, 0.05, 0.85])
    many = np.where((few == 2) & (rng.random(20_000) < 0.1), 1, few)
    near = nearest(xy, few, 3).distance[:, 0] < 8
    beside = np.where((few == 2) & (rng.random(20_000) < 0.1 + 0.3 * near), 1, few)
    tables = [distance_table("s", xy, labels, ["a", "b", "c"]) for labels in (few, many, beside)]
    rows = [table.set_index(["source", "target"]).loc[("a", "b")] for table in tables]
    assert rows[1]["mean_log"] - rows[0]["mean_log"] < -0.3
    assert rows[0]["index"] == pytest.approx(0.5, abs=3 * rows[0]["index_se"])
    assert rows[1]["index"] == pytest.approx(0.5, abs=3 * rows[1]["index_se"])
    assert rows[2]["index"] < 0.5 - 6 * rows[2]["index_se"]


def test_clumps_of_the_target_are_no_attraction() -> None:
    rng = np.random.default_rng(9)
    found = []
    for clumps in (4, 8):
        for _ in range(40):
            centres = rng.random((clumps, 2)) * 300
            b = np.repeat(centres, 15, axis=0) + rng.normal(0, 12, (15 * clumps, 2))
            xy = np.concatenate([rng.random((700, 2)) * 300, b])
            labels = np.concatenate([rng.choice([0, 2], 700, p=[0.2, 0.8]), np.full(len(b), 1)])
            strata = np.unique(xy // 100, axis=0, return_inverse=True)[1].reshape(-1)
            found.append(mean_index(nearest(xy, labels, 3), labels, strata)[1][0, 1])
    few, many = np.array(found).reshape(2, -1)
    assert few.mean() == pytest.approx(0.5, abs=4 * few.std() / np.sqrt(40))
    assert many.mean() == pytest.approx(0.5, abs=4 * many.std() / np.sqrt(40))
    assert few.std() < 0.06


def test_its_error_is_that_of_repeated_labellings() -> None:
    rng = np.random.default_rng(6)
    xy = rng.random((600, 2)) * 240
    labels = rng.choice(4, 600, p=[0.2, 0.1, 0.3, 0.4])
    strata = (xy[:, 0] > 120).astype(int)
    means, errors = [], []
    for _ in range(300):
        for s in (0, 1):
            labels[strata == s] = rng.permutation(labels[strata == s])
        _, mean, se = mean_index(nearest(xy, labels, 4), labels, strata)
        means.append(mean)
        errors.append(se)
    assert np.mean(means, axis=0) == pytest.approx(0.5, abs=0.012)
    ratio = np.sqrt(np.mean(np.square(errors), axis=0)) / np.std(means, axis=0)
    between = ratio[~np.eye(4, dtype=bool)]
    assert between.min() > 0.9
    assert between.max() < 1.5
    # of a type with itself it is too small: two cells that are each other's nearest are no two samples
    assert np.diag(ratio).min() > 0.65


def test_what_has_no_index() -> None:
    xy = np.random.default_rng(0).random((40, 2)) * 50
    strata = np.repeat([0, 1], 20)
    labels = np.concatenate([np.zeros(19, int), [1], np.ones(10, int), np.full(10, 2)])
    table = distance_table("s", xy, labels, ["a", "b", "c", "d"], 1, strata).set_index(["source", "target"])
    # a is with one b alone: nothing to compare its way to b with, nor that of b and c to each other, but for that b
    assert table.loc["a", "n_index"].tolist() == [19, 0, 19, 0]
    assert table.loc["b", "n_index"].tolist() == [10, 11, 1, 0]
    assert table.loc["c", "n_index"].tolist() == [10, 0, 10, 0]
    assert (table["index"].isna() == (table["n_index"] == 0)).all()
    features = distance_features(table.reset_index()).set_index("feature")
    assert features.loc[["a|b", "a|a", "a|d"], "status"].tolist() == ["no_variation", "tested", "absent"]
    assert table.loc[("a", "b"), "mean_um"] > 0
