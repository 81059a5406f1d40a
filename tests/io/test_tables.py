"""Tables: whole or not at all, checked against contracts, same bytes for same values."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tumint.errors import DataError
from tumint.io import contracts
from tumint.io.atomic import replacing
from tumint.io.by_sample import BySample
from tumint.io.tables import check, csv_text, read_meta, read_table, write_csv, write_table


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


MANY = pd.DataFrame(
    {"sample": ["A", "A", "C", "B", "C", "A"], "source_cell": range(6), "target_cell": [9, 8, 7, 6, 5, 4]}
)


@pytest.mark.parametrize("row_groups", [1, 2, 6, "sample"])
@pytest.mark.parametrize("statistics", [True, False])
def test_rows_of_a_sample_whatever_the_row_groups(tmp_path: Path, row_groups: int | str, statistics: bool) -> None:
    path = tmp_path / "t.parquet"
    if row_groups == "sample":
        write_table(MANY, path, row_groups_by="sample")
    else:
        MANY.to_parquet(path, index=False, row_group_size=row_groups, write_statistics=statistics)
    table = BySample(path)
    for samples in (["A"], ["B"], ["C", "A"], ["A", "B", "C"], ["A", "A"], ["none"], []):
        expected = MANY[MANY["sample"].isin(samples)].reset_index(drop=True)
        pd.testing.assert_frame_equal(table.rows(samples), expected, check_dtype=False)
        # columns in the order in which they are asked for, also without the sample
        found = read_table(path, columns=["target_cell", "source_cell"], samples=samples)
        pd.testing.assert_frame_equal(found, expected[["target_cell", "source_cell"]])
    assert table.distinct("sample") == ["A", "C", "B"]


def test_a_sample_is_read_without_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    write_table(MANY, path, row_groups_by="sample")
    table, opened, read = BySample(path), [], []
    whole = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(pq, "ParquetFile", lambda *_: opened.append(1))
    monkeypatch.setattr(pq, "read_metadata", lambda *_: opened.append(1))
    monkeypatch.setattr(
        type(table._file), "read_row_groups", lambda self, groups, **o: read.append(groups) or whole(self, groups, **o)
    )
    assert [len(table.rows([sample])) for sample in "ABC"] == [3, 1, 2]
    assert (read, opened) == ([[0, 4], [2], [1, 3]], [])


def test_tables_that_have_no_rows_or_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    empty = pd.DataFrame({"sample": pd.Series(dtype=object), "n": pd.Series(dtype="int64")})
    write_table(empty, path, row_groups_by="sample")
    assert BySample(path).rows(["A"]).shape == (0, 2)
    assert BySample(path).distinct("sample") == []
    write_table(MANY.drop(columns="sample"), path)
    with pytest.raises(DataError, match="expected a column `sample`, found none"):
        BySample(path)


def test_categories_are_names_too(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(MANY.astype({"sample": "category"}), path, row_groups_by="sample")
    assert read_table(path, samples=["C"])["source_cell"].tolist() == [2, 4]


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


def nulls(**columns: list[object]) -> pd.DataFrame:
    whole = {"sample": ["A", "B", "C"], "null": ["global", "local", "global"], "n_strata": [1, 2, 1]}
    return pd.DataFrame({**whole, "cells_per_stratum": [5.0, 4.0, 5.0], "pinned": [0.0, 0.0, 1.0], **columns})


@pytest.mark.parametrize("text", ["object", "category"])
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"cells_per_stratum": [5.0, np.nan, np.nan]},
            "column `cells_per_stratum`: expected a value in every row, found none in row 2 (and 1 more row).",
        ),
        ({"sample": ["A", "B", None]}, "column `sample`: expected a value in every row, found none in row 3."),
        (
            {"null": ["global", "moon", "sun"]},
            "column `null`: expected one of global, domain, local, parent, parent_local, "
            "found `moon` (and 1 more value).",
        ),
    ],
)
def test_a_missing_or_unknown_value_is_one_line_when_written_and_when_read(
    tmp_path: Path, columns: dict[str, list[object]], said: str, text: str
) -> None:
    good, bad = (nulls(**of).astype({"sample": text, "null": text}) for of in ({}, columns))
    path = tmp_path / "n.parquet"
    write_table(good, path, contracts.NULLS)
    read_table(path, contracts.NULLS)
    with pytest.raises(DataError) as caught:
        write_table(bad, path, contracts.NULLS)
    assert str(caught.value) == f"{path} {said}"
    assert read_table(path)["null"].tolist() == good["null"].tolist()
    write_table(bad, path)
    with pytest.raises(DataError) as caught:
        read_table(path, contracts.NULLS)
    assert str(caught.value) == f"{path} {said}"


def test_what_may_be_missing_may() -> None:
    table = contracts.empty(contracts.GATES)
    row = {"marker": "CD3", "gate": np.nan, "gating": "mixture", "low": np.nan, "high": np.nan, "separation": np.nan}
    check(contracts.joined([table, pd.DataFrame([row])], contracts.GATES), contracts.GATES, "g.parquet")
    with pytest.raises(DataError, match="column `gating`: expected one of fixed, mixture, found `guess`"):
        check(pd.DataFrame([{**row, "gating": "guess"}]), contracts.GATES, "g.parquet")


def test_tables_of_a_contract_are_made_in_one_place(tmp_path: Path) -> None:
    """Each kind has its type also without rows, and columns stand as the contract has them."""
    none = contracts.joined([edges().iloc[:0], contracts.empty(contracts.EDGES)], contracts.EDGES)
    assert {name: str(kind) for name, kind in none.dtypes.items()} == {
        "sample": "object",
        "source_cell": "int64",
        "target_cell": "int64",
    }
    write_table(none, tmp_path / "e.parquet", contracts.EDGES)
    assert pq.read_schema(tmp_path / "e.parquet").field("source_cell").type == "int64"
    more = edges(length=[1.0, 1.0, 2.0])[["length", "target_cell", "source_cell", "sample"]]
    both = contracts.joined([none, more, edges()], contracts.EDGES)
    assert list(both) == ["sample", "source_cell", "target_cell", "length"]
    assert both["target_cell"].tolist() == [2, 1, 3, 2, 1, 3]
    assert list(contracts.joined([more], contracts.EDGES, only=True)) == ["sample", "source_cell", "target_cell"]


def test_allowed_and_optional_columns_are_columns() -> None:
    known = [one for one in vars(contracts).values() if isinstance(one, contracts.Contract)]
    for one in known:
        assert set(one.allowed) | set(one.key) <= set(one.columns), one.name
        assert set(one.key) <= set(one.filled), one.name
        assert set(one.kinds.values()) <= {"str", "int", "float", "bool"}, one.name
    assert len(known) > 30


def test_a_file_that_is_no_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("not parquet")
    for name in ("t.parquet", "missing.parquet"):
        with pytest.raises(DataError) as caught:
            read_table(tmp_path / name)
        assert len(str(caught.value).splitlines()) == 1
        with pytest.raises(DataError) as by_sample:
            read_table(tmp_path / name, samples=["A"])
        assert str(by_sample.value).split("found")[0] == str(caught.value).split("found")[0]
        assert len(str(by_sample.value).splitlines()) == 1


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


HOSTILE = ("=CD4+1", "+CD4", "-CD4", "@SUM(A1)", "\t=1", "\r=1", "a\r=1")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_spreadsheet_runs_neither_cells_nor_headers(tmp_path: Path, text: str) -> None:
    shown = ("" if text[0] == "a" else "'") + text.replace("\r", " ")
    table = pd.DataFrame({"plain": pd.Categorical([text, "CD4"]), text: [1.0, -2.0]})
    write_csv(table, tmp_path / "t.csv")
    for found in (pd.read_csv(tmp_path / "t.csv"), pd.read_csv(io.StringIO(csv_text(table)))):
        assert list(found.columns) == ["plain", shown]
        assert found["plain"].tolist() == [shown, "CD4"]
        assert found[shown].tolist() == [1.0, -2.0]
    assert list(table.columns) == ["plain", text]  # the caller's own stays


def test_every_csv_of_ours_is_written_so() -> None:
    """Those of `simulate` have names and values of its own; a sheet that is shared must be read as it was."""
    source = Path(__file__).parents[2] / "src" / "tumint"
    writers = {str(p.relative_to(source)) for p in source.rglob("*.py") if ".to_csv(" in p.read_text(encoding="utf-8")}
    assert writers == {"io/tables.py", "share/pack.py", "simulate/write.py"}
