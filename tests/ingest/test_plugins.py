"""Readers that are found: those of the folder, and those of installed packages, as docs/contributing/reader.md says."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml

from tumint import formats, jobs, provenance
from tumint.cli import main
from tumint.config.docs import schema
from tumint.config.ingest import IngestConfig
from tumint.config.load import validate
from tumint.config.model import Config
from tumint.errors import ConfigError
from tumint.ingest import registry
from tumint.ingest.reader import Cells, Part
from tumint.ingest.verified import verified
from tumint.io.raw.source import Identity

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contributing" / "reader.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
PANEL = {"name": "p", "source": "made", "markers": [{"marker": "CD8"}, {"marker": "EPCAM"}]}


def _forget() -> None:
    formats.known.cache_clear()
    registry.reader.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """`install(pyproject, {module: code})`: a package as pip would leave it, for the time of the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def put(pyproject: str, modules: dict[str, str]) -> None:
        project = tomllib.loads(pyproject)["project"]
        folder = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        folder.mkdir()
        described = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (folder / "METADATA").write_text(described)
        lines = [f"{name} = {value}" for name, value in project["entry-points"][formats.GROUP].items()]
        (folder / "entry_points.txt").write_text("\n".join([f"[{formats.GROUP}]", *lines]) + "\n")
        for name, code in modules.items():
            (site / f"{name}.py").write_text(code, encoding="utf-8")
        _forget()

    yield put
    for name in set(sys.modules) - before:
        if str(site) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    monkeypatch.undo()
    _forget()


def pyproject(package: str, **points: str) -> str:
    lines = [f'{name} = "{value}"' for name, value in points.items()]
    table = f'[project.entry-points."{formats.GROUP}"]'
    return "\n".join([f'[project]\nname = "{package}"\nversion = "1.0"', table, *lines])


@pytest.fixture
def cytograph(install, tmp_path):
    """The package of the page, installed, and its file."""
    install(BLOCKS["toml"], {"lab_cytograph": BLOCKS["python"]})
    path = tmp_path / "M1_ROI1.cyto.csv"
    path.write_text(BLOCKS["csv"], encoding="utf-8")
    return path


def test_the_page_is_true(cytograph, ingest):
    done = ingest({"M1_ROI1": cytograph}, panel=PANEL, **yaml.safe_load(BLOCKS["yaml"])["ingest"])
    assert done.code == 0, done.lines
    assert done.cells.obsm["spatial"].tolist() == [[10.5, 20.0], [14.0, 22.5], [40.0, 8.0]]
    assert done.cells.obs["area_um2"].tolist() == [88.1, 90.4, 71.9]
    assert done.cells.to_df().to_dict("list") == {"CD8": [0.5, 12.25, 0.0], "EPCAM": pytest.approx([3.0, 0.1, 5.5])}
    cytograph.write_text(BLOCKS["csv"].replace("14,0", "far"), encoding="utf-8")
    done = ingest({"M1_ROI1": cytograph}, panel=PANEL, format="cytograph", name="b0002")
    line = f"tumint: {cytograph} row 3 (sample M1_ROI1), column `PosX [µm]`: expected a number, found `far`."
    assert (done.code, done.lines) == (2, [line])


def test_cells_made_by_hand(install, ingest, tmp_path):
    """The second example of the page: text that is no table, in pixels."""
    install(pyproject("lab-dots", dots="lab_dots:READER"), {"lab_dots": BLOCKS["py"]})
    path = tmp_path / "a.dots"
    path.write_text("7 10 20 0.5\n9 12 8 3\n", encoding="utf-8")
    done = ingest({"A": path}, panel=PANEL | {"markers": [{"marker": "CD8"}]}, format="dots")
    assert done.code == 0, done.lines
    assert done.cells.obs["cell_id"].tolist() == [7, 9]
    assert done.cells.X.tolist() == [[0.5], [3.0]]


