"""Where a verdict turns: the last value that passes, and the first that does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.qc import QcConfig, RoiThresholds
from tumint.qc import channels, stripes
from tumint.qc.cohort import ROI_METRICS, roi_table
from tumint.qc.judge import EXCLUDED, NO_INTENSITY, NO_PLACE, judge


def _measures(areas: list[float], excluded: int = 0) -> pd.DataFrame:
    n = len(areas)
    return pd.DataFrame(
        {"area_um2": areas, NO_INTENSITY: False, NO_PLACE: False, EXCLUDED: np.arange(n) < excluded},
    )


@pytest.mark.parametrize(("least", "fails"), [(8, False), (9, True)])
def test_as_many_cells_as_asked_for_are_enough(least: int, fails: bool) -> None:
    config = QcConfig(min_cells=least, max_dropped=1.0, area_um2={"min": 10.0})
    judged = judge("s", _measures([10.0] * 8 + [9.9, 9.9]), ["area_um2"], config, {})
    assert (judged.reasons == "").sum() == 8  # a value at its limit is inside
    assert bool(judged.failures) == fails


@pytest.mark.parametrize(("most", "fails"), [(0.25, False), (0.24, True)])
def test_as_many_dropped_cells_as_allowed_are_allowed_and_excluded_ones_do_not_count(most: float, fails: bool) -> None:
    config = QcConfig(min_cells=1, max_dropped=most, area_um2={"min": 10.0})
    judged = judge("s", _measures([50.0] * 3 + [20.0] * 6 + [5.0] * 2, excluded=3), ["area_um2"], config, {})
    assert (judged.reasons == "").sum() == 6  # 2 of the 8 that are not excluded are too small
    assert bool(judged.failures) == fails


@pytest.mark.parametrize(("z", "weak"), [(-3.4, 0.0), (-3.6, 0.5)])
def test_a_channel_is_weak_beyond_the_z_of_iglewicz_and_hoaglin(z: float, weak: float) -> None:
    rois = pd.DataFrame({k.SAMPLE: ["a"], **{name: [1.0] for name in ROI_METRICS if name != "weak_channels"}})
    table = pd.DataFrame({k.SAMPLE: "a", "marker": ["CD3", "CD8"], "z": [z, 0.0], "mean": 1.0, "median": 1.0})
    assert roi_table(rois, table, RoiThresholds())["weak_channels"].tolist() == [weak]


def test_a_strip_has_to_be_six_standard_errors_from_its_flanks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 400, (4000, 2))
    inside = (xy[:, 0] > 190) & (xy[:, 0] < 210)
    signal = np.exp(rng.normal(0, 0.5, len(xy))) * np.where(inside, 0.6, 1.0)
    (found,) = stripes.find_stripes(xy, signal, signal[:, None], min_depth=0.2, max_width_um=60.0)
    assert found.z > stripes.LEAST_Z == 6.0
    monkeypatch.setattr(stripes, "LEAST_Z", found.z + 1e-9)
    assert stripes.find_stripes(xy, signal, signal[:, None], min_depth=0.2, max_width_um=60.0) == []
    monkeypatch.setattr(stripes, "LEAST_Z", found.z)
    assert len(stripes.find_stripes(xy, signal, signal[:, None], min_depth=0.2, max_width_um=60.0)) == 1


def test_spillover_is_what_even_the_lowest_quarter_of_bright_cells_shows() -> None:
    rng = np.random.default_rng(4)
    n = 20_000
    source = np.where(rng.random(n) < 0.1, 100.0, 0.0) + rng.random(n)
    bright = source > 50
    # every bright cell carries a tenth of the source; seven in ten carry the other marker themselves, too
    other = 0.1 * source + np.where(bright & (rng.random(n) < 0.7), 80.0, 0.0) + rng.random(n)
    share = channels.spillover(np.column_stack([source, other]))[0, 1]
    assert share == pytest.approx(0.1, abs=0.01)
    more = 0.1 * source + np.where(bright & (rng.random(n) < 0.8), 80.0, 0.0) + rng.random(n)
    assert channels.spillover(np.column_stack([source, more]))[0, 1] > 0.5  # four in five: the quartile is theirs


def test_limits_by_deviation_come_from_the_cells_that_are_not_excluded() -> None:
    config = QcConfig(min_cells=1, area_um2={"mad_above": 3.0})
    areas = list(np.linspace(40.0, 60.0, 21))
    alone = judge("s", _measures(areas), ["area_um2"], config, {})
    beside = judge("s", _measures([5000.0] * 30 + areas, excluded=30), ["area_um2"], config, {})
    assert beside.limits["area_um2"] == alone.limits["area_um2"]
    assert alone.limits["area_um2"].high < 100


def test_negative_values_count_as_0_where_they_are_judged() -> None:
    """Background subtraction leaves a fifth of the cells below 0; none of them lies below what 0 lies below."""
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.gamma(2, 1.0, 399), -rng.uniform(0.2, 2, 102)])
    config = QcConfig(**{"area_um2": {"mad_below": 2.0}})
    verdict = judge("s", _measures(values.tolist()), ["area_um2"], config, {})
    as_zero = judge("s", _measures(np.maximum(values, 0).tolist()), ["area_um2"], config, {})
    assert verdict.masks["area_um2_low"].tolist() == as_zero.masks["area_um2_low"].tolist()
    assert not verdict.masks["area_um2_low"].any()
    # a limit that a person sets is one on the values as they are, and one above 0 holds for those below it
    fixed = judge("s", _measures(values.tolist()), ["area_um2"], QcConfig(**{"area_um2": {"min": 0.0}}), {})
    assert fixed.masks["area_um2_low"].sum() == 102
    shifted = np.append(values[:399] + 20, -1.0)
    assert judge("s", _measures(shifted.tolist()), ["area_um2"], config, {}).masks["area_um2_low"][-1]
