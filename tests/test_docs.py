"""The page of the house says what the code is like now."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import lines
import pytest

ROOT = Path(__file__).parents[1]


def _script(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def house():
    return _script("house")


def test_tables_of_the_house_are_those_of_the_code(house):
    text = house.PAGE.read_text(encoding="utf-8")
    assert house.page(text) == text, "run `make docs`"


def test_modules_that_the_page_names_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Rooms")[0]
    named = [name for name in re.findall(r"`([a-z_/]+\.py)`", text) if "/" in name]
    missing = [n for n in named if not any(root.joinpath(n).exists() for root in (ROOT, ROOT / "src" / "tumint"))]
    assert len(named) > 5
    assert not missing


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_kept_without_what_they_showed(path):
    """`make notebooks` runs them; here stands only what a person wrote."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"]]


def test_tables_of_the_comparison_are_those_of_the_benchmarks():
    text = lines.PAGE.read_text(encoding="utf-8")
    assert lines.page(text) == text, "run `make docs`"


def test_lines_of_code_are_counted_by_one_rule():
    assert lines.count("import a\n\n# said\nfrom b import c\nx = a(\n    c)  # two\nlibrary(d)\n") == 2
    for job, of in lines.snippets().items():
        assert set(of) == set(lines.PACKAGES), job
        for package, code in of.items():
            assert max(map(len, code.splitlines())) <= 120, f"{job}: {package}"
            assert ";" not in code, f"{job}: {package}"


def test_what_the_comparison_claims_has_a_source():
    text = lines.PAGE.read_text(encoding="utf-8")
    body, _, sources = text.partition("## Sources")
    there = set(re.findall(r"^(\d+)\. ", sources, re.MULTILINE))
    assert set(re.findall(r"\[(\d+)\]", body)) == there
    tables = body.split("## What they do better")[0]
    for row in re.findall(r"^\| (?!package|pipeline).*\|$", tables, re.MULTILINE):
        assert re.search(r"\[\d+\]|\.md\)|–", row.strip("|").split("|")[-1]), row
    assert "November 2026" in body


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse writes options in another way from 3.13 on")
def test_pages_of_verbs_and_of_python_are_those_of_the_code():
    reference = _script("reference")
    for path, text in reference.pages().items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_the_site_has_a_place_for_every_page_and_every_page_that_one_leads_to():
    """`make site` refuses others, and is not part of CI."""
    text = (ROOT / "docs" / "site" / "build.py").read_text(encoding="utf-8")
    patterns = re.findall(r'^    "([^"]+)",$', text.split("PAGES = (")[1].split(")")[0], re.M)
    laid_out = {path.relative_to(ROOT) for pattern in patterns for path in ROOT.glob(pattern)}
    placed = set()
    for page in (ROOT / "docs" / "site").glob("*.md"):
        for tree in re.findall(r"```{toctree}\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            placed |= {f"{name}.md" for name in re.findall(r"^(?:.*<)?([\w/]+)>?$", tree, re.M)}
    pages = [path for path in laid_out if path.suffix == ".md"]
    assert not [str(path) for path in pages if str(path) not in placed]
    for page in pages:
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
        leads = [(ROOT / page).parent.joinpath(link).resolve() for link in links if not re.match(r"https?:", link)]
        files = [path.relative_to(ROOT) for path in leads if path.is_file() and path.suffix in (".md", ".yaml")]
        assert not [str(path) for path in files if path not in laid_out], page
