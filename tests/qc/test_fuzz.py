"""Files of ingest that were damaged or hold odd values: judged, or refused in one line each with nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.io.tables import read_table

PARAMS = json.dumps({"qc": {"area_um2": {"min": 20}, "total": {"mad_above": 5}, "min_cells": 0, "max_dropped": 1}})
DAMAGED = 120


@pytest.fixture(autouse=True)
def _no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUMINT_DEBUG", raising=False)


def _qc(source: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = main(["qc", "--params", PARAMS, *source, "-o", str(out / "b.h5ad")])
    return code, capsys.readouterr().err.splitlines()


@pytest.mark.filterwarnings("ignore")  # what h5py and anndata say about a broken file is not ours
def test_damaged_files_are_read_whole_or_refused_in_one_line(ingested, tmp_path, capsys):
    source = ingested("good", ["a"])
    refused = 0
    for target in (1, 3):  # the h5ad, the table of samples
        path, good = Path(source[target]), Path(source[target]).read_bytes()
        for seed in range(DAMAGED // 2):
            rng = np.random.default_rng(seed)
            damaged = bytearray(good)
            if seed % 3 == 0:
                del damaged[rng.integers(0, len(good)) :]
            else:
                at = rng.integers(0, len(good), rng.integers(1, 60))
                damaged = bytearray(good)
                for i in at:
                    damaged[i] = rng.integers(0, 256)
            path.write_bytes(damaged)
            out = tmp_path / f"out{target}_{seed}"
            code, lines = _qc(source, out, capsys)
            assert code in (0, 2), f"{path.name}, seed {seed}: {lines}"
            if code == 2:
                refused += 1
                assert lines
                assert all(line.startswith("tumint: ") and ": expected " in line for line in lines), lines
                assert not out.exists()
            else:
                assert len(read_table(out / "b.cells.parquet")) > 0
        path.write_bytes(good)
    assert refused > DAMAGED / 4


CASES: dict[str, tuple[Callable[[ad.AnnData], object], str]] = {
    "infinite": (lambda c: c.X.__setitem__((3, 1), np.inf), "X: expected finite numbers"),
    "area as text": (lambda c: c.obs.__setitem__(k.AREA_UM2, "big"), "`area_um2`: expected numbers"),
    "infinite area": (lambda c: c.obs.__setitem__(k.AREA_UM2, np.inf), "`area_um2`: expected finite numbers"),
    "shape as text": (lambda c: c.obs.__setitem__(k.ECCENTRICITY, "x"), "`eccentricity`: expected numbers"),
    "ids that are not whole": (lambda c: c.obs.__setitem__(k.CELL_ID, 0.5), "`cell_id`: expected whole numbers"),
    "an id twice": (lambda c: c.obs.__setitem__(k.CELL_ID, 1), "expected a cell id once per sample"),
    "no sample": (
        lambda c: c.obs.__setitem__(k.SAMPLE, pd.Categorical([None] * len(c.obs))),
        "expected a sample for every cell",
    ),
    "unknown use": (lambda c: c.var.__setitem__(k.USE, "paint"), "`use`: expected type, state, dna"),
    "a place without y": (lambda c: c.obsm[k.SPATIAL].__setitem__((3, 1), np.nan), "expected finite coordinates"),
    "three axes": (lambda c: c.obsm.__setitem__(k.SPATIAL, np.ones((len(c), 3))), "expected finite coordinates"),
}


@pytest.mark.parametrize("name", CASES)
def test_odd_values_are_one_line(ingested, tmp_path, capsys, name):
    source = ingested("odd", ["a"])
    change, said = CASES[name]
    cells = ad.read_h5ad(source[1])
    change(cells)
    cells.write_h5ad(source[1])
    code, lines = _qc(source, tmp_path / "out", capsys)
    assert (code, len(lines)) == (2, 1)
    assert said in lines[0]
    assert not (tmp_path / "out").exists()


def test_values_that_are_odd_and_possible_are_judged(ingested, tmp_path, capsys):
    source = ingested("odd", ["a"])
    cells = ad.read_h5ad(source[1])
    cells.X[0] = 3e38
    cells.X[1] = -5
    cells.X[2] = 0
    cells.X[3, 0] = np.nan
    cells.obs[k.AREA_UM2] = [-1.0, 0.0, np.nan, *cells.obs[k.AREA_UM2][3:]]
    cells.obsm[k.SPATIAL][:] = np.nan  # no coordinates at all, as of dissociated cells
    cells.write_h5ad(source[1])
    code, _ = _qc(source, tmp_path / "out", capsys)
    assert code == 0
    found = read_table(tmp_path / "out" / "b.cells.parquet")
    assert found[k.REASON][:4].tolist() == ["area_um2_low;total_high", "area_um2_low", "", "no_intensity"]
    assert found["local_density"].isna().all()
