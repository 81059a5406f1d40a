"""Tables: whole or not at all, checked against contracts, same bytes for same values."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tumint.errors import DataError
from tumint.io import contracts
from tumint.io.atomic import replacing
from tumint.io.tables import check, read_meta, read_table, write_csv, write_table


def edges(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"sample": ["A", "A", "B"], "source_cell": [1, 2, 1], "target_cell": [2, 1, 3], **columns})


def test_round_trip_with_metadata_and_one_row_group_per_sample(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "edges.parquet"
    write_table(edges(), path, contracts.EDGES, meta={"seed": 1}, row_groups_by="sample")
    pd.testing.assert_frame_equal(read_table(path, contracts.EDGES), edges(), check_dtype=False)
    assert read_meta(path) == {"seed": 1}
    assert pq.ParquetFile(path).num_row_groups == 2
    assert read_table(path, samples=["B"])["target_cell"].tolist() == [3]
    assert [p.name for p in path.parent.iterdir()] == ["edges.parquet"]


def test_same_values_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(edges(), tmp_path / name, meta={"b": 1, "a": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_fault_of_a_table_at_once() -> None:
    with pytest.raises(DataError) as caught:
        check(edges(source_cell=["x", "y", "z"]).drop(columns="target_cell"), contracts.EDGES, "e.parquet")
    assert [str(f).split(": expected")[0] for f in caught.value.faults] == [
        "e.parquet column `source_cell`",
        "e.parquet (edges)",
    ]


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"sample": ["A", "A"], "n_in": [1, 1], "n_out": [1, 1], "status": "pass", "reason": ""})
    with pytest.raises(DataError, match=r"unique sample, found \{'sample': 'A'\} twice"):
        write_table(table, tmp_path / "m.parquet", contracts.QC_METRICS)
    assert not (tmp_path / "m.parquet").exists()


def test_a_file_that_is_no_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("not parquet")
    for name in ("t.parquet", "missing.parquet"):
        with pytest.raises(DataError) as caught:
            read_table(tmp_path / name)
        assert len(str(caught.value).splitlines()) == 1


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_csv_cells_cannot_run_as_formulas(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"a": ["=1+1", "@x", "-y", "plain"], "b": [-1.5, 2, 3, 4]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n'=1+1,-1.5\n'@x,2.0\n'-y,3.0\nplain,4.0\n"
