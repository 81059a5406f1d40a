"""Bits that change on disk after a file was written are noticed, and the file is named with what to do."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tumint import keys as k
from tumint.errors import DataError
from tumint.io.by_sample import BySample
from tumint.io.cells import read_cells, write_cells
from tumint.io.tables import read_meta, read_table, write_table

FLIPS = 100
N = 3000


def _table(path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({k.SAMPLE: np.repeat(["A", "B", "C"], N // 3), "x": rng.normal(size=N)})
    write_table(table.assign(type=rng.choice(["T", "B"], N)), path, meta={"stage": "x"}, row_groups_by=k.SAMPLE)


def _cells(path: Path) -> None:
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({k.SAMPLE: ["A"] * N, k.CELL_ID: range(N), k.AREA_UM2: 9.0, k.DOMAIN: ["t"] * N})
    obs = obs.astype({k.SAMPLE: "category", k.DOMAIN: "category"}).set_index(obs.index.astype(str))
    var = pd.DataFrame({k.USE: ["type", "dna"]}, index=["CD8", "DNA1"])
    cells = ad.AnnData(rng.random((N, 2), dtype=np.float32), obs=obs, var=var)
    cells.obsm[k.SPATIAL] = rng.random((N, 2))
    write_cells(cells, path, meta={"stage": "x"})


def _all_of_table(path: Path) -> object:
    table = read_table(path)
    assert table.equals(BySample(path).rows(["A", "B", "C"]))
    return table.to_csv(), read_meta(path)


def _all_of_cells(path: Path) -> object:
    cells = read_cells(path)
    return np.asarray(cells.X).tobytes(), cells.obs.to_csv(), cells.var.to_csv(), cells.obsm[k.SPATIAL].tobytes()


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "b0001.parquet": (_table, _all_of_table),
    "b0001.h5ad": (_cells, _all_of_cells),
}


@pytest.mark.parametrize("name", KINDS)
def test_no_flipped_bit_gives_other_values(tmp_path: Path, name: str) -> None:
    write, read = KINDS[name]
    path, draw = tmp_path / name, random.Random(0)
    write(path)
    good, whole, caught = read(path), path.read_bytes(), 0
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        flipped[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(flipped)
        try:
            found = read(path)
        except DataError:
            caught += 1
        else:
            assert found == good  # of a bit that nothing depends on
    assert caught >= FLIPS - 3


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("left", "found"), [(0, "an empty file"), (4000, "one that is cut off"), (-1, "one that is cut off")]
)
def test_a_file_that_is_not_whole_is_named_as_such(tmp_path: Path, name: str, left: int, found: str) -> None:
    write, read = KINDS[name]
    path = tmp_path / name
    write(path)
    if name.endswith("h5ad") and left == -1:
        left = -100  # of the file itself, not of its seal alone
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DataError) as told:
        read(path)
    (line,) = map(str, told.value.faults)
    assert line.startswith(f"{path}: expected a")
    assert f"found {found}" in line
    assert line.endswith("if a run made it, delete it and run again.")


def test_other_programs_read_sealed_files(tmp_path: Path) -> None:
    import h5py

    _table(tmp_path / "a.parquet")
    _cells(tmp_path / "a.h5ad")
    assert pd.read_parquet(tmp_path / "a.parquet").equals(read_table(tmp_path / "a.parquet"))
    metadata = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert metadata.num_row_groups == 3
    with h5py.File(tmp_path / "a.h5ad") as file:
        assert file["X"].shape == (N, 2)
    assert ad.read_h5ad(tmp_path / "a.h5ad").n_obs == N


def test_files_without_a_seal_are_read(tmp_path: Path) -> None:
    _table(tmp_path / "a.parquet")
    _cells(tmp_path / "a.h5ad")
    table, cells = read_table(tmp_path / "a.parquet"), ad.read_h5ad(tmp_path / "a.h5ad")
    table.to_parquet(tmp_path / "b.parquet", index=False)
    cells.write_h5ad(tmp_path / "b.h5ad")
    assert read_table(tmp_path / "b.parquet").equals(table)
    assert read_cells(tmp_path / "b.h5ad").n_obs == N
