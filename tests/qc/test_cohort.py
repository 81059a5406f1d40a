"""The three steps over batches: the cohort's limits and comparisons, whatever the batches are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import median_abs_deviation

from tumint import keys as k
from tumint.cli import main
from tumint.config.qc import RoiThresholds, Threshold
from tumint.io.cells import read_cells
from tumint.io.tables import read_table
from tumint.qc.channels import profile, spillover
from tumint.qc.cohort import components, robust_z, roi_table, with_z
from tumint.qc.whatif import explained_by, removed_by_deviation, removed_by_value

USES = ["type", "type", "dna"]


def _channels(levels: np.ndarray) -> pd.DataFrame:
    """A table of channels of ROIs r0, r1, ... with these means, ROIs × channels."""
    rows = [(f"r{i}", f"m{j}", "type", v) for i, row in enumerate(levels) for j, v in enumerate(row)]
    return with_z(pd.DataFrame(rows, columns=[k.SAMPLE, "marker", k.USE, "mean"]))


def _rois(n: int) -> pd.DataFrame:
    columns = ("tissue_mm2", "density_per_mm2", "signal", "dna", "n_counts", "mito_share")
    table = pd.DataFrame({k.SAMPLE: [f"r{i}" for i in range(n)], "n_cells": 100, "n_excluded": 0})
    return table.assign(**dict.fromkeys(columns, 1.0))


def test_robust_z_is_that_of_the_logarithms():
    values = np.random.default_rng(0).lognormal(2, 0.5, 15)
    logs = np.log(values + np.median(values) / 100)
    expected = (logs - np.median(logs)) / median_abs_deviation(logs, scale=1 / 1.4826)
    np.testing.assert_allclose(robust_z(values), expected, rtol=1e-6)
    # whatever the unit
    np.testing.assert_allclose(robust_z(values * 1000), expected, rtol=1e-6)
    assert np.isnan(robust_z(values[:3])).all()
    assert np.isnan(robust_z(np.array([1.0, 1, 1, 1, 5]))).all()


def test_a_roi_whose_channels_are_weak_fails_and_the_others_do_not():
    rng = np.random.default_rng(1)
    levels = rng.lognormal(1, 0.2, (10, 8))
    levels[4, :6] *= 0.1
    channels = _channels(levels)
    found = roi_table(_rois(10), channels, RoiThresholds(weak_channels=Threshold(max=0.5)))
    assert found.loc[found[k.STATUS] == "fail", k.SAMPLE].tolist() == ["r4"]
    assert found.loc[4, "weak_channels"] == 0.75
    assert found.loc[4, k.REASON] == "share of weak channels 0.75, above 0.5 (`rois.weak_channels`)"
    none = roi_table(_rois(10), channels, RoiThresholds())
    assert set(none[k.STATUS]) == {"pass"}


def test_components_are_those_of_an_eigen_decomposition():
    levels = np.random.default_rng(2).lognormal(1, 0.5, (12, 5))
    found = components(_channels(levels), pd.Series([f"r{i}" for i in range(12)]))
    logs = np.log(levels + np.median(levels, axis=0) / 100)
    standard = (logs - logs.mean(axis=0)) / logs.std(axis=0)
    values, vectors = np.linalg.eigh(standard.T @ standard)
    first = standard @ vectors[:, -1]
    assert abs(np.corrcoef(found["pc1"], first)[0, 1]) == pytest.approx(1)
    assert found["explained1"].iloc[0] == pytest.approx(values[-1] / values.sum())


def test_what_spills_over_is_bounded_and_what_does_not_is_near_zero():
    rng = np.random.default_rng(3)
    bright = np.where(rng.random(4000) < 0.1, rng.lognormal(4, 0.3, 4000), 0.0)
    X = rng.gamma(4, 0.25, (4000, 3))
    X[:, 0] += bright
    X[:, 1] += 0.05 * bright
    found = spillover(X)
    assert found[0, 1] == pytest.approx(0.05, abs=0.01)
    assert found[0, 2] < 0.005
    assert np.isnan(np.diag(found)).all()


def test_profile_of_channels_leaves_out_what_a_sample_lacks():
    X = np.column_stack([np.arange(100.0), np.full(100, np.nan), np.ones(100)]).astype(np.float32)
    found = profile(X, ["a", "b", "c"], USES).set_index("marker")
    assert found.loc["a", ["median", "background", "zero_share"]].tolist() == pytest.approx([49.5, 9.9, 0.01])
    assert np.isnan(found.loc["b", "mean"])
    assert np.isnan(found.loc["a", "spill_b"])
    assert found.loc["c", "mean"] == 1


def test_other_thresholds_remove_what_they_would():
    cells = pd.DataFrame({k.SAMPLE: ["a"] * 101 + ["b"] * 3, "area_um2": [*np.expm1(np.arange(101) / 25), 1, 1, 1]})
    found = removed_by_deviation(cells, ["area_um2"]).set_index(["side", "mads"])["n"]
    logs = np.arange(101) / 25
    mad = median_abs_deviation(logs, scale=1 / 1.4826)
    assert found["above", 2.0] == (logs - 2 > 2 * mad).sum()
    fixed = removed_by_value(cells, {"area_um2": (10.0, None)}).set_index("value")
    assert fixed.loc[5.0, "n"] == (cells["area_um2"] < 5).sum()
    assert fixed.loc[10.0, "used"] == "yes"


def test_variance_between_levels():
    rois = pd.DataFrame({"pc1": [0.0, 0, 4, 4], "pc2": [1.0, 3, 1, 3], "arm": ["a", "a", "b", "b"]})
    assert explained_by(rois, "arm", ["pc1", "pc2"]) == [1.0, 0.0]


@pytest.fixture
def steps(tmp_path: Path, ingested: Any):
    """`steps(name, batches, **config)`: all three steps; the folder of the results, and the exit codes."""

    def run(name: str, batches: list[list[str]], **config: Any) -> tuple[Path, list[int]]:
        out, qc = tmp_path / name, ["qc", "--params", json.dumps({"qc": config})]
        sources = [ingested(f"{name}{i}", samples) for i, samples in enumerate(batches)]
        names = [f"b{i:04d}" for i in range(len(batches))]
        measures = [str(out / f"{n}.measures.parquet") for n in names]
        codes = [main([*qc, "--measure", *s, "-o", m]) for s, m in zip(sources, measures, strict=True)]
        codes.append(main([*qc, "--gather", *measures, "-o", str(out)]))
        if not any(codes):
            for n, m, s in zip(names, measures, sources, strict=True):
                codes.append(main([*qc, *s, "--measures", m, "--cohort", str(out), "-o", str(out / f"{n}.h5ad")]))
        return out, codes

    return run


def test_batches_change_nothing(steps):
    config = {"total": {"mad_above": 1.5, "per": "cohort"}, "doublet_score": {"max": 0.9}, "min_cells": 10}
    one, codes = steps("one", [["a", "b", "c"]], **config)
    three, more = steps("three", [["a"], ["b"], ["c"]], **config)
    assert not any(codes + more)
    for name in ("limits", "rois", "channels", "spillover", "stripes"):
        pd.testing.assert_frame_equal(read_table(one / f"{name}.parquet"), read_table(three / f"{name}.parquet"))
    parts = [read_table(three / f"b{i:04d}.cells.parquet") for i in range(3)]
    together = read_table(one / "b0000.cells.parquet")
    pd.testing.assert_frame_equal(together, pd.concat(parts, ignore_index=True))
    # over the cohort the brightest sample loses most
    dropped = together[together[k.VERDICT] == "drop"][k.SAMPLE].value_counts()
    assert dropped["c"] > 3 * dropped.get("a", 0)
    limit = read_table(one / "limits.parquet").set_index("metric").loc["total", "high"]
    logs = np.log1p(together["total"])
    assert np.log1p(limit) == pytest.approx(np.median(logs) + 1.5 * median_abs_deviation(logs, scale=1 / 1.4826))
    assert read_table(one / "b0000.metrics.parquet")["max_total"].tolist() == [limit] * 3


def test_a_batch_alone_is_a_cohort_of_its_own(steps, ingested, tmp_path):
    config = {"total": {"mad_above": 1.5, "per": "cohort"}, "min_cells": 10}
    out, _ = steps("steps", [["a", "b", "c"]], **config)
    alone = tmp_path / "alone" / "b0000.h5ad"
    params = json.dumps({"qc": config})
    assert main(["qc", "--params", params, *ingested("again", ["a", "b", "c"]), "-o", str(alone)]) == 0
    for suffix in (".h5ad", ".cells.parquet", ".metrics.parquet"):
        assert alone.with_suffix(suffix).read_bytes() == (out / f"b0000{suffix}").read_bytes()


def test_a_roi_unlike_the_others_is_quarantined_or_stops_the_run(steps, capsys):
    limits = {"rois": {"signal": {"max": 50}}, "min_cells": 10}
    out, codes = steps("go_on", [["a", "b"], ["c"]], **limits)
    assert not any(codes)
    assert read_table(out / "b0001.metrics.parquet")[k.STATUS].tolist() == ["fail"]
    assert read_cells(out / "b0001.h5ad").n_obs == 0
    verdicts = read_table(out / "b0001.cells.parquet")
    assert verdicts[k.REASON].str.contains(r"sample failed: median signal .*, above 50 \(`rois.signal`\)").all()
    capsys.readouterr()
    out, codes = steps("stop", [["a", "b"], ["c"]], **limits, on_failed_sample="stop")
    assert codes == [0, 0, 2]
    (line,) = capsys.readouterr().err.splitlines()
    assert "(sample c): expected a ROI like the others of the cohort, found median signal" in line
    assert not list(out.glob("limits*"))


def test_regions_are_left_out_and_count_neither_for_limits_nor_for_the_sample(steps):
    region = {"sample": "a", "x_um": [0, 70]}
    out, _ = steps("region", [["a", "b"]], exclude_regions=[region], max_dropped=0.1, min_cells=10)
    cells = read_table(out / "b0000.cells.parquet")
    inside = (cells[k.SAMPLE] == "a") & (cells[k.X_UM] <= 70)
    assert 0.3 < inside[cells[k.SAMPLE] == "a"].mean() < 0.9
    assert (cells[k.REASON] == np.where(inside, "excluded", "")).all()
    assert read_table(out / "b0000.metrics.parquet")[k.STATUS].tolist() == ["pass", "pass"]
    assert read_table(out / "rois.parquet")["n_excluded"].tolist() == [int(inside.sum()), 0]


def test_measures_of_other_cells_and_half_the_options_are_refused(steps, ingested, capsys, tmp_path):
    out, _ = steps("mine", [["a"], ["b"]], min_cells=10)
    other = [*ingested("other", ["b"]), "--measures", str(out / "b0000.measures.parquet")]
    call = ["qc", "--params", '{"qc": {}}', "-o", str(tmp_path / "x.h5ad")]
    capsys.readouterr()
    assert main([*call, *other, "--cohort", str(out)]) == 2
    assert "in their order, found others" in capsys.readouterr().err
    needing = ["qc", "--params", '{"qc": {"rois": {"dna": {"min": 1}}}}', *call[3:]]
    assert main([*needing, *other]) == 2
    assert capsys.readouterr().err.startswith("tumint: --cohort: expected the cohort's tables")
    assert main(call) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not (tmp_path / "x.h5ad").exists()