def test_init_recognises_it(cytograph, tmp_path, capsys):
    assert main(["init", str(tmp_path / "cohort"), "--from", str(cytograph)]) == 0, capsys.readouterr().err
    config = yaml.safe_load((tmp_path / "cohort" / "config.yaml").read_text())
    assert config["ingest"]["format"] == "cytograph"
    assert "M1_ROI1\t" in (tmp_path / "cohort" / "samples.tsv").read_text()
    assert "marker: EPCAM" in (tmp_path / "cohort" / "panel.yaml").read_text()


def test_config_and_schema_say_which_package_brings_a_name(cytograph):
    assert validate(IngestConfig, {"format": "cytograph"}, "c").format == "cytograph"
    with pytest.raises(ConfigError) as error:
        validate(IngestConfig, {"format": "cytogram"}, "c.yaml")
    line = str(error.value)
    assert line.startswith("c.yaml: key `format`: expected one of `10x`, `cellprofiler`, ")
    assert line.endswith("`xenium`, `cytograph` (of the package lab-cytograph), found `cytogram`.")
    said = json.loads(schema(Config))["$defs"]["IngestConfig"]["properties"]["format"]["anyOf"]
    assert {"const": "cytograph", "description": "Of the package lab-cytograph."} in said


def test_the_code_of_a_plug_in_counts(cytograph, tmp_path):
    plain, before = provenance.code_digest("ingest"), provenance.code_digest("ingest", "cytograph")
    assert provenance.code_digest("ingest", "halo") == plain != before
    module = tmp_path / "site" / "lab_cytograph.py"
    module.write_text(module.read_text() + "OTHER = 1\n")
    assert provenance.code_digest("ingest", "cytograph") != before
    assert provenance.code_digest("ingest") == plain


def test_a_broken_plug_in_is_one_line_and_breaks_no_other(install, cytograph, ingest, tmp_path, capsys):
    points = {"absent": "no_such_module:READER", "odd": "lab_odd:READER", "misnamed": "lab_cytograph:READER"}
    install(pyproject("lab-broken", **points), {"lab_odd": "READER = 3\n"})
    said = {
        "absent": "expected a reader `no_such_module:READER` that can be imported, found `ModuleNotFoundError: ",
        "odd": "expected `lab_odd:READER` to be a `Reader` named `odd`, found int.",
        "misnamed": "to be a `Reader` named `misnamed`, found one named `cytograph`.",
    }
    for name, expected in said.items():
        done = ingest({"M1": cytograph}, panel=PANEL, format=name, name=name)
        assert (done.code, len(done.lines)) == (2, 1)
        assert done.lines[0].startswith(f"tumint: format `{name}` of the package lab-broken: expected")
        assert expected in done.lines[0]
        with pytest.raises(ConfigError, match=f"format `{name}` of the package lab-broken"):
            jobs.check_reader(IngestConfig(format=name))
    assert ingest({"M1": cytograph}, panel=PANEL, format="cytograph", name="good").code == 0
    capsys.readouterr()
    assert main(["init", str(tmp_path / "cohort"), "--from", str(cytograph)]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in lines] == [" left out"] * 3
    assert all("lab-broken" in line for line in lines)


FAILS = """
from tumint.ingest.reader import Reader

def read(path, parts, settings):
    {read}

def recognise(path):
    return {{}}["nothing"]

READER = Reader("fails", read, recognise, order=1)
"""


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("return {}['key']", "expected cells, found `KeyError: 'key'`."),
        ("yield from ()", "expected cells or faults of each of A, B, found none."),
        ("yield from ((part, None) for part in parts)", "found `AttributeError: "),
    ],
)
def test_a_plug_in_that_fails_is_named(install, cytograph, ingest, tmp_path, capsys, code, found):
    install(pyproject("lab-fails", fails="lab_fails:READER"), {"lab_fails": FAILS.format(read=code)})
    done = ingest({"A": cytograph, "B": cytograph}, panel=PANEL, parts={"A": "a", "B": "b"}, format="fails")
    assert (done.code, len(done.lines)) == (2, 1)
    assert f"{cytograph}: format `fails` of the package lab-fails: expected" in done.lines[0]
    assert found in done.lines[0]
    capsys.readouterr()
    assert main(["init", str(tmp_path / "cohort"), "--from", str(cytograph)]) == 0  # the next is asked
    assert "left out: format `fails` of the package lab-fails" in capsys.readouterr().err


