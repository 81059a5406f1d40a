"""The committed config of van Maldegem et al. 2021 on tables made with the published names, in all three spellings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import jobs
from tumint import keys as k
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.config.load import read_yaml
from tumint.io.cells import read_anndata

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "cohorts" / "van_maldegem_2021.yaml"
SHEET = CONFIG.with_suffix(".tsv")
CELLS = 40


def published(names: list[str], markers: dict[str, str]) -> pd.DataFrame:
    """Cells of these ROIs in the columns of the study's table; the numbers are made up."""
    rng = np.random.default_rng(0)
    n = CELLS * len(names)
    return pd.DataFrame(
        {
            "X": np.arange(1, n + 1),
            "ObjectNumber": np.tile(np.arange(1, CELLS + 1), len(names)),
            "Location_Center_X": rng.uniform(0, 200, n).round(3),
            "Location_Center_Y": rng.uniform(0, 200, n).round(3),
            "AreaShape_Area": rng.integers(40, 120, n),
            "ROI_name": np.repeat(names, CELLS),
            "domain2": rng.choice(["Normal", "Interface", "Tumour", "Structural", "n/a"], n),
            "clustername3": rng.choice(["CD8 T cells", "Macrophages type 1", "Tumour", "Unclassified"], n),
            **{column: rng.gamma(1.0, 0.5, n).round(4) for column in markers.values()},
        }
    )


@pytest.mark.parametrize("spelling", ["part", "name_dated", "name_cont"])
def test_the_published_names_are_read(tmp_path: Path, spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    values = read_yaml(CONFIG)
    sheet = pd.read_csv(SHEET, sep="\t", dtype=str)
    assert len(sheet) == 12
    assert sheet.groupby("arm")["subject"].nunique().tolist() == [3, 3]
    assert sheet[["sample", "part", "name_dated", "name_cont"]].nunique().eq(12).all()
    table = published(list(sheet[spelling]), values["ingest"]["columns"]["markers"])
    table.to_csv(tmp_path / "input_celldata_complete.csv", index=False)
    sheet.assign(part=sheet[spelling]).to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    cohort = load_cohort(values | {"data": str(tmp_path), "samples": str(tmp_path / "samples.tsv")})
    rows, out = jobs.rows_json(cohort.sheet, list(cohort.sheet["sample"])), tmp_path / "b.h5ad"
    assert (
        main(
            ["ingest", "--params", stage_params(cohort.config, cohort.panel, "ingest"), "--rows", rows, "-o", str(out)]
        )
        == 0
    )
    cells = read_anndata(out)
    assert cells.obs[k.SAMPLE].value_counts(sort=False).to_dict() == dict.fromkeys(sheet["sample"], CELLS)
    mine = table[table["ROI_name"] == sheet[spelling][4]]
    found = cells[cells.obs[k.SAMPLE] == "BRAC3495.3f_ROI1_t1_Vehicle"]
    assert list(found.obs[k.DOMAIN].astype(str)) == list(mine["domain2"].str.lower().replace("n/a", k.NO_DOMAIN))
    assert list(found.obs[k.CELL_TYPE_PROVIDED].astype(str)) == list(mine["clustername3"])
    np.testing.assert_allclose(found[:, "PD1"].X.ravel(), mine["MI_PD1"], rtol=1e-6)


def test_files_of_cellprofiler_go_by_the_same_names() -> None:
    from tumint.ingest.readers.cellprofiler import _roi

    sheet = pd.read_csv(SHEET, sep="\t", dtype=str)
    assert [_roi(Path(f"AllCellsMask_{name}.csv")) for name in sheet["sample"]] == list(sheet["sample"])
    assert list(sheet["sample"] + ".") == list(sheet["part"])
    for row in sheet.to_dict("records"):
        assert row["sample"].startswith(row["subject"])
        assert row["subject"] in row["name_dated"]
        assert row["name_cont"].startswith(row["subject"])
        assert row["sample"].endswith(row["arm"])
