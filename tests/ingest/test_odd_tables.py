"""Odd and hostile tables, as labs have them: each gives the right value, or one line that says what mends it.

Read as `tumint init` and then ingest read them, in this process; nothing is silent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tumint.config.ingest import IngestConfig
from tumint.errors import DataError
from tumint.ingest import plain, registry
from tumint.ingest.oddities import settle
from tumint.ingest.reader import Asked, Cells, Channel, Found, Part, Settings

XY = [[1.5, 10.0], [20.25, 30.0], [41.0, 50.5], [60.0, 70.0]]
TYPES = ["T cell", "B cell", "T cell", "Tumour"]
PLAIN = "x,y,cell_type\n1.5,10,T cell\n20.25,30,B cell\n41,50.5,T cell\n60,70,Tumour\n"


@dataclass
class Outcome:
    """What init and ingest made of a table: cells of each sample, or lines; and what they said besides."""

    found: Found | None = None
    cells: dict[str, Cells] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def one(self) -> Cells:
        assert self.lines == []
        (cells,) = self.cells.values()
        return cells

    @property
    def said(self) -> str:
        assert self.found is not None
        notes = [note for cells in self.cells.values() for note in (*cells.notes, *cells.unread)]
        return " | ".join([*map(str, self.found.decided), *map(str, self.found.unused.items()), *notes])


def read(path: Path, asked: Asked | None = None, **config: object) -> Outcome:
    """By the columns that init would write, with `config` on top."""
    out = Outcome()
    try:
        out.found = plain.recognise(path, asked or Asked())
        if out.found is None:
            why = plain.why_not(path)
            out.lines = [str(why)] if why is not None else ["nothing"]
            return out
        values = {"format": "table", **out.found.config, **config}
        parsed = IngestConfig.model_validate(values)
        channels = tuple(Channel(marker, (channel,), "type") for marker, channel in out.found.markers)
        by_path: dict[str, list[Part]] = {}
        for name, file, part in out.found.rows:
            by_path.setdefault(str(file), []).append(Part(name, str(file), 1.0, part))
        for file, parts in by_path.items():
            for part, result in registry.reader("table").read(file, parts, Settings(parsed, channels)):
                if isinstance(result, DataError):
                    out.lines += map(str, result.faults)
                else:
                    out.cells[part.sample] = settle(result, part, parsed)[0]
    except DataError as error:
        out.lines = list(map(str, error.faults))
    return out


def as_csv(rows: str, delimiter: str) -> str:
    return rows.replace(",", delimiter)


def decimal(rows: str, delimiter: str) -> str:
    """Decimal commas between another delimiter."""
    return rows.replace(",", delimiter).replace(".", ",")


def column(name: str, values: list[str], base: str = PLAIN, mark: str = ",") -> str:
    """`base` with a column more."""
    header, *lines = base.rstrip("\n").split("\n")
    return "\n".join([header + mark + name, *(f"{row}{mark}{v}" for row, v in zip(lines, values, strict=True))]) + "\n"


GOOD = {  # file name, content; the values are those of PLAIN
    "plain": ("t.csv", PLAIN),
    "UTF-16": ("t.csv", PLAIN.encode("utf-16")),
    "UTF-16, big end first": ("t.csv", ("\ufeff" + PLAIN).encode("utf-16-be")),
    "UTF-16 with tabs, as Unicode text of a spreadsheet": ("t.txt", as_csv(PLAIN, "\t").encode("utf-16")),
    "UTF-16 with decimal commas": ("t.txt", decimal(PLAIN, "\t").encode("utf-16")),
    "BOM": ("t.csv", "\ufeff" + PLAIN),
    "BOM and semicolons": ("t.csv", "\ufeff" + as_csv(PLAIN, ";")),
    "tabs in a .csv": ("t.csv", as_csv(PLAIN, "\t")),
    "commas in a .tsv": ("t.tsv", PLAIN),
    "pipes": ("t.txt", as_csv(PLAIN, "|")),
    "semicolons in a .txt": ("t.txt", as_csv(PLAIN, ";")),
    "decimal commas, semicolons": ("t.csv", decimal(PLAIN, ";")),
    "decimal commas, tabs": ("t.txt", decimal(PLAIN, "\t")),
    "decimal commas, quoted": (
        "t.csv",
        'x,y,cell_type\n"1,5",10,T cell\n"20,25",30,B cell\n41,"50,5",T cell\n60,70,Tumour\n',
    ),
    "Windows line ends": ("t.csv", PLAIN.replace("\n", "\r\n")),
    "old Mac line ends": ("t.csv", PLAIN.replace("\n", "\r")),
    "no line end at the end": ("t.csv", PLAIN.rstrip("\n")),
    "blank lines": ("t.csv", "\n" + PLAIN.replace("\n", "\n\n")),
    "lines of delimiters alone": ("t.csv", PLAIN + ",,\n,,\n"),
    "trailing delimiters everywhere": ("t.csv", PLAIN.replace("\n", ",\n")),
    "spaces around fields": ("t.csv", PLAIN.replace(",", " , ")),
    "quoted fields": (
        "t.csv",
        "\n".join(",".join(f'"{f}"' for f in row.split(",")) for row in PLAIN.split("\n")[:-1]) + "\n",
    ),
    "plus signs and exponents": (
        "t.csv",
        PLAIN.replace("1.5,", "+1.5,").replace("20.25", "2.025e1").replace(",70", ",7E1"),
    ),
    "full-width digits": ("t.csv", PLAIN.replace("60,70", "\uff16\uff10,70")),
    "capitals": ("t.csv", PLAIN.replace("x,y,cell_type", "X,Y,CellType")),
    "centroids": ("t.csv", PLAIN.replace("x,y,cell_type", "Centroid X,Centroid Y,Cell Type")),
    "µm in the names": ("t.csv", PLAIN.replace("x,y,cell_type", "Centroid X µm,Centroid Y µm,Phenotype")),
    "camel case": ("t.csv", PLAIN.replace("x,y,cell_type", "posX,posY,cellType")),
    "coordinates by name": ("t.csv", PLAIN.replace("x,y,cell_type", "x_coordinate,y_coordinate,annotation")),
    "y before x": (
        "t.csv",
        "\n".join(",".join((r.split(",")[1], r.split(",")[0], r.split(",")[2])) for r in PLAIN.split("\n")[:-1]),
    ),
    "an index without a name": (
        "t.csv",
        "\n".join(f"{'' if i == 0 else i + 7},{row}" for i, row in enumerate(PLAIN.split("\n")[:-1])),
    ),
    "a box beside the centre": ("t.csv", column("x_min,y_min", ["0,0", "1,1", "2,2", "3,3"])),
    "pixels beside µm": (
        "t.csv",
        column(
            "Centroid X px,Centroid Y px",
            ["3,20", "40,60", "82,101", "120,140"],
            PLAIN.replace("x,y,", "Centroid X µm,Centroid Y µm,"),
        ),
    ),
    "a UMAP beside the place": ("t.csv", column("umap_x,umap_y", ["0.1,1", "0.2,2", "0.3,3", "0.4,4"])),
    "a shape beside it": ("t.csv", column("eccentricity", ["0.1", "0.2", "0.3", "0.4"])),
}

LINE = {  # file name, content, what the one line says
    "UTF-16 without its mark": ("t.csv", PLAIN.encode("utf-16-le"), "the byte 0x00; save it as CSV in UTF-8"),
    "UTF-16 that is cut off": ("t.csv", PLAIN.encode("utf-16")[:-1], "text in UTF-16, found truncated data"),
    "Latin-1": ("t.csv", PLAIN.replace("Tumour", "Köper").encode("latin-1"), "save it as CSV in UTF-8"),
    "an Excel file": ("t.csv", b"PK\x03\x04" + b"\0" * 60, "as Excel writes .xlsx: save it as CSV in UTF-8"),
    "thousands or a decimal comma": (
        "t.csv",
        PLAIN.replace("60,70", '"1,060",70'),
        "if the comma parts thousands, write numbers without thousands separators",
    ),
    "thousands in some numbers only": (
        "t.csv",
        PLAIN.replace("60,70", '"1,060.5",70').replace("20.25,", "2000.25,"),
        "write numbers without thousands separators",
    ),
    "one decimal comma": ("t.csv", PLAIN.replace("60,70", '"60,25",70'), '`ingest.decimal: ","` reads decimal commas'),
    "text in a column of numbers": ("t.csv", PLAIN.replace("60,70", "sixty,70"), "row 5, column `x`|found `sixty`"),
    "a unit": ("t.csv", PLAIN.replace("60,70", "60 µm,70"), "write numbers without a unit"),
    "per cent": ("t.csv", PLAIN.replace("60,70", "60%,70"), "write numbers without a unit"),
    "a date": ("t.csv", PLAIN.replace("20.25,30", "20.Feb,30"), "a spreadsheet made a date of it"),
    "a long date": ("t.csv", PLAIN.replace("20.25,30", "2025-02-20,30"), "a spreadsheet made a date of it"),
    "an error of a formula": ("t.csv", PLAIN.replace("60,70", "#DIV/0!,70"), "leave the field empty"),
    "a typographic minus": ("t.csv", PLAIN.replace("60,70", "\u221260,70"), "write the minus as `-`"),
    "infinite": ("t.csv", PLAIN.replace("60,70", "inf,70"), "column `x`: expected a finite number"),
    "underscores": ("t.csv", PLAIN.replace("60,70", "6_0,70"), "column `x`: expected a number, found `6_0`"),
    "rows that are longer": (
        "t.csv",
        PLAIN.replace("\n", ",\n").replace("cell_type,", "cell_type", 1),
        "end no row with a delimiter",
    ),
    "names of rows without a header": (
        "t.csv",
        "\n".join([PLAIN.split("\n")[0], *(f"r{i},{r}" for i, r in enumerate(PLAIN.split("\n")[1:-1]))]),
        "row.names = FALSE",
    ),
    "a short row": ("t.csv", PLAIN + "1,2\n", "expected 3 fields, found 2"),
    "cut off": ("t.csv", PLAIN + "1", "the file is cut off"),
    "duplicated headers": ("t.csv", column("x", ["1", "2", "3", "4"]), "rename or delete the others"),
    "no x": (
        "t.csv",
        PLAIN.replace("x,y", "left,y"),
        r"a column of x and y, found none among left, y and cell_type; name it by `--x COLUMN` and `--y COLUMN`",
    ),
    "x that is text": (
        "t.csv",
        re.sub(r"\n([\d.]+),", r"\na\1,", PLAIN),
        "mend the column, or name others by `--x COLUMN` and `--y COLUMN`",
    ),
    "no type and no marker": (
        "t.csv",
        PLAIN.replace("cell_type", "remark"),
        "found x and y as x and y, and none among x, y and remark; name it by `--label COLUMN`",
    ),
    "a Cyrillic x": ("t.csv", PLAIN.replace("x,y", "\u0445,y"), r"none among \\u0445|name it by `--x COLUMN`"),
    "types that look the same": (
        "t.csv",
        PLAIN.replace("Tumour", "\u0422 cell"),
        "types that differ by more than characters that look the same",
    ),
    "types apart by a no-break space": (
        "t.csv",
        PLAIN.replace("41,50.5,T cell", "41,50.5,T\u00a0cell"),
        "types that differ by more than",
    ),
    "types apart by an invisible character": (
        "t.csv",
        PLAIN.replace("41,50.5,T cell", "41,50.5,T\u200b cell"),
        "types that differ by more than",
    ),
    "a type with the separator of pairs": ("t.csv", PLAIN.replace("Tumour", "Tumour|CK"), "a cell type without `|`"),
    "no place at all": ("t.csv", re.sub(r"\n[\d.]+,[\d.]+,", "\n,,", PLAIN), "numbers, the place of a cell"),
    "ids that repeat": ("t.csv", column("cell_id", ["1", "2", "3", "1"]), "`ingest.repeated_ids: renumber`"),
    "a null byte": ("t.csv", PLAIN.replace("Tumour", "Tu\0mour").encode(), "the byte 0x00"),
    "a header alone": ("t.csv", "x,y,cell_type\n", "x"),
    "an empty file": ("t.csv", "", "nothing|empty"),
}


PARTED = {  # how 1060.5 is written, beside 20.25; the decimal mark
    "1,060.5": ".",
    "1 060.5": ".",
    "1\u00a0060.5": ".",
    "1\u2009060.5": ".",
    "1\u202f060.5": ".",
    "1'060.5": ".",
    "1\u2019060.5": ".",
    "1.060,5": ",",
    "1 060,5": ",",
    "1\u202f060,5": ",",
}


# a point with semicolons is a table of decimal commas
PARTED_BY = [(text, mark) for text, point in PARTED.items() for mark in ",;\t" if (point, mark) != (".", ";")]


@pytest.mark.parametrize(("text", "delimiter"), PARTED_BY)
def test_thousands_that_can_be_nothing_else_are_read(tmp_path, text, delimiter):
    mark = PARTED[text]
    rows = [row.split(",") for row in PLAIN.replace("60,70", "N,70").splitlines()]
    fields = [[text if f == "N" else f.replace(".", mark) for f in row] for row in rows]
    quoted = [delimiter.join(f'"{f}"' if delimiter in f else f for f in row) for row in fields]
    out = read(write(tmp_path, "t.csv", "\n".join(quoted)))
    np.testing.assert_allclose(out.one.spatial, [*XY[:3], [1060.5, 70.0]])
    assert "thousands" in out.said


def test_thousands_of_whole_numbers(tmp_path):
    ids = ["1,001", "1,002", "21,003", "1,100,004"]
    text = column("cell_id", [f'"{one}"' for one in ids])
    cells = read(write(tmp_path, "t.csv", text), columns={"x": "x", "y": "y", "cell_id": "cell_id"}).one
    assert cells.cell_id.tolist() == [1001, 1002, 21003, 1_100_004]


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", GOOD)
def test_the_value_is_right(tmp_path, name):
    cells = read(write(tmp_path, *GOOD[name])).one
    np.testing.assert_allclose(cells.spatial, XY)
    assert list(cells.cell_type) == TYPES


@pytest.mark.parametrize("name", LINE)
def test_one_line_says_what_mends_it(tmp_path, name):
    file, content, expected = LINE[name]
    out = read(write(tmp_path, file, content))
    assert len(out.lines) == 1, out.lines
    assert any(re.search(one if "\\" in one else re.escape(one), out.lines[0]) for one in expected.split("|"))
    assert "\n" not in out.lines[0]


def test_decimal_commas_are_one_line_for_a_cohort(tmp_path):
    """Of ingest, where nobody ran init: each file is a fault, and the stage says the cause once."""
    from tumint.ingest.stage import _once

    lines = []
    for name in ("a", "b", "c"):
        path = write(tmp_path, f"{name}.txt", decimal(PLAIN, "\t"))
        out = read(path, decimal=".")
        assert all('`ingest.decimal: ","`' in line for line in out.lines)
        lines += out.lines
    assert len(_once(lines)) == 1
    assert "more lines like it" in str(_once(lines)[0])


def test_types_that_are_numbers_keep_their_names(tmp_path):
    text = PLAIN.replace("T cell", "1").replace("B cell", "2").replace("Tumour", "10")
    assert list(read(write(tmp_path, "t.csv", text.replace("cell_type", "cluster"))).one.cell_type) == [
        "1",
        "2",
        "1",
        "10",
    ]


def test_types_that_are_empty_are_unclassified(tmp_path):
    out = read(write(tmp_path, "t.csv", PLAIN.replace("B cell", "").replace("Tumour", "NA")))
    assert list(out.one.cell_type) == ["T cell", "unclassified", "T cell", "unclassified"] if out.cells else out.lines


def test_negative_coordinates_are_no_fault_and_not_outside(tmp_path):
    text = PLAIN.replace("60,70", "-60,-70")
    np.testing.assert_allclose(read(write(tmp_path, "t.csv", text), outside_image="error").one.spatial[3], [-60, -70])


def test_a_cell_without_a_place_is_kept_and_counted(tmp_path):
    cells = read(write(tmp_path, "t.csv", PLAIN.replace("60,70", "nan,70"))).one
    assert np.isnan(cells.spatial).tolist() == [[False] * 2] * 3 + [[True] * 2]


def test_two_rois_in_one_file_are_two_samples(tmp_path):
    out = read(write(tmp_path, "t.csv", column("roi", ["r1", "r1", "r2", "r2"])))
    assert {name: len(cells.cell_id) for name, cells in out.cells.items()} == {"r1": 2, "r2": 2}
    assert "roi" in out.said


def test_one_roi_in_two_files_is_said(tmp_path):
    for name in ("a", "b"):
        write(tmp_path, f"{name}.csv", column("roi", ["r1"] * 4))
    out = read(tmp_path)
    assert list(out.cells) == ["a", "b"]
    assert "a.csv and b.csv both hold it" in out.said


def test_tables_of_two_kinds_in_one_folder_are_asked_for(tmp_path):
    write(tmp_path, "a.csv", PLAIN)
    write(tmp_path, "b.csv", PLAIN.replace("x,y", "pos_x,pos_y"))
    (line,) = read(tmp_path).lines
    assert "a.csv (1 table) and b.csv (1 table); name one of them" in line


def test_images_on_one_another_are_one_line(tmp_path):
    """Five images of one patient as one sample; one image alone is none."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).reshape(-1, 2) * 9.0
    images = [grid + rng.uniform(0, 3, grid.shape) for _ in range(5)]
    table = pd.DataFrame(np.concatenate(images), columns=["x", "y"]).assign(cell_type="T")
    table["cell_type"] = np.where(np.arange(len(table)) % 2, "T", "B")
    table["roi"] = np.repeat([f"r{i}" for i in range(5)], len(grid))
    table.to_csv(tmp_path / "t.csv", index=False)
    assert len(read(tmp_path / "t.csv").cells) == 5
    table.drop(columns="roi").to_csv(tmp_path / "t.csv", index=False)
    (line,) = read(tmp_path / "t.csv").lines
    assert "cells that do not lie on one another" in line
    assert "`ingest.columns.part`" in line
    assert len(read(tmp_path / "t.csv", overlapping_cells="keep").one.cell_id) == 5 * len(grid)


