"""The page of the house says what the code is like now."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

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


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse writes options in another way from 3.13 on")
def test_pages_of_verbs_and_of_python_are_those_of_the_code():
    reference = _script("reference")
    for path, text in reference.pages().items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"