def test_a_name_of_two_packages_is_one_clear_error(install, cytograph, ingest, tmp_path, capsys):
    install(pyproject("lab-other", cytograph="lab_other:READER", halo="lab_other:READER"), {"lab_other": ""})
    packages = {"cytograph": "lab-cytograph and of lab-other", "halo": "tumint and of lab-other"}
    for name, several in packages.items():
        done = ingest({"M1": cytograph}, panel=PANEL, format=name)
        assert (done.code, len(done.lines)) == (2, 1)
        assert f"a format of one package, not of {several}: uninstall one of them, found `{name}`." in done.lines[0]
    assert validate(IngestConfig, {"format": "inform"}, "c").format == "inform"
    assert main(["init", str(tmp_path / "cohort"), "--from", str(cytograph)]) == 0  # as a plain table
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in lines[:2]] == [" left out"] * 2


def test_a_module_is_called_as_its_format():
    ours = formats.built_in()
    assert [registry.reader(one.name).name for one in ours] == [one.name for one in ours]
    files = {path.stem for path in (ROOT / "src" / "tumint" / "ingest" / "readers").glob("*.py")} - {"__init__"}
    assert {one.module.rpartition(".")[2] for one in ours} == files


def test_those_that_look_for_more_are_asked_first():
    # a Xenium folder also holds a matrix, and any of them holds tables
    names = [one.name for one in registry.readers()]
    assert names == [
        *("visium_hd", "xenium", "cosmx", "merscope", "spatialdata", "10x", "steinbock"),
        *("masks", "cellprofiler_folder", "cellprofiler"),
        *("h5ad", "mcmicro", "qupath", "inform", "halo", "table"),
    ]


def _cells(part: Part, **changed: object) -> Cells:
    """Two cells as a reader could give them."""
    given: dict[str, object] = {
        **{
            "identity": Identity("0" * 64, 1),
            "cell_id": np.array([1, 2]),
            "spatial": np.array([[0.0, 1.0], [2.0, 3.0]]),
        },
        **{"area_um2": np.array([5.0, np.nan]), "domain": np.array(["none", "none"], dtype=object), "markers": ()},
        **{"intensities": np.zeros((2, 0), np.float32), "edges": np.zeros((0, 2), np.int64)},
    }
    return Cells(**{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"cell_id": np.array([-3, 2])}, "expected cell ids of at least 0, found `-3`."),
        ({"cell_id": np.array([2, 2])}, "expected each cell id once, found `2` 2 times."),
        (
            {"spatial": np.array([[0.0, np.inf], [2.0, 3.0]])},
            "expected finite coordinates, found 1 cells with infinite ones.",
        ),
        ({"spatial": np.zeros((3, 2))}, "expected `spatial` of shape (2, 2), found (3, 2)."),
        (
            {"cell_type": np.array(["a|b", "c"], dtype=object)},
            "expected cell types without `|`, found `a|b`.",
        ),
    ],
)
def test_cells_of_any_reader_are_looked_over(changed: dict[str, object], fault: str) -> None:
    part = Part("S1", "x.dots", 1.0)
    assert verified(part, _cells(part)).cell_id.tolist() == [1, 2]  # type: ignore[union-attr]
    found = verified(part, _cells(part, **changed))
    assert str(found).endswith(fault)
    assert "x.dots" in str(found)
    nowhere = _cells(part, spatial=np.full((2, 2), np.nan))
    assert verified(part, nowhere) is nowhere
