"""Before any job: each fault in one line that names file, key, what was expected and what was found, in seconds."""

from __future__ import annotations

import copy
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tumint import preflight
from tumint.cli import main
from tumint.errors import TumintError

SECONDS = 3.0
PANEL = {
    "name": "small",
    "source": "made for tests",
    "markers": [{"marker": "Xe", "use": "reference"}, {"marker": "CD3"}, {"marker": "CD8"}],
    "signatures": [{"cell_type": "T cells", "positive": ["CD3"]}, {"cell_type": "CD8 T cells", "positive": ["CD8"]}],
}
CONTRAST = {"name": "arm", "column": "arm", "reference": "vehicle", "group": "treated"}
HEADER = ("sample", "subject", "path", "arm", "time", "age", "batch", "group")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a cohort of 6 animals, each seen twice."""
    monkeypatch.chdir(tmp_path)
    rows = ["\t".join(HEADER)]
    for i in range(6):
        arm = "treated" if i % 2 else "vehicle"
        for time_ in ("before", "after"):
            name = f"M{i}_{time_}"
            Path(f"{name}.csv").write_text("x\n")
            rows.append(f"{name}\tM{i}\t{name}.csv\t{arm}\t{time_}\t{5 + i}\tb{i % 3}\t{'x' if i % 2 else 'y'}")
    Path("samples.tsv").write_text("\n".join(rows) + "\n")
    Path("panel.yaml").write_text(yaml.safe_dump(PANEL))
    return tmp_path


def config(**sections: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "cohort": "small",
        "title": "A small cohort",
        "source": "made for tests",
        "samples": "samples.tsv",
        "panel": "panel.yaml",
        "response": {"contrasts": [CONTRAST]},
    }
    return {**copy.deepcopy(values), **sections}


def contrast(**fields: Any) -> dict[str, Any]:
    return {"response": {"contrasts": [{**CONTRAST, **fields}]}}


def told(values: dict[str, Any] | None = None) -> list[str]:
    """The faults of a config, in at most three seconds."""
    if values is not None:
        Path("c.yaml").write_text(yaml.safe_dump(values))
    started = time.perf_counter()
    with pytest.raises(TumintError) as caught:
        preflight.load("c.yaml")
    assert time.perf_counter() - started < SECONDS
    said = [str(fault) for fault in caught.value.faults]
    assert not [one for one in said if "\n" in one or len(one) > 1000]
    return said


def test_what_is_right_passes(folder: Path) -> None:
    sound = [
        contrast(formula="~ arm + log(age)"),
        contrast(formula="~ arm * time", paired="batch", at={"time": "after"}),
        contrast(formula="~ arm * time", paired="batch", coefficient="arm[treated]:time[before]"),
        contrast(subset=[{"column": "time", "values": ["after"]}, {"feature": "CD8 T cells"}]),
        {"report": {"group": "arm", "palette": {"T cells": "#abc", "CD8 T cells": "SteelBlue"}}},
        {"neighbourhood": {"domains": {"tumour": "nest"}, "parents": {"T": ["T cells", "CD8 T cells"]}}},
    ]
    for sections in sound:
        Path("c.yaml").write_text(yaml.safe_dump(config(**sections)))
        assert len(preflight.load("c.yaml").samples) == 12


FORMULAS = {
    "~ arm + ages": (".formula`", "columns of samples.tsv, found `ages`"),
    "~ arm +": (".formula`", "a column, not the end of the formula"),
    "~ arm - time": (".formula`", "only columns"),
    "~ age": (".formula`", "`arm`, which is compared, in it"),
    "~ arm + exp(age)": (".formula`", "a function out of"),
    "~ arm + log(batch)": ("samples.tsv column `batch`", "numbers, for `log(batch)`"),
    "~ arm + log(log(age))": (".formula`", "one column in `log()`"),
    "~ arm * time": ("samples.tsv", "or `paired: subject`, found several of `time`"),
    "~ arm + group": ("contrasts.0`", "covariates that differ within `arm`"),
    "(" * 5000: (".formula`", "at most 1,000 characters, not 5,000"),
    "~ " + "log(" * 240 + "age": (".formula`", "one column in `log()`"),
    "~ " + "*".join(["arm", *(f"c{i}" for i in range(21))]): (".formula`", "at most 6 columns joined by `*`, not 22"),
    "~ arm + " + " + ".join(f"a{i}*b{i}*c{i}*d{i}*e{i}" for i in range(20)): (".formula`", "at most 200 terms"),
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda text: text[:20])
def test_formulas(folder: Path, formula: str) -> None:
    where, said = FORMULAS[formula]
    (fault,) = told(config(**contrast(formula=formula)))
    assert where in fault.partition(": expected")[0]
    assert said in fault
    assert fault.startswith(("c.yaml: key `response.contrasts.0", "samples.tsv"))


def test_a_formula_of_too_many_levels(folder: Path) -> None:
    rows = [[*line.split("\t"), f"l{i}", f"m{i}"] for i, line in enumerate(Path("samples.tsv").read_text().split("\n"))]
    rows = [[*rows[0][:-2], "a", "b"], *rows[1:-1]]
    more = [[f"S{i}", f"S{i}", "M0_after.csv", "vehicle", "x", "1", "b", "y", f"l{i}", f"m{i}"] for i in range(100)]
    for row in more:
        row[2] = f"{row[0]}.csv"
        Path(row[2]).write_text("x\n")
    Path("samples.tsv").write_text("\n".join("\t".join(row) for row in [*rows, *more]) + "\n")
    (fault,) = told(config(**contrast(formula="~ arm + a:b", paired="subject")))
    assert "contrasts.0.formula`: expected a design of at most 500 columns" in fault


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "at, a level": (
        contrast(formula="~ arm * time", paired="batch", at={"time": "later"}),
        "c.yaml: key `response.contrasts.0`: expected a level of `time` among the subjects of the fit, found `later`.",
    ),
    "at, a column": (
        contrast(formula="~ arm", at={"tiem": "after"}),
        "c.yaml: key `response.contrasts.0.formula`: expected columns of samples.tsv, found `tiem`.",
    ),
    "coefficient": (
        contrast(formula="~ arm", coefficient="arm[trated]"),
        "c.yaml: key `response.contrasts.0.coefficient`: expected one of arm[treated], found `arm[trated]`.",
    ),
    "subset, a column": (
        contrast(subset=[{"column": "tiem", "values": ["after"]}]),
        "c.yaml: key `response.contrasts.0.subset.0.column`: expected a column of samples.tsv, "
        "found `tiem` (the nearest is `time`).",
    ),
    "subset, a value": (
        contrast(subset=[{"column": "time", "values": ["afetr"]}]),
        "c.yaml: key `response.contrasts.0.subset.0.values`: expected values of `time` (before, after), found `afetr`.",
    ),
    "subset, nothing left": (
        contrast(subset=[{"column": "time", "values": [v]} for v in ("after", "before")]),
        "c.yaml: key `response.contrasts.0.subset`: expected conditions that some sample meets, found no sample left.",
    ),
    "subset, a type": (
        contrast(subset=[{"feature": "CD8 T cell"}]),
        "c.yaml: key `response.contrasts.0.subset.0.feature`: expected types of panel.yaml (T cells, CD8 T cells, "
        "unclassified), found `CD8 T cell` (the nearest is `CD8 T cells`).",
    ),
    "adjust": (
        contrast(adjust=["group"]),
        "c.yaml: key `response.contrasts.0`: expected covariates that differ within `arm`, found `group`, which do "
        "not.",
    ),
    "outcome": (
        {"response": {"contrasts": [], "outcomes": [{"name": "o", "column": "one"}]}},
        "samples.tsv column `one`: expected numbers that differ, found one value.",
    ),
    "report.group": (
        {"report": {"group": "amr"}},
        "c.yaml: key `report.group`: expected a column of samples.tsv (sample, subject, path, arm, time, age, batch, "
        "group, one), found `amr` (the nearest is `arm`).",
    ),
    "palette": (
        {"report": {"palette": {"T cells": "reddish"}}},
        "c.yaml: key `report.palette`: expected each colour to be `#RRGGBB` or a name of CSS, not `reddish` for "
        "`T cells`, found a section with T cells.",
    ),
    "seed": ({"seed": 2**31}, "c.yaml: key `seed`: expected less than or equal to 2147483647, found `2147483648`."),
    "domains": (
        {"neighbourhood": {"domains": {"Tumor": "nest"}}},
        "c.yaml: key `neighbourhood.domains`: expected domains of `ingest.masks` (tumour, interface, normal, "
        "structural, none), found `Tumor` (the nearest is `tumour`).",
    ),
    "parents": (
        {"neighbourhood": {"parents": {"T": ["T cells", "CD8 T-cells"]}}},
        "c.yaml: key `neighbourhood.parents`: expected types of panel.yaml (T cells, CD8 T cells, unclassified), "
        "found `CD8 T-cells` (the nearest is `CD8 T cells`).",
    ),
    "type_table, missing": (
        {"cluster": {"typing": "table", "type_table": "types.csv"}},
        "c.yaml: key `cluster.type_table`: expected a file, found none at `types.csv`.",
    ),
    "type_table, header": (
        {"cluster": {"typing": "table", "type_table": "samples.tsv"}},
        "samples.tsv header: expected a column `cell_type`, found sample, subject, path, arm, time, age, batch, group, "
        "one.",
    ),
    "type_table, a folder": (
        {"cluster": {"typing": "table", "type_table": "."}},
        "c.yaml: key `cluster.type_table`: expected a file, found `.`, which is a folder.",
    ),
    "compensation": (
        {"cluster": {"normalise": {"compensation": "spill.csv"}}},
        "c.yaml: key `cluster.normalise.compensation`: expected a file, found none at `spill.csv`.",
    ),
    "a type of the palette": (
        {"report": {"palette": {"T cell": "red"}}},
        "c.yaml: key `report.palette`: expected types of panel.yaml (T cells, CD8 T cells, unclassified), found "
        "`T cell` (the nearest is `T cells`).",
    ),
    "a type that is split": (
        {"cluster": {"splits": [{"from_type": "T", "marker": "CD8", "at_least": 1, "cell_type": "x"}]}},
        "c.yaml: key `cluster.splits.0.from_type`: expected types of panel.yaml",
    ),
    "a marker that splits": (
        {"cluster": {"splits": [{"from_type": "T cells", "marker": "Xe", "at_least": 1, "cell_type": "x"}]}},
        "c.yaml: key `cluster.splits.0.marker`: expected `type` or `state` markers of panel.yaml, found `Xe`.",
    ),
    "a gate that lets nothing through": (
        {"cluster": {"splits": [{"cluster": "1", "marker": "CD8", "at_least": 2, "below": 1, "cell_type": "x"}]}},
        "c.yaml: key `cluster.splits.0`: expected `at_least` to be less than `below`",
    ),
    "a gate": (
        {"cluster": {"states": {"gates": {"CD99": 1}}}},
        "c.yaml: key `cluster.states.gates`: expected `type` or `state` markers of panel.yaml, found `CD99`",
    ),
    "a column of a marker": (
        {"ingest": {"format": "table", "columns": {"x": "x", "y": "y", "markers": {"CD99": "c"}}}},
        "c.yaml: key `ingest.columns.markers`: expected markers of panel.yaml, found `CD99`",
    ),
    "resolution": (
        {"cluster": {"resolution": "automatic"}},
        "c.yaml: key `cluster.resolution`: expected a number or 'auto', found `automatic`.",
    ),
    "resolutions": ({"cluster": {"sweep": {"resolutions": [1, 1]}}}, "c.yaml: key `cluster.sweep.resolutions`: exp"),
    "scales": ({"neighbourhood": {"scales_um": [9, 9]}}, "c.yaml: key `neighbourhood.scales_um`: expected each"),
    "data": ({"data": "nowhere"}, "c.yaml: key `data`: expected a folder, found `nowhere`, which is none."),
    "no sheet": ({"samples": "s.tsv"}, "c.yaml: key `samples`: expected a sample sheet, found none at `s.tsv`."),
    "no panel": ({"panel": "p.yaml"}, "c.yaml: key `panel`: expected a panel file, found none at `p.yaml`."),
    "results, too long": ({"results": "r" * 300}, "c.yaml: key `results`: expected a folder, or nothing yet, found"),
    "a level that is no text": (contrast(group=False), "c.yaml: key `response.contrasts.0.group`: expected text, in"),
    "many subjects": (
        contrast(adjust=["time"]),
        "samples.tsv: expected one value of `time`, found before, after in 6 subjects (M0, M1, M2 and 3 more).",
    ),
    "an outcome of text": (
        {"response": {"contrasts": [], "outcomes": [{"name": "o", "column": "arm"}]}},
        "samples.tsv (subject M0): expected `arm` to be a number, or empty, found `vehicle` (and 5 more subjects).",
    ),
    "reference": (
        {"cluster": {"reference": {"path": "atlas{batch}.h5ad"}}},
        "c.yaml: key `cluster.reference.path`: expected a path without `{` and `}`, which Snakemake would replace, "
        "found `atlas{batch}.h5ad`.",
    ),
    "pairs": (
        {"cluster": {"spatial": {"ligand_receptor": "panel.yaml"}}},
        "panel.yaml header: expected a column `source`",
    ),
    "results, none": ({"results": ""}, "c.yaml: key `results`: expected a path, without"),
    "results, the root": ({"results": "/"}, "c.yaml: key `results`: expected a folder of its own, not the root"),
    "results, the root again": ({"results": "//../."}, "c.yaml: key `results`: expected a folder of its own"),
    "results, braces": ({"results": "r_{batch}"}, "c.yaml: key `results`: expected a path, without"),
    "results, home": ({"results": "~/r"}, "c.yaml: key `results`: expected a path, without"),
    "results, a file": (
        {"results": "panel.yaml"},
        "c.yaml: key `results`: expected a folder, or nothing yet, found `panel.yaml`, which is no folder.",
    ),
    "samples, braces": ({"samples": "{batch}.tsv"}, "c.yaml: key `samples`: expected a path, without"),
    "cohort": ({"cohort": "c" * 300}, "c.yaml: key `cohort`: expected at most 100 characters, found 300."),
    "contrast": (contrast(name="c" * 300), "c.yaml: key `response.contrasts.0.name`: expected at most 100"),
    "contrasts by case": (
        {"response": {"contrasts": [CONTRAST, {**CONTRAST, "name": "ARM"}]}},
        "c.yaml: key `response`: expected each contrast and outcome to have a name of its own, not arm twice",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_config_names(folder: Path, name: str) -> None:
    sheet = Path("samples.tsv")
    header, *rows = sheet.read_text().splitlines()
    sheet.write_text("\n".join([f"{header}\tone", *(f"{row}\t1" for row in rows)]) + "\n")
    sections, said = OTHERS[name]
    assert [fault for fault in told(config(**sections)) if fault.startswith(said)]


PANELS: dict[str, tuple[dict[str, Any], str]] = {
    "one channel": ({"markers": [{"marker": "CD3", "channel": "CD8"}, {"marker": "CD8"}]}, "`CD8` for CD3 and CD8"),
    "no name": ({"markers": [*PANEL["markers"], {"marker": ""}]}, "each marker to have a name of printable text"),
    "two lines": ({"markers": [*PANEL["markers"], {"marker": "a\nb"}]}, "each marker to have a name of printable text"),
    "no type": ({"signatures": [{"cell_type": "", "positive": ["CD3"]}]}, "each cell type to have a name"),
    "no cell shows it": (
        {"signatures": [{"cell_type": "T", "positive": ["Xe"]}]},
        "`type` and `state` markers, not `Xe`",
    ),
    "both": ({"signatures": [{"cell_type": "T", "positive": ["CD3"], "negative": ["CD3"]}]}, "to have `CD3` once"),
    "what is no type": ({"signatures": [{"cell_type": "unclassified", "positive": ["CD3"]}]}, "no cell type `unclass"),
    "by case": (
        {"signatures": [{"cell_type": "T", "positive": ["CD3"]}, {"cell_type": "t", "positive": ["CD8"]}]},
        "cell types that differ by more than capital letters, not `T` and `t`",
    ),
}


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_that_cannot_be_meant(folder: Path, name: str) -> None:
    changed, said = PANELS[name]
    Path("panel.yaml").write_text(yaml.safe_dump({**PANEL, **changed}))
    (fault,) = told(config())
    assert fault.startswith("panel.yaml: expected ")
    assert said in fault


def test_a_path_that_no_disk_knows(folder: Path) -> None:
    sheet = Path("samples.tsv")
    sheet.write_text(sheet.read_text().replace("M0_after.csv", "x" * 5000))
    (fault,) = told(config())
    assert fault.startswith("samples.tsv row 3 (sample M0_after): expected `path` to be a file or folder, found `xxx")


def test_a_folder_that_takes_no_file(folder: Path) -> None:
    assert [fault for fault in told(config(results="/proc/none")) if "found `/proc`, which cannot" in fault]


@pytest.mark.parametrize("column", ["adjust", "paired", "formula", "group"])
def test_categories_that_differ_by_case_alone(folder: Path, column: str) -> None:
    sheet = Path("samples.tsv")
    sheet.write_text(sheet.read_text().replace("\t5\tb0", "\t5\tB0"))
    used = {
        "adjust": contrast(adjust=["batch"]),
        "paired": contrast(paired="batch"),
        "formula": contrast(formula="~ arm + batch"),
        "group": {"report": {"group": "batch"}},
    }
    expected = "samples.tsv: expected values of `batch` that differ by more than capital letters, found `B0` and `b0`."
    assert expected in told(config(**used[column]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cores", "0"], "tumint: --cores: expected a whole number from 1, found 0."),
        (["--cores", "-1"], "tumint: --cores: expected a whole number from 1, found -1."),
        (
            ["--profile", "nowhere"],
            "tumint: --profile: expected a profile of Snakemake, a folder with `config.yaml`, or one of "
            "kubernetes, lsf, sge, slurm, slurm-single, found none at `nowhere`.",
        ),
    ],
)
def test_a_run_on_no_core(folder: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.yaml").write_text(yaml.safe_dump(config()))
    assert main(["run", "c.yaml", *words]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_all_faults_come_together(folder: Path) -> None:
    contrasts = [{**CONTRAST, "name": f"c{i}", "formula": f"~ arm + x{i}"} for i in range(3)]
    said = told(config(response={"contrasts": contrasts}, report={"group": "nothing"}, results="panel.yaml"))
    assert [fault.split("`")[1] for fault in said] == [
        *(f"response.contrasts.{i}.formula" for i in range(3)),
        "results",
        "report.group",
    ]


YAML = {
    "a key twice": (
        "seed: 1\nseed: 2\n",
        "c.yaml line 2: key `seed`: expected each key once, found another in line 1.",
    ),
    "a key twice inside": (
        "qc:\n  min_cells: 1\n  max_dropped: 0.1\n  min_cells: 2\n",
        "c.yaml line 4: key `qc.min_cells`: expected each key once, found another in line 2.",
    ),
    "an alias bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "c.yaml: expected at most 200,000 values",
    ),
    "an alias of itself": ("a: &a [*a]\n", "c.yaml: expected at most 200,000 values"),
    "nested": ("a: " + "[" * 5000 + "]" * 5000 + "\n", "c.yaml: expected sections in sections, a few deep"),
    "a list": ("- 1\n", "c.yaml: expected keys and values, found list."),
    "nothing": ("", "c.yaml: expected keys and values, found NoneType."),
}


@pytest.mark.parametrize("name", YAML)
def test_yaml_that_does_not_mean_what_it_says(folder: Path, name: str) -> None:
    text, said = YAML[name]
    Path("c.yaml").write_text(text)
    (fault,) = told()
    assert fault.startswith(said)


def test_aliases_and_merges_are_read(folder: Path) -> None:
    text = yaml.safe_dump(config(response={"contrasts": []}))
    merged = text + "qc: &q {min_cells: 3}\n"
    Path("c.yaml").write_text(merged.replace("{min_cells: 3}", "{<<: {min_cells: 3}, max_dropped: 0.2}"))
    assert preflight.load("c.yaml").config.qc.min_cells == 3


def _fifo(path: str) -> None:
    os.mkfifo(path)


def _socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)


ODD: dict[str, tuple[Callable[[str], object], str]] = {
    "a pipe": (_fifo, "a named pipe"),
    "a socket": (_socket, "a socket"),
    "a device": (lambda path: os.symlink("/dev/zero", path), "a device"),
    "a folder": (os.mkdir, "a folder"),
    "an empty file": (lambda path: Path(path).write_text(""), "an empty file"),
}


@pytest.mark.parametrize("name", ODD)
def test_raw_data_that_are_no_file_with_cells(folder: Path, name: str) -> None:
    make, said = ODD[name]
    Path("M0_after.csv").unlink()
    make("M0_after.csv")
    (fault,) = told(config())
    assert fault == (
        "samples.tsv (sample M0_after): expected `path` to be a file with cells, "
        f"found `M0_after.csv`, which is {said}."
    )


@pytest.mark.parametrize("name", ["a pipe", "a device"])
@pytest.mark.parametrize("path", ["c.yaml", "samples.tsv", "panel.yaml"])
def test_nothing_waits_at_a_pipe(folder: Path, name: str, path: str) -> None:
    Path("c.yaml").write_text(yaml.safe_dump(config()))
    Path(path).unlink()
    make, said = ODD[name]
    make(path)
    assert any(path in fault and said in fault for fault in told())


@pytest.mark.parametrize("link", [os.link, lambda a, b: os.symlink(os.path.abspath(a), b), lambda a, b: None])
def test_one_raw_file_under_two_names(folder: Path, link: Callable[[str, str], object]) -> None:
    Path("M0_after.csv").unlink()
    link("M0_before.csv", "M0_after.csv")
    if not Path("M0_after.csv").exists():
        Path("samples.tsv").write_text(Path("samples.tsv").read_text().replace("M0_after.csv", "./../M0_before.csv"))
        config_ = config(data="raw")
        Path("raw").mkdir()
        for path in [*Path().glob("*.csv")]:
            os.link(path, Path("raw") / path)
    else:
        config_ = config()
    (fault,) = told(config_)
    assert "(sample M0_after): expected raw data of its own, found" in fault
    assert "of sample M0_before under another name" in fault


def test_names_that_differ_by_case_alone(folder: Path) -> None:
    sheet = Path("samples.tsv")
    text = sheet.read_text()
    sheet.write_text(
        text.replace("M1_after\tM1\t", "m0_AFTER\tm1\t").replace("treated\tbefore\t8", "Treated\tbefore\t8")
    )
    said = told(config())
    for column, names in {
        "sample": "`M0_after` and `m0_AFTER`",
        "subject": "`M1` and `m1`",
        "arm": "`treated` and `Treated`",
    }.items():
        expected = (
            f"samples.tsv: expected values of `{column}` that differ by more than capital letters, found {names}."
        )
        assert expected in said


def test_names_of_300_characters(folder: Path) -> None:
    sheet = Path("samples.tsv")
    sheet.write_text(sheet.read_text().replace("\tM0\t", f"\t{'M' * 300}\t"))
    panel = {**PANEL, "markers": [*PANEL["markers"], {"marker": "x" * 300}]}  # type: ignore[misc]
    Path("panel.yaml").write_text(yaml.safe_dump(panel))
    said = told(config())
    assert "panel.yaml: key `markers.3.marker`: expected at most 100 characters, found 300." in said
    assert any("`subject` of at most 100 bytes" in fault for fault in said)


def test_folders_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert told(config()) == [
        f"c.yaml: key `results`: expected a folder that can be written, found `{folder}`, which cannot.",
        f"working folder: expected a folder that can be written, found `{folder}`, which cannot.",
    ]


@pytest.mark.parametrize("verb", ["run", "plan", "doctor"])
def test_verbs_end_with_code_2_before_anything_starts(
    folder: Path, verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(os, "execv", lambda *arguments: started.append(arguments))
    Path("c.yaml").write_text(yaml.safe_dump(config(**contrast(formula="~ arm + ages"))))
    assert main([verb, "c.yaml"]) == 2
    assert started == []
    assert capsys.readouterr().err == (
        "tumint: c.yaml: key `response.contrasts.0.formula`: expected columns of samples.tsv, found `ages`.\n"
    )
