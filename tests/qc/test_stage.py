"""`tumint qc` on small batches: verdicts, metrics of samples, and cells that pass unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.io.cells import read_cells, write_cells
from tumint.io.contracts import QC_CELLS, QC_METRICS, SAMPLES
from tumint.io.tables import read_table, write_table

FILES = (".h5ad", ".cells.parquet", ".metrics.parquet")


@pytest.fixture
def batch(tmp_path: Path):
    """`batch({sample: cells}, ...)`: an ingest batch; areas 50, 51, ...; DNA 1, and 0.25 in the cells of `dim`."""

    def make(sizes: dict[str, int], *, area: bool = True, dim: tuple[str, ...] = (), bad: dict[str, str] | None = None):
        names = list(sizes)
        sample = np.repeat(names, list(sizes.values()))
        cell_id = np.concatenate([np.arange(1, n + 1) for n in sizes.values()]) if sizes else np.empty(0, int)
        obs = pd.DataFrame(
            {
                k.SAMPLE: pd.Categorical(sample, categories=[*names, *(bad or {})]),
                k.CELL_ID: cell_id,
                k.AREA_UM2: 49.0 + cell_id if area else np.nan,
                k.DOMAIN: pd.Categorical(["tumour"] * len(cell_id), categories=[*k.DOMAINS, k.NO_DOMAIN]),
            },
            index=[f"{s}:{i}" for s, i in zip(sample, cell_id, strict=True)],
        )
        X = np.random.default_rng(0).gamma(2.0, 1.0, (len(cell_id), 2)).astype(np.float32)
        X[:, 1] = [0.25 if name in dim else 1.0 for name in obs.index]
        var = pd.DataFrame({k.USE: ["type", "dna"]}, index=["CD8", "DNA1"])
        cells = ad.AnnData(X=X, obs=obs, var=var, obsm={k.SPATIAL: np.column_stack([cell_id, -cell_id]).astype(float)})
        write_cells(cells, tmp_path / "ingest.h5ad", meta={})
        rows = [(name, n, "ok", "") for name, n in sizes.items()]
        rows += [(name, 0, "quarantined", reason) for name, reason in (bad or {}).items()]
        table = pd.DataFrame(rows, columns=[k.SAMPLE, "n_cells", k.STATUS, k.REASON])
        table = table.assign(path="p", sha256="", bytes=0, n_edges=0, pixel_size_um=1.0, missing_markers="")
        write_table(table, tmp_path / "ingest.samples.parquet", SAMPLES)
        return cells

    return make


@pytest.fixture
def qc(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`qc(name, **config)`: `tumint qc`; exit code, lines on stderr, `<batch>.h5ad`."""

    def run(name: str = "b0001", **config: Any) -> tuple[int, list[str], Path]:
        out = tmp_path / "qc" / f"{name}.h5ad"
        source = ["--cells", str(tmp_path / "ingest.h5ad"), "--samples", str(tmp_path / "ingest.samples.parquet")]
        code = main(["qc", "--params", json.dumps({"qc": config}), *source, "-o", str(out)])
        return code, capsys.readouterr().err.splitlines(), out

    return run


