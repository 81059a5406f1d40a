"""Where tumour is, and how far cells are from its margin: against brute force, shapes by hand, and simulated masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.config.margin import MarginConfig, PhenotypeConfig
from tumint.errors import ConfigError
from tumint.neighbourhood import margin as m
from tumint.neighbourhood.place import depths, phenotype, place
from tumint.neighbourhood.place_features import bin_names, place_features
from tumint.neighbourhood.roles import roles

TYPES = ["CD8 T cells", "Fibroblasts", "Tumour cells"]


def disc(n=4000, side=700.0, radius=200.0, seed=0, inside=0.6, outside=0.02):
    """Cells of a square with a round tumour; (xy, labels, true signed distance)."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, side, (n, 2))
    true = np.hypot(*(xy - side / 2).T) - radius
    tumour = rng.random(n) < np.where(true < 0, inside, outside)
    labels = np.where(tumour, 2, rng.integers(0, 2, n))
    return xy, labels, true


def test_distances_of_squares_are_those_by_brute_force():
    rng = np.random.default_rng(1)
    mask = rng.random((17, 23)) < 0.4
    places = np.argwhere(np.ones_like(mask))
    field = m.signed_um(mask)
    inside, outside = cKDTree(np.argwhere(mask)), cKDTree(np.argwhere(~mask))
    to_in, to_out = inside.query(places)[0], outside.query(places)[0]
    expected = np.where(mask.ravel(), -(to_out - 0.5), to_in - 0.5) * m.STEP_UM
    assert np.allclose(field.ravel(), expected)


def test_distances_of_squares_are_those_of_spatstat():
    """`benchmarks/spatstat_margin.R`, between centres of squares; the edge lies half a square before them.

    `nncross` is exact; `distmap` passes distances on from square to square, and a few are not the shortest.
    """
    table = pd.read_csv(Path(__file__).parents[1] / "data" / "oracles" / "spatstat_margin.csv")
    tumour = table["tumour"] == 1
    mask = np.zeros((table["i"].max() + 1, table["j"].max() + 1), dtype=bool)
    mask[table["i"], table["j"]] = tumour
    field = m.signed_um(mask)[table["i"], table["j"]]
    exact = np.where(tumour, 5 - table["to_other_exact_um"], table["to_tumour_exact_um"] - 5)
    np.testing.assert_allclose(field, exact, rtol=1e-9)
    passed_on = np.where(tumour, 5 - table["to_other_um"], table["to_tumour_um"] - 5)
    assert np.isclose(field, passed_on).mean() > 0.99
    assert (np.abs(field) <= np.abs(passed_on) + 1e-6).all()


def test_no_margin_without_tumour_or_without_anything_else():
    assert m.signed_um(np.zeros((4, 4), bool)) is None
    assert m.signed_um(np.ones((4, 4), bool)) is None


@pytest.mark.parametrize("inside", [0.35, 0.6, 0.95])
def test_the_inferred_margin_is_the_true_one_however_many_other_cells_the_tumour_holds(inside):
    xy, labels, true = disc(inside=inside)
    found = place(
        "a",
        xy,
        labels,
        np.full(len(xy), k.NO_DOMAIN, object),
        TYPES,
        roles(MarginConfig(), {"none"}, TYPES),
        MarginConfig(),
    )
    assert np.median(np.abs(found.margin_um - true)) < 12
    both = ((found.margin_um < 0) & (true < 0)).sum()
    assert 2 * both / ((found.margin_um < 0).sum() + (true < 0).sum()) > 0.93
    assert set(found.domain) == {k.TUMOUR, k.INTERFACE, k.OUTSIDE}
    area = found.domains.drop_duplicates(k.DOMAIN).set_index(k.DOMAIN)["area_mm2"]
    assert area.sum() == pytest.approx(0.49, rel=0.03)
    assert found.phenotypes["tumour_mm2"][0] == pytest.approx(np.pi * 0.04, rel=0.1)


def test_domains_that_came_with_the_cells_give_their_own_margin_midway_through_the_interface():
    xy, labels, true = disc()
    domain = np.where(np.abs(true) < 40, "rim", np.where(true < 0, "Nest", "rest")).astype(object)
    config = MarginConfig(tumour=["Nest"], interface=["rim"])
    found = place("a", xy, labels, domain, TYPES, roles(config, set(domain), TYPES), config)
    assert (found.domain == domain).all()
    assert np.median(np.abs(found.margin_um - true)) < 6
    n = found.margins.groupby(k.CELL_TYPE)[k.N].sum()
    assert (n[TYPES] == np.bincount(labels)).all()