FLAGS = {  # columns of flags, and the types of the four cells
    "inForm": ("Phenotype CD3,Phenotype CD8", ["CD3+,CD8+", "CD3+,CD8-", "CD3-,CD8-", "CD3-,CD8+"]),
    "0/1": ("CD3 Positive,CD8 Positive", ["1,1", "1,0", "0,0", "0,1"]),
    "booleans": ("CD3,CD8", ["TRUE,TRUE", "TRUE,FALSE", "FALSE,FALSE", "FALSE,TRUE"]),
    "phenoptr, others": ("Phenotype CD3,Phenotype CD8", ["CD3+,CD8+", "CD3+,other", "other,other", "other,CD8+"]),
    "empty where it is down": ("Phenotype CD3,Phenotype CD8", ["CD3+,CD8+", "CD3+,", ",", ",CD8+"]),
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags_become_types(tmp_path, name):
    header, values = FLAGS[name]
    path = write(tmp_path, "t.csv", column(header, values, re.sub(r",[^,]*(?=\n)", "", PLAIN)))
    out = read(path)
    assert list(out.one.cell_type) == ["CD3+ CD8+", "CD3+", "unclassified", "CD8+"]
    assert "flags" in out.said
    columns = out.found.config["columns"]
    rules = [
        {"cell_type": "Cytotoxic T cells", "positive": ["CD3", "CD8"]},
        {"cell_type": "Other T cells", "positive": ["CD3"]},
        {"cell_type": "Rest"},
    ]
    types = read(path, columns=columns | {"type_rules": rules}).one.cell_type
    assert list(types) == ["Cytotoxic T cells", "Other T cells", "Rest", "Rest"]


def test_a_flag_that_is_none_is_one_line(tmp_path):
    header, values = FLAGS["0/1"]
    path = write(tmp_path, "t.csv", column(header, [*values[:3], "0,7"], re.sub(r",[^,]*(?=\n)", "", PLAIN)))
    columns = {"x": "x", "y": "y", "cell_type": header.split(",")}
    (line,) = read(path, Asked(label="CD8 Positive"), columns=columns).lines
    assert "column `CD8 Positive`: expected a flag" in line


def test_classes_that_name_several_flags_follow_the_rules(tmp_path):
    path = write(tmp_path, "t.csv", PLAIN.replace("B cell", "CD4: FoxP3"))
    rules = [{"cell_type": "Treg", "positive": ["CD4", "FoxP3"]}, {"cell_type": "Rest"}]
    columns = {"x": "x", "y": "y", "cell_type": "cell_type", "type_rules": rules}
    assert list(read(path, columns=columns).one.cell_type) == ["Rest", "Treg", "Rest", "Rest"]


def test_columns_that_are_recognised_and_not_read_are_named(tmp_path):
    path = write(tmp_path, "t.csv", column("Phenotype FoxP3", ["FoxP3+", "", "", ""]))
    assert read(path).one.unread == ("Phenotype FoxP3",)


def test_constant_unique_and_empty_columns_are_no_markers(tmp_path):
    rows = ["0,a,,0.5,9", "0,b,,1.5,8", "0,c,,2.5,7", "0,d,,3.5,6"]
    out = read(write(tmp_path, "t.csv", column("IFNg,barcode,note,CD8,area", rows)))
    assert [name for name, _ in out.found.markers] == ["CD8"]
    for text in ("('IFNg', '`0` in every row')", "('barcode', 'text such as `a`')", "('note', 'empty')"):
        assert text in out.said


def test_parquet_of_any_kind_of_column(tmp_path):
    values = {
        "x": pa.array([1.5, 20.25, 41, 60], pa.float32()),
        "y": pa.array(["10", "30", "50.5", "70"]),
        "cell_type": pa.array(TYPES).dictionary_encode(),
        "flag": pa.array([True, False, True, None]),
    }
    pq.write_table(pa.table(values), tmp_path / "t.parquet")
    cells = read(tmp_path / "t.parquet").one
    np.testing.assert_allclose(cells.spatial, XY)
    assert list(cells.cell_type) == TYPES


def test_marker_columns_keep_odd_names(tmp_path):
    names = ["HLA-DR", "αSMA", "CD8 (Opal 520)", "PD-1/CD279"]
    table = pd.DataFrame(np.array(XY) + 0.25, columns=["x", "y"]).assign(**{n: [0.5, 1.5, 2.5, 4] for n in names})
    table.to_csv(tmp_path / "t.csv", index=False)
    out = read(tmp_path / "t.csv")
    assert [name for name, _ in out.found.markers] == names
    assert out.one.intensities.shape == (4, 4)


def test_there_are_sixty_of_them():
    assert len(GOOD) + len(LINE) + len(FLAGS) >= 60
