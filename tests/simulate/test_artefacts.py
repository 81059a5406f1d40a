"""Planted artefacts: what the truth says is what the tables hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.simulate.artefacts import Stripe, chosen, merged_shape, share_in_stripe
from tumint.simulate.cohort import Settings, make_mice, make_roi

SETTINGS = Settings(4, 2, 800, 1, effect=True, artefacts=True)
PLAIN = Settings(4, 2, 800, 1, effect=True)


def _place(number: int) -> tuple[int, int]:
    return divmod(number, SETTINGS.rois)


def test_one_stripe_of_each_direction_and_one_failed_roi_each_in_a_roi_of_its_own():
    for seed in range(20):
        striped, failed = chosen(seed, 8)
        assert len({*striped, failed}) == 3
    mice = make_mice(SETTINGS)
    rois = [make_roi(SETTINGS, mice[m], r).spoilt for m, r in map(_place, range(8))]
    assert sorted(s.stripe.axis for s in rois if s.stripe is not None) == ["x", "y"]
    assert sum(s.failed for s in rois) == 1


def test_counts_are_lower_in_the_stripe_and_in_the_failed_roi():
    mice = make_mice(SETTINGS)
    striped, failed = chosen(SETTINGS.seed, 8)
    roi = make_roi(SETTINGS, mice[_place(striped[0])[0]], _place(striped[0])[1])
    whole, beside = roi.spoilt.in_stripe == 1, roi.spoilt.in_stripe == 0
    level = roi.intensities[whole].mean() / roi.intensities[beside].mean()
    assert level == pytest.approx(roi.spoilt.stripe.factor, rel=0.25)
    at = roi.tissue.xy[:, "xy".index(roi.spoilt.stripe.axis)]
    assert at[whole].min() > roi.spoilt.stripe.start_um
    assert at[whole].max() < roi.spoilt.stripe.end_um
    bad = make_roi(SETTINGS, mice[_place(failed)[0]], _place(failed)[1])
    other = make_roi(SETTINGS, mice[_place(failed)[0]], 1 - _place(failed)[1])
    assert np.mean(bad.intensities[:, 2:20]) < 0.3 * np.mean(other.intensities[:, 2:20])


def test_shares_of_debris_and_doublets_and_counts_that_add_up():
    mice = make_mice(SETTINGS)
    rois = [make_roi(SETTINGS, mice[m], r) for m, r in map(_place, range(8))]
    n = sum(roi.labels.size for roi in rois)
    assert sum(roi.is_debris.sum() for roi in rois) / n == pytest.approx(0.02, abs=0.006)
    assert sum(roi.spoilt.is_doublet.sum() for roi in rois) / n == pytest.approx(0.03, abs=0.008)
    for roi in rois:
        assert not (roi.spoilt.is_doublet & roi.is_debris).any()
        counts = roi.intensities * roi.area_um2[:, None]
        np.testing.assert_allclose(counts, counts.round(), atol=1e-6)
        ratio = np.median(roi.area_um2[roi.spoilt.is_doublet]) / np.median(roi.area_um2[~roi.is_debris])
        assert ratio == pytest.approx(2, abs=0.35)
        assert roi.tissue.n_cells == (~roi.is_debris).sum()


def test_a_disc_over_the_edge_lies_half_in_the_stripe():
    stripe = Stripe("x", 10.0, 20.0, 0.5)
    share = share_in_stripe(np.array([0.0, 10.0, 15.0, 22.0]), np.array([3.0, 3.0, 3.0, 4.0]), stripe)
    # a segment of the circle, by its angle
    angle = 2 * np.arccos(2 / 4)
    assert share == pytest.approx([0, 0.5, 1, (angle - np.sin(angle)) / (2 * np.pi)])


def test_two_equal_discs_that_touch():
    area = np.array([np.pi * 25.0])
    eccentricity, solidity = merged_shape(area, area, np.array([10.0]))
    assert eccentricity == pytest.approx(np.sqrt(0.8))
    assert solidity == pytest.approx(2 * np.pi / (np.pi + 4))


def test_without_the_option_nothing_of_it_is_there():
    roi = make_roi(PLAIN, make_mice(PLAIN)[0], 0)
    assert roi.spoilt is None
    assert roi.area_um2[roi.is_debris].max() <= 16


def test_the_truth_lies_beside_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    size = ["--subjects", "2", "--rois", "2", "--cells", "300"]
    assert main(["simulate", str(tmp_path / "a"), "--artefacts", *size]) == 0
    truth = json.loads((tmp_path / "a" / "truth.json").read_text())["artefacts"]
    cells = pd.read_csv(tmp_path / "a" / "truth_cells.csv.gz")
    assert set(cells.loc[cells["in_failed_roi"] == 1, k.SAMPLE]) == set(truth["failed_rois"])
    assert set(cells.loc[cells["in_stripe"] > 0, k.SAMPLE]) == {stripe["sample"] for stripe in truth["stripes"]}
    table = pd.read_csv(next((tmp_path / "a" / "raw").glob("AllCells*")))
    assert table["AreaShape_Solidity"].between(0.5, 1).all()
    assert main(["simulate", str(tmp_path / "b"), "--artefacts", "--subjects", "2", "--rois", "1"]) == 2
    assert "--artefacts: expected a cohort of at least 3 ROIs" in capsys.readouterr().err
