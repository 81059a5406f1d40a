"""The page of the house says what the code is like now."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def house():
    spec = importlib.util.spec_from_file_location("house", ROOT / "docs" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
