"""Files about the project say the version that it has, its packages, and keys and pages that are there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import tumint

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/*/*.md"), ROOT / "config" / "README.md"]
LAID_OUT = [page for page in PAGES if page.parent.name != "site"]  # those of docs/site are read as if on top
CONDA = {"igraph": "python-igraph", "matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _project() -> dict[str, object]:
    return dict(tomllib.loads(_text("pyproject.toml"))["project"])


def test_every_file_has_the_version() -> None:
    found = {
        "pyproject.toml": [_project()["version"]],
        "CITATION.cff": [yaml.safe_load(_text("CITATION.cff"))["version"]],
        "codemeta.json": [json.loads(_text("codemeta.json"))["version"]],
        "recipes/meta.yaml": re.findall(r'set version = "(.+)"', _text("recipes/meta.yaml")),
        "recipes/Dockerfile": re.findall(r'(?:tumint:|image.version=")(\d[\w.]*)', _text("recipes/Dockerfile")),
        "recipes/tumint.def": re.findall(r"Version (.+)", _text("recipes/tumint.def")),
    }
    for page in LAID_OUT:
        found[str(page.relative_to(ROOT))] = re.findall(r"tumint-(\d[\w.]*?)-py3", page.read_text(encoding="utf-8"))
    wrong = {name: versions for name, versions in found.items() if set(versions) - {tumint.__version__}}
    assert not wrong
    assert all(versions for name, versions in found.items() if not name.endswith(".md"))
    assert found["docs/start.md"]


def test_the_recipe_asks_for_what_the_project_asks_for() -> None:
    run = re.findall(r"^    - (\S.*)", _text("recipes/meta.yaml").split("  run:\n")[1].split("\ntest:")[0], re.M)
    wanted = [f"python {_project()['requires-python']}"]
    for one in _project()["dependencies"]:  # type: ignore[attr-defined]
        name, limits = re.fullmatch(r"([\w-]+)(.*)", one).groups()  # type: ignore[union-attr]
        wanted.append(f"{CONDA.get(name, name)} {limits}".strip())
    assert run == sorted(wanted)


def test_tools_of_the_hooks_are_those_of_the_lock_where_it_has_them() -> None:
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", _text("requirements.lock"), re.M))
    for name, version in re.findall(r"([\w-]+)==([\w.]+)", _text(".pre-commit-config.yaml")):
        assert locked.get(name, version) == version


@pytest.mark.parametrize("page", LAID_OUT, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_pages_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if not re.match(r"https?:", link)]
    assert not [link for link in inside if not (page.parent / link).exists()]


def _keys() -> set[str]:
    """Every key of the config, with its sections."""
    found: set[str] = set()
    for part in re.split(r"^## ", _text("config/README.md"), flags=re.M)[1:]:
        names = re.findall(r"`([\w.\[\]]+)`", part.split("\n")[0])
        keys = re.findall(r"^\| `(\w+)` \|", part, re.M)
        found |= {f"{name.replace('[]', '')}.{key}" for name in names for key in keys}
    return found


@pytest.mark.parametrize("page", ["start", "faq", "glossary", "reports"])
def test_keys_that_a_page_names_are_there(page: str) -> None:
    sections = "ingest|qc|cluster|neighbourhood|response|report"
    named = set(re.findall(rf"`((?:{sections})\.[a-z_.]+)[`:]", _text(f"docs/{page}.md")))
    named -= {name for name in named if name.endswith((".parquet", ".html"))}
    assert page in ("glossary", "reports") or named
    assert not named - _keys()
