"""The code digest follows the code of a stage: not its comments, not another stage, not a figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumint import provenance


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two stages that share a module, in the place of tumint."""
    files = {
        "keys.py": "A = 1\n",
        "kernels/__init__.py": "",
        "kernels/counts.py": "def f():\n    return 1\n",
        "qc/__init__.py": "",
        "qc/stage.py": '"""Doc."""\nfrom tumint import keys\n\ndef run():\n    """Doc."""\n    return keys.A\n',
        "neighbourhood/__init__.py": "",
        "discover.py": "",
        "neighbourhood/stage.py": "from tumint.keys import A\n\ndef run():\n    from tumint.kernels import counts\n"
        "    from tumint.neighbourhood.statistics import listed\n",
        "neighbourhood/statistics/__init__.py": "from tumint.discover import listed\n",
        "neighbourhood/statistics/mine.py": "E = 1\n",
        "ingest/stage.py": "G = 1\n",
        "ingest/readers/_10x.py": "H = 1\n",
        "report/__init__.py": "",
        "report/engine/__init__.py": "",
        "report/engine/render.py": "C = 1\n",
        "report/qc/__init__.py": "",
        "report/qc/figures.py": "B = 1\n",
        "report/qc/page.py": "from tumint.report.qc import figures\n",
        "report/engine/templates/page.html": "<html>",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    return tmp_path


STAGES = ("ingest", "qc", "neighbourhood", "report_qc", "report_neighbourhood")


def changed(package: Path, name: str, text: str) -> set[str]:
    provenance._parse.cache_clear()
    before = {stage: provenance.code_digest(stage) for stage in STAGES}
    (package / name).write_text(text)
    provenance._parse.cache_clear()
    return {stage for stage in STAGES if provenance.code_digest(stage) != before[stage]}


@pytest.mark.parametrize(
    ("name", "text", "stages"),
    [
        ("kernels/counts.py", "def f():\n    return 2\n", {"neighbourhood"}),
        ("keys.py", "A = 2\n", {"qc", "neighbourhood"}),
        ("neighbourhood/statistics/mine.py", "E = 2\n", {"neighbourhood"}),  # found by looking, imported by nobody
        ("neighbourhood/statistics/another.py", "F = 1\n", {"neighbourhood"}),
        ("ingest/readers/_10x.py", "H = 2\n", {"ingest"}),  # found by looking, imported by nobody
        ("report/qc/figures.py", "B = 2\n", {"report_qc"}),
        ("report/engine/render.py", "C = 2\n", {"report_qc", "report_neighbourhood"}),
        ("report/qc/page.py", "from tumint.report.qc import figures\n\nD = 1\n", {"report_qc"}),
        ("report/engine/templates/page.html", "<html lang=en>", {"report_qc", "report_neighbourhood"}),
        ("qc/stage.py", '"""Other."""\nfrom tumint import keys\n\n# why\ndef run():\n    return keys.A\n', set()),
    ],
)
def test_what_an_edit_reruns(package: Path, name: str, text: str, stages: set[str]) -> None:
    assert changed(package, name, text) == stages
