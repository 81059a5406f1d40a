"""The sample sheet: read as people write it, refused with row and sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumint.errors import SheetError
from tumint.samples import read_sheet


def write(tmp_path: Path, text: str, name: str = "samples.tsv") -> Path:
    (tmp_path / "a.csv").write_text("x\n")
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(SheetError) as caught:
        read_sheet(path)
    return [str(f).replace(str(path.parent) + "/", "") for f in caught.value.faults]


def test_bom_crlf_spaces_and_blank_lines_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffsample\tsubject\tpath\tpixel_size_um\r\n A1 \tA\ta.csv\t0.5\r\n\r\n")
    sheet = read_sheet(path)
    assert sheet.to_dict("records") == [
        {"sample": "A1", "subject": "A", "path": str(tmp_path / "a.csv"), "pixel_size_um": 0.5}
    ]


def test_csv_by_its_name(tmp_path: Path) -> None:
    assert read_sheet(write(tmp_path, "sample,subject,path\n01,A,a.csv\n", "s.csv"))["sample"].tolist() == ["01"]


def test_every_fault_of_every_row(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "sample\tsubject\tpath\tpixel_size_um\nA1\tA\ta.csv\t-1\nA1\t\tb.csv\t1\nA 2\tA\ta.csv\tx\nA3\tA\ta.csv\tinf\n",
    )
    assert faults(path) == [
        "samples.tsv row 2 (sample A1): expected `pixel_size_um` to be a positive number, found `-1`.",
        "samples.tsv row 3 (sample A1): expected each `sample` once, found `A1` in row 2 too.",
        "samples.tsv row 3 (sample A1): expected `subject` to name the animal or patient, found an empty field.",
        "samples.tsv row 3 (sample A1): expected `path` to be a file or folder, found `b.csv`.",
        "samples.tsv row 4 (sample A 2): expected `sample` to be a name without spaces, slashes or `|`, found `A 2`.",
        "samples.tsv row 4 (sample A 2): expected each `path`, with its `part`, once, found `a.csv` in row 2 too.",
        "samples.tsv row 4 (sample A 2): expected `pixel_size_um` to be a positive number, found `x`.",
        "samples.tsv row 5 (sample A3): expected each `path`, with its `part`, once, found `a.csv` in row 2 too.",
        "samples.tsv row 5 (sample A3): expected `pixel_size_um` to be a positive number, found `inf`.",
    ]


def test_header_and_ragged_rows(tmp_path: Path) -> None:
    assert faults(write(tmp_path, "sample\tpath\tarm\tarm\nA1\ta.csv\n")) == [
        "samples.tsv header: expected a column `subject`, found sample, path, arm, arm.",
        "samples.tsv header: expected each column once, not `arm` twice, found sample, path, arm, arm.",
        "samples.tsv row 2: expected 4 fields, found 2.",
    ]


@pytest.mark.parametrize(("text", "found"), [("", "an empty file"), ("sample\tsubject\tpath\n", "a header only")])
def test_nothing_in_it(tmp_path: Path, text: str, found: str) -> None:
    assert found in faults(write(tmp_path, text))[0]


def test_latin1_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "s.tsv"
    path.write_bytes("sample\tsubject\tpath\nÄ\tA\ta.csv\n".encode("latin-1"))
    assert faults(path) == ["s.tsv row 2: expected text in UTF-8, found the byte 0xC4; save it as CSV in UTF-8."]


@pytest.mark.parametrize(
    ("name", "expected", "found"),
    [
        ("--cells=evil.parquet", "`{}` not to begin with `-`, as an option does", "`--cells=evil.parquet`"),
        ("-", "`{}` not to begin with `-`, as an option does", "`-`"),
        (".", "`{}` to be a name", "`.`, which means a folder"),
        ("..", "`{}` to be a name", "`..`, which means a folder"),
        ("A\u200b1", "`{}` without invisible characters", "`A\\u200b1`"),
        ("A\u202e1", "`{}` without invisible characters", "`A\\u202e1`"),
        ("A\u31641", "`{}` without invisible characters", "`A\\u31641`"),
        ("A\ufe0f1", "`{}` without invisible characters", "`A\\ufe0f1`"),
        ("A\x1b[31m", "`{}` without invisible characters", "`A\\x1b[31m`"),
        ("é" * 51, "`{}` of at most 100 bytes", f"102, `{'é' * 20}...`"),
    ],
)
@pytest.mark.parametrize("column", ["sample", "subject"])
def test_names_that_would_be_misread_are_refused(
    tmp_path: Path, column: str, name: str, expected: str, found: str
) -> None:
    sample, subject = (name, "A") if column == "sample" else ("A1", name)
    told = faults(write(tmp_path, f"sample\tsubject\tpath\n{sample}\t{subject}\ta.csv\n"))
    assert len(told) == 1
    assert told[0].endswith(f": expected {expected.format(column)}, found {found}.")
    assert told[0].isprintable()


@pytest.mark.parametrize("name", ["mouse 1", "12/345"])
def test_subjects_may_hold_spaces_and_slashes(tmp_path: Path, name: str) -> None:
    sheet = read_sheet(write(tmp_path, f"sample\tsubject\tpath\né-1\t{name}\ta.csv\n"))
    assert sheet["subject"].tolist() == [name]


def test_names_of_100_bytes_and_of_another_case_stand(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("x\n")
    path = write(tmp_path, f"sample\tsubject\tpath\n{'a' * 100}\tA\ta.csv\n{'A' * 100}\ta\tb.csv\n")
    assert read_sheet(path)["sample"].tolist() == ["a" * 100, "A" * 100]
