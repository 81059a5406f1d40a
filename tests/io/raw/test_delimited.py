"""Text as a table: blocks of any size, memory, quoted fields of several lines, rows without text."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from tumint.errors import DataError
from tumint.io.raw import source
from tumint.io.raw.delimited import Delimited
from tumint.io.raw.source import Place, Text

WRITERS = {
    "plain.csv": lambda t: t.to_csv(index=False).encode(),
    "bom_crlf.csv": lambda t: b"\xef\xbb\xbf" + t.to_csv(index=False, lineterminator="\r\n").encode(),
    "mac.csv": lambda t: t.to_csv(index=False, lineterminator="\r").encode(),
    "packed.csv.gz": lambda t: gzip.compress(t.to_csv(index=False).encode()),
}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"image": np.repeat(["a", "b"], 20), "id": np.tile(np.arange(1, 21), 2)})
    frame["type"] = rng.choice(["T cell", "Tumour, CK+"], 40)
    frame["cd8"] = rng.gamma(2, 3, 40).round(4)
    return frame


def opened(path, **options):
    return Delimited(Text(Place(str(path))), **options)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("name", ["plain.csv", "bom_crlf.csv", "mac.csv", "packed.csv.gz"])
def test_blocks_of_any_size_change_nothing(table, tmp_path, monkeypatch, name, size):
    monkeypatch.setattr(source, "BLOCK", size)
    monkeypatch.setattr(Text.blocks, "__defaults__", (size,))
    path = tmp_path / name
    path.write_bytes(WRITERS[name](table))
    found = Delimited(Text(Place(str(path), "s")))
    found.load(["id", "cd8"], ("image", {"b"}))
    assert found.numbers("cd8", missing=False).tolist() == table["cd8"][20:].tolist()
    assert found.rows.tolist() == list(range(22, 42))
    assert found.identity == source.file_identity(path)


def test_memory_follows_the_batch_and_not_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(Text.blocks, "__defaults__", (1 << 18,))
    peak = {}
    for others in (30_000, 120_000):
        path = tmp_path / f"{others}.csv"
        lines = [f"{i % 100},{i},{i * 0.5},{'x' * 40}" for i in range(others)]
        mine = [f"mine,{i},{i * 0.5},y" for i in range(1000)]
        path.write_text("image,id,X,text\n" + "\n".join([*lines, *mine]) + "\n")
        table = Delimited(Text(Place(str(path), "s")))
        tracemalloc.start()
        table.load(["id", "X"], ("image", {"mine"}))
        peak[others] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(table) == 1000
    assert peak[120_000] < 1.2 * peak[30_000]


@pytest.mark.parametrize("size", [4, 9, 1000])
def test_a_quoted_field_may_hold_line_breaks(tmp_path, monkeypatch, size):
    monkeypatch.setattr(Text.blocks, "__defaults__", (size,))
    path = tmp_path / "t.csv"
    path.write_text('id,"note\nof it",x\n1,"a\nb,c\n""d""",1.5\n2,,2\n\n3,"5,\n",oops\n')
    found = opened(path)
    assert found.header == ["id", "note\nof it", "x"]
    found.load(found.header)
    assert found.names("note\nof it").tolist() == ['a\nb,c\n"d"', "", "5,"]
    assert found.rows.tolist() == [3, 6, 8]
    found.numbers("x", missing=False)
    assert [str(fault) for fault in found.faults] == [f"{path} row 8 column `x`: expected a number, found `oops`."]


def test_quotes_that_swallow_rows_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,type\n1,"T\n2,B\n3,"NK\n')
    with pytest.raises(DataError, match=r"fields that hold line breaks|expected 2 fields"):
        opened(path).load(["id", "type"])


def test_stray_quotes_within_fields_are_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,type\n1,5" core\n2,B\n')
    found = opened(path)
    found.load(["type"])
    assert found.names("type").tolist() == ['5" core', "B"]


def test_lines_of_delimiters_alone_are_no_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x\n1,1\n,,,\n  \n\n2,a\n,\n")
    found = opened(path)
    found.load(["id", "x"])
    assert found.rows.tolist() == [2, 6]
    found.numbers("x", missing=True)
    assert "row 6 column `x`: expected a number, found `a`" in str(found.faults[0])


def test_a_quote_may_follow_spaces_where_people_write(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('cluster, "cell_type"\n0, "Tumour, CK+"\n\n1, B\n')
    found = opened(path, spaced=True)
    found.load(["cluster", "cell_type"])
    assert found.names("cell_type").tolist() == ["Tumour, CK+", "B"]
    assert found.rows.tolist() == [2, 4]


@pytest.mark.parametrize("lead", ["", "\n", "\n \n\t\n", "\n" * (1 << 17)])
@pytest.mark.parametrize("quoted", ["2", '"2\n"'])
def test_rows_are_those_of_an_editor_whatever_is_blank(tmp_path, lead, quoted):
    """Also blank lines above the header; more of them than one block holds."""
    path = tmp_path / "t.csv"
    path.write_text(f"{lead}a,b\n\n1,{quoted}\n\n\n3,x\n\n5,6\n")
    table = Delimited(Text(Place(str(path))))
    assert table.header == ["a", "b"]
    table.load(["a", "b"])
    lines = path.read_text().split("\n")
    assert [lines[row - 1][0] for row in table.rows] == ["1", "3", "5"]
    table.numbers("b", missing=False)
    assert f"row {lines.index('3,x') + 1} column `b`: expected a number, found `x`" in str(table.faults[0])
