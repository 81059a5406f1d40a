"""Functions of distance against spatstat, enumeration, permutations and the moments of counts of edges."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.io.contracts import FUNCTIONS, empty
from tumint.io.tables import check
from tumint.neighbourhood import functions
from tumint.neighbourhood.graph import radius
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.window import Window
from tumint.pair_features import function_features

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
SQUARE = Window.rectangle(1000, 1000)


class Binned(Window):
    """Distances to the border as `Kcross` takes them: by bins of r, so that a cell in the bin below r still looks."""

    def depth(self, xy: np.ndarray, reach_um: float) -> np.ndarray:
        """Up to a bin more: r goes to 250 µm in 512 bins."""
        return super().depth(xy, reach_um) + 250 / 512


@pytest.fixture(scope="module")
def pattern() -> tuple[np.ndarray, np.ndarray, list[str]]:
    table = pd.read_csv(ORACLES / "clustered_pattern.csv")
    types = sorted(table["type"].unique())
    return table[["x", "y"]].to_numpy(), pd.Categorical(table["type"], types).codes.astype(np.int64), types


@pytest.fixture(scope="module")
def spatstat() -> pd.DataFrame:
    return pd.read_csv(ORACLES / "clustered_functions.csv").sort_values("r")


def test_k_and_l_equal_spatstat(pattern: tuple[np.ndarray, np.ndarray, list[str]], spatstat: pd.DataFrame) -> None:
    xy, labels, types = pattern
    radii, n = np.sort(spatstat["r"].unique()), np.bincount(labels)
    found = functions.ripley_k(
        functions.pair_curves(xy, labels, len(types), radii, window=SQUARE).observed, n, SQUARE.area_um2
    )
    border = functions.border_k(xy, labels, len(types), radii, SQUARE)
    binned = functions.border_k(xy, labels, len(types), radii, Binned(SQUARE.inside, SQUARE.side))
    off = []
    for (a, b), part in spatstat.groupby(["from", "to"]):
        i, j = types.index(a), types.index(b)
        assert found[i, j] == pytest.approx(part["trans"].to_numpy(), rel=1e-9)
        assert functions.besag_l(found[i, j]) == pytest.approx(part["L_trans"].to_numpy(), rel=1e-9)
        if a == b:
            assert border[i, j] == pytest.approx(part["border"].to_numpy(), rel=1e-8)
        else:
            assert binned[i, j] == pytest.approx(part["border"].to_numpy(), rel=1e-3)
            off.append(abs(border[i, j] / part["border"].to_numpy() - 1))
    # one cell more or fewer that looks around, of some hundred
    assert np.mean(np.concatenate(off) < 0.005) > 0.95
    assert np.max(off) < 0.012


def test_g_is_that_of_spatstat_at_its_bandwidth(
    pattern: tuple[np.ndarray, np.ndarray, list[str]], spatstat: pd.DataFrame
) -> None:
    """Within 0.5 %: spatstat adds up its kernel on a grid. Below a bandwidth it reflects nothing either."""
    xy, labels, types = pattern
    radii, n = np.sort(spatstat["r"].unique()), np.bincount(labels)
    for b in range(len(types)):
        width = 0.15 / np.sqrt(n[b] / SQUARE.area_um2)  # Stoyan's rule, of the type that is looked for
        curves = functions.pair_curves(xy, labels, len(types), radii, window=SQUARE, half_width=width)
        g = functions.pair_correlation(curves.observed, n, SQUARE.area_um2, radii, width)
        for a in range(len(types)):
            part = spatstat[(spatstat["from"] == types[a]) & (spatstat["to"] == types[b])]
            clear = radii > width
            assert g[a, b][clear] == pytest.approx(part["pcf"].to_numpy()[clear], rel=5e-3)


@pytest.mark.parametrize("half_width", [0.0, 8.0])
@pytest.mark.parametrize("n_strata", [1, 2, 3])
def test_mean_and_sd_equal_full_enumeration(n_strata: int, half_width: float) -> None:
    rng = np.random.default_rng(7 + n_strata)
    xy, radii = rng.random((6, 2)) * [80, 40], np.array([10.0, 20.0, 30.0])
    labels, strata = rng.permutation([0, 0, 0, 1, 1, 2]), rng.permutation(np.arange(6) % n_strata)
    groups = [np.flatnonzero(strata == s) for s in range(n_strata)]
    seen = []
    for arrangement in itertools.product(*(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)):
        mixed = labels.copy()
        for group, values in zip(groups, arrangement, strict=True):
            mixed[group] = values
        seen.append(functions.pair_curves(xy, mixed, 3, radii, strata=strata, half_width=half_width).observed)
    curves = functions.pair_curves(xy, labels, 3, radii, strata=strata, half_width=half_width)
    assert curves.expected == pytest.approx(np.mean(seen, axis=0), abs=1e-10)
    assert curves.sd**2 == pytest.approx(np.var(seen, axis=0), abs=1e-9)


@pytest.mark.parametrize("half_width", [0.0, 8.0])
def test_mean_and_variance_are_those_of_20000_permutations(half_width: float) -> None:
    """Weights from their definitions, cell by cell; labels permuted within two strata."""
    rng = np.random.default_rng(11)
    n, side, radii = 120, np.array([240.0, 160.0]), np.array([20.0, 60.0])
    xy = rng.random((n, 2)) * side
    labels, strata = rng.choice(3, n, p=[0.2, 0.3, 0.5]), (xy[:, 0] > 100).astype(np.int64)
    window = Window.rectangle(*side)
    curves = functions.pair_curves(xy, labels, 3, radii, strata=strata, window=window, half_width=half_width)
    off = abs(xy[:, None] - xy[None])
    apart, shared = np.hypot(off[..., 0], off[..., 1]), (side - off).prod(axis=-1)
    order = np.argsort(strata, kind="stable")
    blocks = np.split(labels[order], np.cumsum(np.bincount(strata))[:-1])
    for r, um in enumerate(radii):
        share = np.clip(1 - ((apart - um) / half_width) ** 2, 0, None) if half_width else (apart <= um).astype(float)
        W = (share * side.prod() / shared * ~np.eye(n, dtype=bool))[np.ix_(order, order)].astype(np.float32)
        drawn = np.random.default_rng(r)
        mixed = np.concatenate([drawn.permuted(np.tile(block, (20_000, 1)), axis=1) for block in blocks], axis=1)
        around = (mixed == 0).astype(np.float32) @ W
        for b in range(3):
            seen = (around * (mixed == b)).sum(axis=1, dtype=np.float64)
            assert abs(seen.mean() - curves.expected[0, b, r]) < 4 * curves.sd[0, b, r] / np.sqrt(20_000)
            assert 0.97 < seen.var() / curves.sd[0, b, r] ** 2 < 1.03


def test_unweighted_moments_are_those_of_edges() -> None:
    rng = np.random.default_rng(1)
    xy, labels = rng.random((300, 2)) * 150, rng.integers(0, 4, 300)
    strata = (xy[:, 0] > 50).astype(int) + (xy[:, 0] > 100)
    vast = Window.rectangle(1e9, 1e9)  # no correction to speak of
    radii = np.array([10.0, 20.0, 30.0])
    curves = functions.pair_curves(xy, labels, 4, radii, strata=strata, window=vast)
    for r, um in enumerate(radii):
        mean, variance = exact_moments(radius(xy, um), strata.astype(np.int32), cross_table(labels, strata, 4, 3))
        assert curves.expected[:, :, r] == pytest.approx(mean, rel=1e-5)
        assert curves.sd[:, :, r] ** 2 == pytest.approx(variance, rel=1e-5)


def test_the_window_of_tissue_has_holes() -> None:
    """Shared area and distance to the border against counting on a fine grid."""
    rng = np.random.default_rng(2)
    xy = rng.random((400, 2)) * [400, 300]
    xy = xy[~((abs(xy[:, 0] - 220) < 60) & (abs(xy[:, 1] - 160) < 55))]
    window = Window.of_tissue(xy)
    assert not window.inside.all()
    fine = np.kron(window.inside, np.ones((10, 10), dtype=bool))  # squares of 5 µm
    step = 5.0
    cover = window.cover(100.0)
    for dx, dy in ((0, 0), (3, 7), (13, 4), (-8, 11), (20, -20)):
        moved = np.zeros_like(fine)
        source = fine[max(-dx, 0) : fine.shape[0] - max(dx, 0), max(-dy, 0) : fine.shape[1] - max(dy, 0)]
        moved[max(dx, 0) : fine.shape[0] - max(-dx, 0), max(dy, 0) : fine.shape[1] - max(-dy, 0)] = source
        u, v = abs(dx) * step / window.side[0], abs(dy) * step / window.side[1]
        table = cover[1 if (dx < 0) != (dy < 0) else 0]
        i, j, f, h = int(u), int(v), u % 1, v % 1
        shared = (1 - f) * ((1 - h) * table[i, j] + h * table[i, j + 1])
        shared += f * ((1 - h) * table[i + 1, j] + h * table[i + 1, j + 1])
        assert shared == pytest.approx((fine & moved).sum() * step**2)
    outside = np.argwhere(~np.pad(fine, 30)) - 30
    centres = (outside + 0.5) * step + xy.min(axis=0)
    nearest = np.min(np.hypot(*(xy[:, None] - centres[None]).transpose(2, 0, 1)), axis=1)
    depth = window.depth(xy, 60.0)
    assert (abs(depth - nearest)[np.isfinite(depth)] <= step * 0.75).all()


def test_co_occurrence_is_the_share_around_over_the_share_in_all() -> None:
    xy = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 8.0], [300.0, 300.0]])
    labels = np.array([0, 1, 1, 0])
    curves = functions.pair_curves(xy, labels, 2, np.array([10.0]), window=Window.rectangle(1e9, 1e9))
    ratio = functions.co_occurrence(curves, np.bincount(labels))
    assert ratio[0, 1, 0] == pytest.approx(2.0, rel=1e-6)
    assert ratio[1, 0, 0] == pytest.approx((2 / 4) / 0.5, rel=1e-6)


@pytest.mark.long
def test_the_table_and_its_features() -> None:
    rng = np.random.default_rng(4)
    xy, labels = rng.random((500, 2)) * 400, rng.integers(0, 2, 500)
    table = functions.function_table("s", xy, labels, ["a", "b", "c"], functions.radii_of(100, 5), 5.0)
    check(table, FUNCTIONS, "functions")
    assert len(table) == 3 * 20
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("a", "c")]
    scores = pd.DataFrame(pairs, columns=[k.SOURCE, k.TARGET]).assign(sample="s", n_source=9)
    scores[k.STATUS] = [k.TESTED, k.TOO_FEW, k.TESTED, k.ABSENT]
    parts = function_features(scores, table)
    assert len(parts) == 6
    within = parts[0].set_index(k.FEATURE)
    row = table[(table["r_um"] == 20) & (table[k.SOURCE] == "a") & (table[k.TARGET] == "b")].iloc[0]
    assert within.loc["a|b", k.VALUE] == np.log2((row["within"] + 0.5) / (row["within_expected"] + 0.5))
    assert within.loc["a|b", k.WEIGHT] == row["within_expected"]
    assert within.loc["a|c", k.STATUS] == k.ABSENT
    assert function_features(scores, empty(FUNCTIONS)) == []


@pytest.mark.parametrize("xy", [np.empty((0, 2)), np.zeros((1, 2)), np.zeros((3, 2))])
def test_few_cells_and_cells_at_one_place(xy: np.ndarray) -> None:
    labels = np.arange(len(xy)) % 2
    if len(xy):
        check(functions.function_table("s", xy, labels, ["a", "b"], np.array([5.0, 10.0]), 5.0), FUNCTIONS, "functions")
    curves = functions.pair_curves(xy, labels, 2, np.array([5.0, 10.0]))
    assert curves.observed.sum() == (2 * 6 if len(xy) == 3 else 0)
    assert np.isfinite(curves.sd).all()
