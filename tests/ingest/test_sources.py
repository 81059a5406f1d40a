"""Encodings, delimiters, parquet, parts of one file, blocks: how a table is written changes nothing of what it says."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main

COLUMNS = {"x": "X", "y": "Y", "cell_id": "id", "cell_type": "type", "part": "image", "markers": {"CD8": "cd8"}}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    n = 40
    frame = pd.DataFrame({"image": np.repeat(["a", "b"], n // 2), "id": np.tile(np.arange(1, n // 2 + 1), 2)})
    frame["X"], frame["Y"] = rng.uniform(0, 90, n).round(3), rng.uniform(0, 90, n).round(3)
    frame["type"] = rng.choice(["T cell", "Tumour, CK+"], n)
    frame["cd8"] = rng.gamma(2, 3, n).round(4)
    return frame


def read(ingest, path, **config):
    args = {"panel": None, "format": "table", "columns": COLUMNS, "parts": {"A": "a", "B": "b"}} | config
    return ingest({"A": path, "B": path}, name=path.name.replace(".", "_"), **args)


def agrees(done, table):
    assert done.code == 0, done.lines
    assert list(done.cells.obs[k.SAMPLE]) == [image.upper() for image in table["image"]]
    np.testing.assert_array_equal(done.cells.X[:, 0], table["cd8"].to_numpy(np.float32))
    np.testing.assert_array_equal(done.cells.obsm[k.SPATIAL], table[["X", "Y"]])
    assert list(done.cells.obs[k.CELL_TYPE_PROVIDED]) == list(table["type"])


WRITERS = {
    "plain.csv": lambda t: t.to_csv(index=False).encode(),
    "bom_crlf.csv": lambda t: b"\xef\xbb\xbf" + t.to_csv(index=False, lineterminator="\r\n").encode(),
    "mac.csv": lambda t: t.to_csv(index=False, lineterminator="\r").encode(),
    "tabs.tsv": lambda t: t.to_csv(index=False, sep="\t").encode(),
    "quoted.csv": lambda t: t.to_csv(index=False, quoting=1).encode(),
    "semicolon_comma.csv": lambda t: t.to_csv(index=False, sep=";", decimal=",").encode(),
    "packed.csv.gz": lambda t: gzip.compress(t.to_csv(index=False).encode()),
    "packed_twice.csv.gz": lambda t: b"".join(gzip.compress(part) for part in _halves(t.to_csv(index=False).encode())),
}


def _halves(data):
    return data[: len(data) // 2], data[len(data) // 2 :]


@pytest.mark.parametrize("name", WRITERS)
def test_written_in_many_ways(ingest, table, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WRITERS[name](table))
    agrees(read(ingest, path), table)


def test_parquet(ingest, table, tmp_path):
    table["image"] = pd.Categorical(table["image"])
    table.to_parquet(tmp_path / "t.parquet", row_group_size=7)
    agrees(read(ingest, tmp_path / "t.parquet"), table)
    odd = table.assign(cd8=table["cd8"].astype(str).where(table.index != 4, "much"))
    odd.to_parquet(tmp_path / "odd.parquet")
    done = read(ingest, tmp_path / "odd.parquet")
    assert (done.code, len(done.lines)) == (2, 1)
    assert "row 5 (sample A), column `cd8`: expected a number, found `much`." in done.lines[0]
    cut = tmp_path / "cut.parquet"
    cut.write_bytes((tmp_path / "t.parquet").read_bytes()[:-30])
    assert (read(ingest, cut).code, len(read(ingest, cut).lines)) == (2, 1)


def test_a_decimal_comma_is_read_where_it_is_certain(ingest, table, tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(table.to_csv(index=False, sep="\t", decimal=","))
    done = read(ingest, path)
    assert done.code == 2
    assert "expected a number, found `" in done.lines[0]
    agrees(read(ingest, path, decimal=","), table)
    # a thousands separator in a table of decimal commas
    path.write_text("image;id;X;Y;type;cd8\na;1;1,5;2,5;T;1,234.5\n")
    done = read(ingest, path, parts={"A": "a", "B": "a"})
    assert "column `cd8`: expected a number, found `1,234.5`; write numbers without thousands" in done.lines[0]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf16_is_read_by_its_mark(ingest, table, tmp_path, name, pack):
    path = tmp_path / "t.csv"
    path.write_bytes(pack(("\ufeff" + table.to_csv(index=False, lineterminator="\r\n")).encode(name)))
    agrees(read(ingest, path), table)


def test_parts_of_a_file_are_named_or_refused(ingest, table, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(table.to_csv(index=False))
    said = {
        "a part that is not there": ({"A": "a", "B": "c"}, "rows whose `image` is `c`, as in the sheet, found none"),
        "one without a part": ({"A": "a"}, "a `part` in the sheet for each of its samples, found none for B"),
        "none with a part": ({}, "a column `part` in the sheet that tells its samples apart"),
    }
    for parts, expected in said.values():
        done = read(ingest, path, parts=parts)
        assert (done.code, len(done.lines)) == (2, 1)
        assert expected in done.lines[0]


@pytest.mark.parametrize("rows", ["", "[", "{'a': 1}", "nonsense"])
def test_rows_that_are_no_json(tmp_path, capsys, rows):
    assert main(["ingest", "--params", '{"ingest": {}}', "--rows", rows, "-o", str(tmp_path / "b.h5ad")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("tumint: --rows: expected a JSON list of the sheet's rows, found ")
    assert list(tmp_path.iterdir()) == []
