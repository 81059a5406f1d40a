"""Whole reports: escaped, self-contained, the same bytes again, labelled, and nothing in them without its table."""

from __future__ import annotations

import base64
import importlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from tumint.errors import DataError
from tumint.io.tables import read_table
from tumint.report.engine import render
from tumint.report.engine.files import summary_names
from tumint.report.engine.inputs import Inputs

pytestmark = pytest.mark.long  # pages are drawn

PAGES = (*render.STAGES, "index")
VOID = {"meta", "input", "br", "img", "link", "hr", "col"}
MARK = "<script>1</script>&\"'$"
# one cohort for what several tests need to be otherwise: it takes half a minute to write and draw
OTHER = {"simulated": False, "lead": "=1+", "outcomes": True}


class Elements(HTMLParser):
    """Every tag with its attributes; whether all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.mark.parametrize("stage", PAGES)
def test_a_page_is_whole_and_asks_nothing_of_the_network(make, page, stage: str) -> None:
    elements = Elements(page(make(), stage))
    assert elements.wrong == []
    assert elements.open == []
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in elements.tags}
    for tag, attributes in elements.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            value = attributes.get(name) or "#"
            if tag == "a":
                assert re.match(
                    r"#|data:text/csv;charset=utf-8;base64,|data:text/yaml;base64,|data:image/svg\+xml;base64,|data:application/pdf;base64,|(index|ingest|qc|cluster|neighbourhood|response)\.html(#[\w.-]+)?$",
                    value,
                )
            else:
                assert re.match(r"#|data:image/png;base64,", value)
    style = page(make(), stage)
    assert "@import" not in style
    assert not re.search(r"url\((?!#)", style)


@pytest.mark.parametrize("stage", PAGES)
def test_ids_are_unique_and_every_reference_has_one(make, page, stage: str) -> None:
    text = page(make(), stage)
    ids = [attributes["id"] for _, attributes in Elements(text).tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    wanted = re.findall(r"url\(#([^)]+)\)", text) + re.findall(r'(?:xlink:)?href="#([^"]+)"', text)
    assert set(wanted) <= set(ids)


@pytest.mark.parametrize("stage", PAGES)
def test_names_from_data_are_text(make, page, stage: str) -> None:
    elements = Elements(page(make(mark=MARK), stage))
    # what has a type is data: plotly, packed, and the figures
    assert [tag for tag, attributes in elements.tags if tag == "script" and "type" not in attributes] == ["script"]
    assert elements.wrong == []
    assert MARK in elements.words


def test_svg_files_escape_names_and_are_xml(make, page) -> None:
    written = make(mark=MARK)
    for stage in render.STAGES:
        page(written, stage)
    files = sorted(written.results.glob("figures/*/*.svg"))
    assert len(files) > 20
    for file in files:
        names = {element.tag.rsplit("}", 1)[-1] for element in ElementTree.parse(file).iter()}
        assert "script" not in names
    labels = "".join(ElementTree.parse(written.results / "figures/cluster/type_shares.svg").getroot().itertext())
    assert f"Fibroblasts{MARK}" in labels


@pytest.mark.parametrize("stage", PAGES)
def test_simulated_is_said_on_every_page_and_only_there(make, page, stage: str) -> None:
    assert "SIMULATED data: no animal was measured" in Elements(page(make(), stage)).words
    assert "SIMULATED" not in page(make(**OTHER), stage)


def test_every_figure_has_its_table_beside_it(make, page) -> None:
    written = make()
    for stage in render.STAGES:
        elements = Elements(page(written, stage))
        drawings = {p.stem for p in (written.results / "figures" / stage).glob("*.svg")}
        tables = {p.stem for p in (written.results / "figures" / stage).glob("*.csv")}
        assert drawings
        assert drawings <= tables
        ids = {a.get("id") for tag, a in elements.tags if tag == "figure"}
        assert ids == drawings


def test_a_download_holds_the_table(make, page) -> None:
    written = make()
    page(written, "ingest")
    link = re.search(
        r'href="data:text/csv;charset=utf-8;base64,([^"]+)" download="tiny_samples.csv"', page(written, "ingest")
    )
    assert link is not None
    text = base64.b64decode(link.group(1)).decode()
    assert text == (written.results / "figures/ingest/samples.csv").read_text()
    assert text.count("\n") == len(written.samples) + 1


def test_downloads_are_safe_in_a_spreadsheet(make, page) -> None:
    written = make(**OTHER)
    text = page(written, "cluster")
    table = pd.read_csv(written.results / "figures/cluster/types.csv")
    assert sorted(table["cell_type"])[0] == "'=1+B cells"
    link = re.search(r'base64,([^"]+)" download="tiny_types.csv"', text)
    assert link is not None
    assert "\n'=1+B cells," in base64.b64decode(link.group(1)).decode()


@pytest.mark.slow  # `.ci/run` compares every page and figure of two runs, one of them through Slurm
def test_the_same_tables_give_the_same_bytes(make, cohorts, tmp_path: Path) -> None:
    written = make()
    for stage in PAGES:
        cohorts.page(written, stage)
    again = cohorts.write(tmp_path, cohorts.Plan())
    for stage in PAGES:
        render.run(stage, again.params, again.results, again.sheet, again.results / f"reports/{stage}.html")
    assert _outputs(again.results, PAGES) == _outputs(written.results, PAGES)


@pytest.mark.parametrize("stage", ["ingest", "qc", "cluster", "index"])
def test_a_page_that_is_drawn_again_has_the_same_bytes(make, cohorts, tmp_path: Path, stage: str) -> None:
    written = make()
    cohorts.page(written, stage)
    before = _outputs(written.results, [stage])
    results = tmp_path / "results"
    ignored = shutil.ignore_patterns("figures", "reports", "runs")
    shutil.copytree(written.results, results, ignore=ignored)
    render.run(stage, written.params, results, written.sheet, results / "reports" / f"{stage}.html")
    assert f"reports/{stage}.html" in before
    assert stage == "index" or len(before) > 2
    assert _outputs(results, [stage]) == before


def _outputs(results: Path, stages: Iterable[str]) -> dict[str, bytes]:
    files = [p for stage in stages for p in (results / "figures" / stage).rglob("*") if p.is_file()]
    named = (*stages, *(summary_names("tiny") if "index" in stages else ()))
    files += [p for p in (results / "reports").iterdir() if p.stem in named or p.name in named]
    return {str(p.relative_to(results)): p.read_bytes() for p in sorted(files)}


def test_an_old_figure_does_not_stay(make, cohorts, tmp_path: Path) -> None:
    written = cohorts.write(tmp_path, cohorts.Plan(subjects=4, rois=1))
    old = written.results / "figures/ingest/old.svg"
    old.parent.mkdir(parents=True)
    old.write_text("<svg/>")
    out = written.results / "reports/ingest.html"
    with pytest.raises(DataError, match="only figures and tables that a report wrote there, or --overwrite"):
        render.run("ingest", written.params, written.results, written.sheet, out)
    (old.parent / ".written").write_text("old.svg\n")  # a report's own
    render.run("ingest", written.params, written.results, written.sheet, out)
    assert not old.exists()


@pytest.mark.parametrize("stage", PAGES)
def test_a_page_without_its_tables_says_so(make, tmp_path: Path, stage: str) -> None:
    written = make()
    out = tmp_path / "reports" / f"{stage}.html"
    render.run(stage, written.params, tmp_path, written.sheet, out)
    words = Elements(out.read_text(encoding="utf-8")).words
    assert "Not there when this page was made:" in words
    assert "failed in part" in words


@pytest.mark.parametrize(
    ("fields", "stage", "sentence"),
    [
        (
            {"markers": False, "domains": False, "edges": False},
            "cluster",
            "Nothing was clustered: the types came with the data.",
        ),
        ({"markers": False, "domains": False, "edges": False}, "cluster", "These data have no markers"),
        (
            {"markers": False, "domains": False, "edges": False},
            "neighbourhood",
            "These cells come without tissue domains",
        ),
        ({"markers": False, "domains": False, "edges": False}, "ingest", "No tissue domains came with these data"),
        (
            {"subjects": 2, "rois": 1},
            "response",
            "no between-subject variance. What follows are effects without",
        ),
        ({"subjects": 2, "rois": 1}, "index", "no between-subject variance, so no p"),
        (
            {"subjects": 6, "effect": 1.0},
            "response",
            "The smallest p that a permutation of subjects can give here is 0.1",
        ),
    ],
)
def test_what_a_cohort_lacks_is_said(make, fields: dict, stage: str, sentence: str) -> None:
    written = make(**fields)
    inputs = Inputs.load(written.params, written.results, written.sheet)
    built = importlib.import_module(f"tumint.report.{stage}.page").build(inputs)
    assert any(sentence in text for text in _texts(built))


def _texts(part: object) -> Iterator[str]:
    """Every sentence of a page before it is drawn, which takes ten times as long."""
    if isinstance(part, str):
        yield re.sub(r"\s+", " ", part)
    elif is_dataclass(part):
        for each in fields_of(part):
            yield from _texts(getattr(part, each.name))
    elif isinstance(part, Mapping):
        yield from _texts(list(part.values()))
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _texts(each)


def test_a_quarantined_sample_is_named(make, cohorts, tmp_path: Path) -> None:
    from tumint.io import contracts
    from tumint.io.tables import write_table

    written = cohorts.write(tmp_path, cohorts.Plan(subjects=4, rois=1))
    path = min((written.results / "ingest").glob("b*.samples.parquet"))
    table = read_table(path)
    table.loc[0, ["status", "reason", "n_cells"]] = ["quarantined", "the file ends in the middle of row 7", 0]
    write_table(table, path, contracts.SAMPLES)
    for stage in ("ingest", "index"):
        out = written.results / f"reports/{stage}.html"
        render.run(stage, written.params, written.results, written.sheet, out)
        words = Elements(out.read_text(encoding="utf-8")).words
        assert f"{table.loc[0, 'sample']} is quarantined: the file ends in the middle of row 7" in words
        assert "failed in part" in words


@pytest.mark.parametrize(
    "fields",
    [
        # the others differ from these two by one thing each, and take as long as all other tests of this file
        pytest.param({"located": False}, marks=pytest.mark.slow),
        pytest.param({"located": False, "outcomes": True}, marks=pytest.mark.slow),
        {"located": False, "domains": False, "markers": False, "edges": False, "outcomes": True},
        OTHER,
        pytest.param({"located": False, "subjects": 8, "effect": 6.0, "outcomes": True}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("stage", PAGES)
def test_findings_that_are_not_of_contact_are_shown_with_and_without_coordinates(
    make, page, fields: dict[str, object], stage: str
) -> None:
    written = make(**fields)
    elements = Elements(page(written, stage))
    assert elements.wrong == elements.open == []
    targets = {attributes["id"] for _, attributes in elements.tags if attributes.get("id")}
    links = {str(a["href"]) for tag, a in elements.tags if tag == "a" and str(a.get("href")).startswith("#")}
    assert {link[1:] for link in links if link != "#"} <= targets
    if stage == "response":
        assert ("The cells behind the findings" in elements.words) == bool(fields.get("located", True))
        assert ("features go with it" in elements.words) == ("outcomes" in fields)
