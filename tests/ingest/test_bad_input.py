"""Every way a table can be wrong: one line per fault with file, row and sample, exit code 2, and no file left."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from tumint import keys as k

X, CD8 = "Location_Center_X", "Intensity_MeanIntensity_CD8_c1"
Mutation = Callable[[str], str | bytes]


def _field(row: int, column: str, value: str) -> Mutation:
    """Set a field; rows as messages number them."""

    def mutate(text: str) -> str:
        lines = text.splitlines()
        fields = lines[row - 1].split(",")
        fields[lines[0].split(",").index(column)] = value
        lines[row - 1] = ",".join(fields)
        return "\n".join(lines) + "\n"

    return mutate


def _lines(change: Callable[[list[str]], list[str]]) -> Mutation:
    return lambda text: "\n".join(change(text.splitlines())) + "\n"


CASES: dict[str, tuple[Mutation, list[str]]] = {
    "empty": (lambda text: "", ["expected a header and rows, found an empty file"]),
    "missing column": (
        lambda text: text.replace(X, "Location_Centre_X"),
        [f"{{path}} header (sample M1): expected a column `{X}`, found none (the nearest is `Location_Centre_X`)."],
    ),
    "two missing columns": (
        lambda text: text.replace(X, "a").replace("ObjectNumber", "b", 1),
        ["a column `Location_Center_X`", "expected a column `ObjectNumber`, found none"],
    ),
    "other kind of table": (
        lambda text: "a,b\n1,2\n",
        [
            "expected the columns of all 5 markers, found none for CD8, EPCAM, Xe131, DNA1, DNA2: no column",
            *(f"expected a column `{name}`, found none among a and b." for name in (X, "Location_Center_Y")),
            *(f"expected a column `{name}`, found none among a and b." for name in ("ObjectNumber", "AreaShape_Area")),
        ],
    ),
    "column twice": (
        lambda text: text.replace("AreaShape_Eccentricity", X),
        [f"{{path}} header (sample M1): expected the column `{X}` once, found 2 of that name; rename or delete"],
    ),
    "marker twice": (
        lambda text: text.replace("AreaShape_Eccentricity", CD8),
        [f"expected the column `{CD8}` once, found 2 of that name; rename or delete"],
    ),
    "text in a number": (
        _field(17, X, "abc"),
        [f"{{path}} row 17 (sample M1), column `{X}`: expected a number, found `abc`."],
    ),
    "text in a marker": (
        _field(5, CD8, "1,5".replace(",", " ")),
        [f"{{path}} row 5 (sample M1), column `{CD8}`: expected a number, found `1 5`."],
    ),
    "infinite coordinate": (
        _field(3, X, "inf"),
        [f"row 3 (sample M1), column `{X}`: expected a finite number, found `inf`."],
    ),
    "huge coordinate": (
        _field(3, X, "1e300"),
        [f"row 3 (sample M1), column `{X}`: expected a finite number, found `1e300`."],
    ),
    "infinite intensity": (_field(3, CD8, "-inf"), [f"column `{CD8}`: expected a finite number, found `-inf`."]),
    "negative area": (
        _field(3, "AreaShape_Area", "-1"),
        ["column `AreaShape_Area`: expected a number of at least 0, found `-1`."],
    ),
    "mask in 0 to 255": (
        _field(3, "Intensity_MeanIntensity_TumourImage", "255"),
        ["column `Intensity_MeanIntensity_TumourImage`: expected a number of at most 1, found `255`."],
    ),
    "cell id not whole": (
        _field(9, "ObjectNumber", "8.5"),
        ["row 9 (sample M1), column `ObjectNumber`: expected a whole number, found `8.5`."],
    ),
    "cell id twice": (
        _field(9, "ObjectNumber", "3"),
        [
            "row 9 (sample M1), column `ObjectNumber`: expected each cell id once, found `3` in row 4 too; "
            "`ingest.repeated_ids: renumber`"
        ],
    ),
    "two images": (
        _field(9, "ImageNumber", "2"),
        ["row 9 (sample M1), column `ImageNumber`: expected one image in the table, number 1, found `2`."],
    ),
    "cut off in the middle of a row": (
        lambda text: text[:-100],
        ["{path} row 31 (sample M1): expected 25 fields, found 9: the file is cut off."],
    ),
    "short row": (
        _lines(lambda lines: [*lines[:9], lines[9].rsplit(",", 1)[0], *lines[10:]]),
        ["{path} row 10 (sample M1): expected 25 fields, found 24."],
    ),
    "long rows": (
        _lines(lambda lines: [*lines[:9], lines[9] + ",1", lines[10] + ",1", *lines[11:]]),
        ["{path} row 10 (sample M1): expected 25 fields, found 26 (and 1 more row); end no row with a delimiter"],
    ),
    "blank lines are counted": (
        lambda text: _lines(lambda lines: [*lines[:4], "", "", *lines[4:]])(_field(9, X, "abc")(text)),
        [f"{{path}} row 11 (sample M1), column `{X}`: expected a number, found `abc`."],
    ),
    "quote that does not close": (
        _field(9, "Number_Object_Number", '"8'),
        [
            "{path} row 9 (sample M1): expected a closing quote for every quote that opens a field, "
            "found none to the end of the file."
        ],
    ),
    "not UTF-8": (
        lambda text: _field(4, "Number_Object_Number", "é")(text).encode("latin-1"),
        ["{path} row 4 (sample M1): expected text in UTF-8, found the byte 0xE9; save it as CSV in UTF-8."],
    ),
    "UTF-16 without a mark": (
        lambda text: text.encode("utf-16-le"),
        ["row 1 (sample M1): expected text in UTF-8, found the byte 0x00; save it as CSV in UTF-8."],
    ),
    "gzip cut off": (
        lambda text: gzip.compress(text.encode())[:-300],
        ["{path} (sample M1): expected a whole gzip file, found one that is cut off or damaged."],
    ),
    "header only": (
        _lines(lambda lines: lines[:1]),
        ["{path} (sample M1): expected at least one cell, found a header only."],
    ),
    "header without a line end": (
        lambda text: text.splitlines()[0],
        ["{path} (sample M1): expected at least one cell, found a header only."],
    ),
    "several faults": (
        lambda text: _field(3, X, "?")(_field(5, "Location_Center_Y", "?")(_field(6, CD8, "x")(text))),
        ["row 3 (sample M1), column `Location_Center_X`", "row 5 (sample M1)", "row 6 (sample M1)"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_per_fault_and_nothing_written(ingest, make, tmp_path, case):
    mutate, expected = CASES[case]
    path = make.write_roi(tmp_path, "M1", make.cells_table())
    changed = mutate(path.read_text())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    done = ingest({"M1": path})
    assert done.code == 2
    assert len(done.lines) == len(expected), done.lines
    for line, part in zip(done.lines, expected, strict=True):
        assert part.format(path=path) in line
        assert line.startswith(f"tumint: {path}")
        assert line.endswith(".")
    assert not done.out.parent.exists()


def test_faults_of_all_samples_come_at_once(ingest, make, tmp_path):
    good = make.write_roi(tmp_path, "M1", make.cells_table())
    bad = make.write_roi(tmp_path, "M2", make.cells_table().drop(columns="ObjectNumber"))
    done = ingest({"M1": good, "M2": bad, "M3": tmp_path / "none.csv", "M4": tmp_path})
    assert done.code == 2
    assert [line.split("(sample ")[1][:2] for line in done.lines] == ["M2", "M3", "M4"]
    assert "none.csv (sample M3): expected a file, found none." in done.lines[1]
    assert not done.out.parent.exists()


def test_neighbours_that_are_cut_off_are_a_fault(ingest, make, tmp_path):
    path = make.write_roi(tmp_path, "M1", make.cells_table(), [(1, 2), (2, 3)])
    beside = path.with_name(f"Object relationships_{path.name}")
    beside.write_text(beside.read_text()[:-10])
    done = ingest({"M1": path})
    assert (done.code, len(done.lines)) == (2, 1)
    assert f"{beside} row 3 (sample M1): expected 9 fields" in done.lines[0]
    assert "cut off" in done.lines[0]


def test_a_bad_sample_is_quarantined_where_the_config_says_so(ingest, make, tmp_path):
    good = make.write_roi(tmp_path, "M1", make.cells_table())
    bad = make.write_roi(tmp_path, "M2", make.cells_table())
    bad.write_text(_field(17, X, "abc")(bad.read_text()))
    empty = make.write_roi(tmp_path, "M3", make.cells_table(n=0))
    done = ingest({"M2": bad, "M1": good, "M3": empty, "M4": "none.csv"}, on_bad_sample="quarantine")
    assert done.code == 0
    samples = done.samples
    assert list(samples[k.SAMPLE]) == ["M2", "M1", "M3", "M4"]
    assert list(samples[k.STATUS]) == ["quarantined", "ok", "empty", "quarantined"]
    assert list(samples["n_cells"]) == [0, 30, 0, 0]
    assert "row 17 (sample M2), column `Location_Center_X`: expected a number" in samples.loc[0, k.REASON]
    assert samples.loc[2, k.REASON].endswith("expected at least one cell, found a header only.")
    assert samples.loc[2, "bytes"] == empty.stat().st_size
    assert samples.loc[3, ["sha256", "bytes"]].tolist() == ["", 0]
    assert [line.split()[2] for line in done.lines] == ["M2", "M3", "M4"]
    assert set(done.cells.obs[k.SAMPLE]) == {"M1"}


def test_a_batch_of_bad_samples_alone_is_written_empty(ingest, tmp_path):
    done = ingest({"M1": tmp_path / "a.csv", "M2": tmp_path / "b.csv"}, on_bad_sample="quarantine")
    assert done.code == 0
    assert done.cells.shape == (0, 5)
    assert len(done.samples) == 2
    assert done.edges.empty


@pytest.mark.parametrize("policy", ["intersect", "fill"])
def test_a_marker_that_a_sample_lacks_is_named(ingest, make, tmp_path, policy):
    whole = make.write_roi(tmp_path, "M1", make.cells_table())
    lacking = make.write_roi(tmp_path, "M2", make.cells_table().drop(columns=CD8))
    done = ingest({"M1": whole, "M2": lacking}, missing_marker=policy)
    assert done.code == 0
    assert done.lines == [f"tumint: sample M2 goes on without CD8 (`missing_marker: {policy}`)"]
    assert list(done.samples["missing_markers"]) == ["", "CD8"]
    missing = done.cells.to_df().isna()
    assert missing.loc[done.cells.obs[k.SAMPLE] == "M2", "CD8"].all()
    assert missing.to_numpy().sum() == 30


def test_a_marker_that_a_sample_lacks_is_a_fault_by_default(ingest, make, tmp_path):
    path = make.write_roi(tmp_path, "M2", make.cells_table().drop(columns=CD8))
    done = ingest({"M2": path})
    assert (done.code, len(done.lines)) == (2, 1)
    assert f"found none for CD8: no column `{CD8}` (the nearest is" in done.lines[0]


def test_a_marker_that_nobody_uses_may_be_lacking(ingest, make, tmp_path):
    path = make.write_roi(tmp_path, "M1", make.cells_table())
    markers = [{"marker": "CD8"}, {"marker": "Blank", "use": "ignore"}]
    done = ingest({"M1": path}, panel={"name": "p", "source": "p", "markers": markers})
    assert (done.code, done.lines) == (0, [])
    assert done.cells.to_df().isna().all().tolist() == [False, True]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "expected a JSON list"),
        ([{"sample": "a"}], "`path` to be a text"),
        ([{"sample": "a", "path": "b", "pixel_size_um": -1}], "`pixel_size_um` to be a positive number, found `-1`"),
        ([{"sample": "a", "path": "b"}, {"sample": "a", "path": "c"}], "each `sample` once"),
    ],
)
def test_rows_given_by_hand_are_checked(tmp_path, capsys, rows, expected):
    import json

    from tumint.cli import main

    params = json.dumps({"ingest": {"format": "table", "columns": {"x": "x", "y": "y"}}})
    assert main(["ingest", "--params", params, "--rows", json.dumps(rows), "-o", str(tmp_path / "b.h5ad")]) == 2
    assert expected in capsys.readouterr().err
