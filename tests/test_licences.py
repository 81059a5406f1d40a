"""Licences of the packages beneath: listed, and where a page names those under the GPL, it names all of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from email.message import Message
from pathlib import Path

import pytest

from tumint.cli import licences, main

ROOT = Path(__file__).parents[1]


def _gpl(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["doctor", "--licences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [of for name, of in project["optional-dependencies"].items() if name not in ("all", "dev", "docs")]
    asked = {re.split(r"[^\w.-]", one)[0] for of in (project["dependencies"], *extras) for one in of}
    listed = lines[: lines.index("")]
    assert len(listed) == len(asked) == len({line.split()[0] for line in listed})
    assert not [line for line in listed if "not installed" in line or "not stated" in line]
    return [line.split()[0] for line in listed if line.endswith("← GPL")]


def test_every_direct_dependency_is_listed_and_the_gpl_ones_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert _gpl(capsys) == ["harmonypy", "igraph"]


@pytest.mark.parametrize("page", ["README.md", "docs/licences.md"])
def test_pages_name_every_package_under_the_gpl(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in _gpl(capsys) if name not in text] == []


def test_what_developers_and_the_site_need_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["numpy", 'scanpy; extra == "rna"', 'ruff; extra == "dev"', "sphinx>=9; extra == 'docs'"]
    monkeypatch.setattr(licences.metadata, "requires", lambda _: asked)
    assert licences.direct() == ["numpy", "scanpy"]


def test_scores_and_comparison_import_no_package_under_the_gpl() -> None:
    """As docs/licences.md says."""
    program = (
        "import sys, tumint.neighbourhood.score_files, tumint.response.stage; "
        "print(*{'harmonypy', 'igraph', 'leidenalg'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("fields", "licence", "gpl"),
    [
        ([("License-Expression", "GPL-3.0-or-later"), ("License", "MIT")], "GPL-3.0-or-later", True),
        ([("License-Expression", "MIT AND AGPL-3.0-only")], "MIT AND AGPL-3.0-only", True),
        ([("License-Expression", "LGPL-2.1-only")], "LGPL-2.1-only", False),
        ([("Classifier", "License :: OSI Approved :: BSD License")], "BSD License", False),
        (
            [("Classifier", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)")],
            "GNU General Public License v3 (GPLv3)",
            True,
        ),
        (
            [("Classifier", "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)")],
            "GNU Lesser General Public License v3 (LGPLv3)",
            False,
        ),
        ([("License", "GNU General Public License (GPL)\n\nVersion 2")], "GNU General Public License (GPL)", True),
        ([], "not stated", False),
    ],
)
def test_what_a_package_states(fields: list[tuple[str, str]], licence: str, *, gpl: bool) -> None:
    of = Message()
    for name, value in fields:
        of[name] = value
    assert licences.licence_of(of) == licence  # type: ignore[arg-type]
    assert licences.is_gpl(licence) is gpl