def test_scattered_tumour_cells_make_no_tumour():
    xy, labels, _ = disc(inside=0.05, outside=0.05)
    found = place(
        "a", xy, labels, np.full(len(xy), k.NO_DOMAIN, object), TYPES, roles(MarginConfig(), [], TYPES), MarginConfig()
    )
    assert np.isnan(found.margin_um).all()
    assert set(found.domain) == {k.OUTSIDE}
    assert found.phenotypes["phenotype"][0] == k.NO_TUMOUR


def test_islands_and_holes_of_few_cells_are_none():
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12], mask[6, 6], mask[16, 16] = True, False, True
    clean = m.without_specks(mask, np.ones((20, 20)), 5)
    assert clean[6, 6]
    assert not clean[16, 16]
    assert clean.sum() == 100


def test_quantiles_of_depth_have_the_error_that_samples_show():
    rng = np.random.default_rng(3)
    draws = [depths("a", rng.normal(0, 50, 200), np.zeros(200, int), ["T"]) for _ in range(80)]
    table = pd.concat(draws)
    for _, rows in table.groupby(k.FEATURE):
        assert rows[k.SE].mean() == pytest.approx(rows[k.VALUE].std(), rel=0.25)


def test_guesses_of_roles_are_said_and_leave_out_what_is_named_after_the_tumour():
    types = [
        "CD8 T cells",
        "T cells",
        "Tumour cells",
        "Tumour endothelium",
        "Tumor-associated macrophages",
        "Epithelium",
    ]
    found = roles(MarginConfig(), ["none"], types)
    assert (found.origin, found.tumour_types, found.counted) == (k.FROM_CELLS, ("Tumour cells",), ("CD8 T cells",))
    assert any("Tumour cells" in said and "neighbourhood.margin.tumour_types" in said for said in found.said)
    assert roles(MarginConfig(), ["none"], ["Epithelium", "B"]).tumour_types == ("Epithelium",)
    assert roles(MarginConfig(), ["PALS", "none"], types).what == ""
    assert roles(MarginConfig(tumour=["PALS"]), ["PALS"], types).what == "domain PALS"
    with pytest.raises(ConfigError, match=r"margin.tumour_types.*nearest is `Tumour cells`"):
        roles(MarginConfig(tumour_types=["Tumour cell"]), [], types)


def test_phenotypes():
    config = PhenotypeConfig()
    cases = [
        (300, 100, k.INFLAMED),
        (50, 400, k.EXCLUDED),
        (150, 250, k.DESERT),
        (10, 20, k.DESERT),
        (np.nan, 5, k.NO_TUMOUR),
    ]
    assert [phenotype(inside, beside, config) for inside, beside, _ in cases] == [said for *_, said in cases]


def test_names_of_bins():
    assert bin_names([-50, 0, 50]) == [
        "over 50 µm inside",
        "0 to 50 µm inside",
        "0 to 50 µm outside",
        "over 50 µm outside",
    ]
    assert bin_names([-20, 20])[1] == "20 µm inside to 20 µm outside"
    assert len(bin_names([0.0])) == 2


def test_features_are_the_counts_and_areas_by_hand():
    domains = pd.DataFrame(
        [
            ("a", d, t, n, area, 1.0)
            for (d, area), row in zip((("tumour", 0.25), ("rest", 0.75)), ((30, 10), (10, 50)), strict=True)
            for t, n in zip("AB", row, strict=True)
        ],
        columns=["sample", "domain", "cell_type", "n", "area_mm2", "tissue_mm2"],
    )
    margins = pd.DataFrame(
        [
            ("a", t, low, high, n, 0.5)
            for t, row in zip("AB", ((30, 10), (10, 50)), strict=True)
            for (low, high), n in zip(((-np.inf, 0.0), (0.0, np.inf)), row, strict=True)
        ],
        columns=["sample", "cell_type", "from_um", "to_um", "n", "area_mm2"],
    )
    rois = pd.DataFrame({"sample": ["a", "b"], "tissue_mm2": [1.0, np.nan]})
    table = place_features(domains, margins, rois, ["a", "b"], [0.0])
    got = table[table["sample"] == "a"].set_index(["family", "feature"])
    assert got.loc[("domain", "tumour"), "value"] == pytest.approx(np.log2(25.5 / 100.5))
    assert got.loc[("composition_in_domain", "A|tumour"), "value"] == pytest.approx(np.log(30.5 / 10.5))
    assert got.loc[("domain_of_type", "B|tumour"), "value"] == pytest.approx(np.log(10.5 / 50.5))
    assert got.loc[("domain_preference", "A|tumour"), "value"] == pytest.approx(np.log2(30.5 / 16.5))
    assert got.loc[("infiltration", "A|inside"), "value"] == pytest.approx(np.log2(30.5 / 20.5))
    assert got.loc[("infiltration_inside", "A"), "value"] == pytest.approx(np.log(30.5 / 10.5))
    other = table[table["sample"] == "b"]
    assert len(other) == len(got)
    assert set(other["status"]) == {k.NO_COORDINATES}