def _tables(out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    cells = read_table(out.with_suffix(".cells.parquet"), QC_CELLS)
    return cells, read_table(out.with_suffix(".metrics.parquet"), QC_METRICS).set_index(k.SAMPLE)


def test_every_cell_has_a_verdict_and_a_reason(batch, qc):
    source = batch({"a": 10, "b": 8}, dim=("a:1", "a:4"))
    code, lines, out = qc(area_um2={"min": 52, "max": 57}, dna={"min": 0.5}, min_cells=3, max_dropped=0.9)
    assert (code, lines) == (0, [])
    cells, metrics = _tables(out)
    # areas of a: 50 ... 59, of b: 50 ... 57
    low, high = "area_um2_low", "area_um2_high"
    of_a = [f"{low};dna_low", low, "", "dna_low", "", "", "", "", high, high]
    assert list(cells[k.REASON]) == [*of_a, low, low, *[""] * 6]
    assert list(cells[k.VERDICT]) == ["drop" if reason else "pass" for reason in cells[k.REASON]]
    assert list(cells[k.CELL_ID]) == list(source.obs[k.CELL_ID])
    np.testing.assert_array_equal(cells[[k.X_UM, k.Y_UM]], source.obsm[k.SPATIAL])
    np.testing.assert_array_equal(cells["total"], source.X[:, 0].astype(float))
    assert metrics.loc["a", ["n_in", "n_out", "n_area_um2_low", "n_area_um2_high", "n_dna_low"]].tolist() == [
        *(10, 5, 2, 2, 2)
    ]
    assert metrics.loc["b", ["n_in", "n_out", "n_area_um2_low", "n_area_um2_high", "n_dna_low"]].tolist() == [
        *(8, 6, 2, 0, 0)
    ]
    assert metrics.loc["a", ["median_area_um2", "min_area_um2", "max_area_um2", "min_dna"]].tolist() == [
        *(54.5, 52.0, 57.0, 0.5)
    ]
    assert np.isnan(metrics.loc["a", "max_dna"])
    assert metrics[k.STATUS].tolist() == ["pass", "pass"]


def test_cells_that_pass_are_unchanged(batch, qc):
    source = batch({"a": 10, "b": 8})
    _, _, out = qc(area_um2={"min": 52}, min_cells=0)
    passed = read_cells(out)
    keep = source.obs[k.AREA_UM2].to_numpy() >= 52
    assert passed.X.tobytes() == np.asarray(source.X)[keep].tobytes()
    assert passed.X.dtype == np.float32
    assert list(passed.obs_names) == list(source.obs_names[keep])
    np.testing.assert_array_equal(passed.obsm[k.SPATIAL], source.obsm[k.SPATIAL][keep])
    assert list(passed.var[k.USE]) == ["type", "dna"]
    assert list(passed.obs[k.DOMAIN].cat.categories) == [*k.DOMAINS, k.NO_DOMAIN]


def test_a_sample_with_too_few_cells_is_quarantined_and_named(batch, qc):
    batch({"a": 10, "b": 8}, dim=("b:2",))
    code, lines, out = qc(min_cells=8, dna={"min": 0.5})
    assert code == 0
    reason = "7 cells pass, fewer than 8 (`min_cells`)"
    assert lines == [f"tumint: sample b is quarantined: {reason}."]
    cells, metrics = _tables(out)
    of_b = cells[cells[k.SAMPLE] == "b"]
    failed = f"sample failed: {reason}"
    assert list(of_b[k.REASON]) == [failed, f"dna_low;{failed}", *[failed] * 6]
    assert set(of_b[k.VERDICT]) == {"drop"}
    assert metrics.loc["b", ["n_in", "n_out", "n_dna_low", k.STATUS, k.REASON]].tolist() == [8, 0, 1, "fail", reason]
    assert set(read_cells(out).obs[k.SAMPLE]) == {"a"}


def test_a_sample_that_loses_too_many_cells_stops_the_run_where_asked(batch, qc):
    batch({"a": 10, "b": 10}, dim=tuple(f"b:{i}" for i in range(1, 7)))
    code, lines, out = qc(min_cells=5, dna={"min": 0.5}, on_failed_sample="stop")
    assert code == 2
    assert [line.split("ingest.h5ad ")[1] for line in lines] == [
        "(sample b): expected at least 5 cells that pass, found 4 of 10.",
        "(sample b): expected at most 50 % of the cells dropped, found 60.0 %.",
    ]
    assert not out.parent.exists()


def test_a_sample_that_ingest_could_not_read_carries_its_reason(batch, qc):
    batch({"a": 10}, bad={"b": "m.csv row 2: expected a number, found `x`."})
    code, lines, out = qc(min_cells=5, on_failed_sample="stop")
    assert (code, lines) == (0, [])
    _, metrics = _tables(out)
    assert metrics.loc["b", ["n_in", "n_out", k.STATUS]].tolist() == [0, 0, "fail"]
    assert metrics.loc["b", k.REASON] == "m.csv row 2: expected a number, found `x`."
    assert np.isnan(metrics.loc["b", "median_dna"])


def test_a_batch_without_cells(batch, qc):
    batch({}, bad={"a": "no file"})
    code, _, out = qc()
    assert code == 0
    assert read_cells(out).shape == (0, 2)
    assert len(_tables(out)[1]) == 1


def test_cells_without_a_metric_are_not_filtered_on_it_and_counted(batch, qc):
    batch({"a": 10}, area=False)
    code, lines, out = qc(area_um2={"min": 1000}, min_cells=5)
    assert code == 0
    assert lines == ["tumint: sample a: 10 cells have no area_um2 and are not filtered on it."]
    cells, metrics = _tables(out)
    assert set(cells[k.VERDICT]) == {"pass"}
    assert metrics.loc["a", ["n_out", "n_without_area_um2", "n_without_dna"]].tolist() == [10, 10, 0]


def test_a_cell_without_an_intensity_is_dropped(batch, qc, tmp_path):
    cells = batch({"a": 10})
    cells.X[3, 0] = np.nan
    write_cells(cells, tmp_path / "ingest.h5ad", meta={})
    _, _, out = qc(min_cells=5)
    found, metrics = _tables(out)
    assert list(found.loc[found[k.VERDICT] == "drop", k.CELL_ID]) == [4]
    assert metrics.loc["a", "n_no_intensity"] == 1
    assert not np.isnan(read_cells(out).X).any()


def test_files_that_do_not_belong_together_are_faults(batch, qc, tmp_path):
    cells = batch({"a": 10, "b": 5})
    write_cells(cells[cells.obs_names != "b:2"].copy(), tmp_path / "ingest.h5ad", meta={})
    code, lines, out = qc()
    assert (code, len(lines)) == (2, 1)
    assert "(sample b): expected 5 cells, as in" in lines[0]
    assert not out.exists()


def test_the_same_input_gives_the_same_bytes(batch, qc):
    batch({"a": 60, "b": 70})
    first, second = (qc(name, area_um2={"mad_below": 1})[2] for name in ("first", "second"))
    for suffix in FILES:
        assert first.with_suffix(suffix).read_bytes() == second.with_suffix(suffix).read_bytes()
