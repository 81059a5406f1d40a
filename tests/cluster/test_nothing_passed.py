"""Where no sample passes quality control: one line with the threshold, the median and the key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cluster import nothing_passed
from tumint.cluster.inputs import read_cohort
from tumint.config.model import StageParams
from tumint.errors import DataError
from tumint.ingest import stage as ingest
from tumint.qc import stage as qc
from tumint.simulate.cohort import Settings
from tumint.simulate.write import write_cohort


def _tables(passing: list[int], size: int, reason: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    samples = [f"S{i}" for i in range(len(passing))]
    metrics = pd.DataFrame({k.SAMPLE: samples, k.STATUS: "fail", k.REASON: [reason.format(n=n) for n in passing]})
    rows = [
        (sample, f"sample failed: {reason}" if j < n else "area_um2_low;sample failed: x")
        for sample, n in zip(samples, passing, strict=True)
        for j in range(size)
    ]
    return metrics, pd.DataFrame(rows, columns=[k.SAMPLE, k.REASON])


def test_small_regions_name_min_cells_and_the_median() -> None:
    tables = _tables([10, 30, 44], 60, "{n} cells pass, fewer than 50 (`min_cells`)")
    assert str(nothing_passed.fault(*tables)) == (
        "qc: expected a sample that passes quality control; what decides is `qc.min_cells` (at least so many cells of "
        "a sample pass), found none of 3 samples: `min_cells` (50) fails 3, where in the median sample 30 of 60 cells "
        "pass."
    )


def test_two_thresholds_and_other_reasons() -> None:
    parts = [
        _tables([10, 12], 60, "{n} cells pass, fewer than 50 (`min_cells`)"),
        _tables([10], 60, "83.3 % of the cells dropped, more than 50 % (`max_dropped`)"),
        _tables([60], 60, "unlike the others"),
    ]
    named = [
        [t.assign(**{k.SAMPLE: t[k.SAMPLE].str.replace("S", x)}) for t in p] for p, x in zip(parts, "STU", strict=True)
    ]
    metrics, cells = (pd.concat(tables, ignore_index=True) for tables in zip(*named, strict=True))
    said = str(nothing_passed.fault(metrics, cells))
    assert "`min_cells` (50) fails 2" in said
    assert "`max_dropped` (50 %) fails 1, where of the median sample " in said
    assert "1 for unlike the others" in said
    assert "`qc.min_cells` (at least so many cells of a sample pass) and `qc.max_dropped`" in said


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated samples of 200 cells through quality control that asks for 5,000."""
    folder = tmp_path_factory.mktemp("small")
    sheet = write_cohort(folder / "data", Settings(2, 1, 200, 0, effect=False, artefacts=False), lambda *_: None)
    from tumint.config import load_params
    from tumint.config.load import load_cohort
    from tumint.config.model import stage_params

    text = (folder / "data" / "config.yaml").read_text(encoding="utf-8").replace("min_cells: 50", "min_cells: 5000")
    (folder / "data" / "config.yaml").write_text(text, encoding="utf-8")
    cohort = load_cohort(folder / "data" / "config.yaml")
    params: dict[str, StageParams] = {
        s: load_params(stage_params(cohort.config, cohort.panel, s)) for s in ("ingest", "qc")
    }
    assert len(sheet) == 2
    ingest.run(params["ingest"], cohort.sheet.to_dict("records"), folder / "ingest" / "b0001.h5ad")
    (folder / "qc").mkdir()
    qc.run(
        params["qc"], folder / "ingest/b0001.h5ad", folder / "ingest/b0001.samples.parquet", folder / "qc/b0001.h5ad"
    )
    return folder


def test_the_stage_says_it_of_real_files(small: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_cohort([small / "qc" / "b0001.h5ad"])
    (fault,) = caught.value.faults
    cells = pd.read_parquet(small / "qc" / "b0001.cells.parquet")
    passing = cells[k.REASON].str.startswith("sample failed").groupby(cells[k.SAMPLE]).sum()
    size = cells.groupby(k.SAMPLE).size()
    assert (
        f"none of 2 samples: `min_cells` (5000) fails 2, where in the median sample {int(np.median(passing))} of "
        f"{int(np.median(size))} cells pass" in str(fault)
    )
    (small / "qc" / "b0001.metrics.parquet").rename(small / "qc" / "gone")
    with pytest.raises(DataError, match="at least one cell that passed quality control"):
        read_cohort([small / "qc" / "b0001.h5ad"])
