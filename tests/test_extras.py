"""A package of an extra that is not there is one line that names it, before anything runs where the config says so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tumint import extras
from tumint.config.load import validate
from tumint.config.model import Config
from tumint.errors import ConfigError

ROOT = Path(__file__).parents[1]
CONFIG = {"cohort": "c", "title": "t", "source": "s", "samples": "s.tsv", "response": {"contrasts": []}}


def _without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    known = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in packages else known(name))


def test_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = {n: of for n, of in project["optional-dependencies"].items() if n not in ("all", "dev", "docs")}
    assert sorted(optional) == sorted(one.name for one in extras.ALL)
    for one in extras.ALL:
        assert one.package in optional[one.name]
        assert one.package not in project["dependencies"]
    (whole,) = project["optional-dependencies"]["all"]
    assert set(re.findall(r"\w+", whole)[1:]) == set(optional)


@pytest.mark.parametrize(
    ("package", "extra", "section", "key"),
    [
        ("scanpy", "rna", {"ingest": {"format": "10x"}}, "ingest.format"),
        ("scanpy", "rna", {"cluster": {"normalise": {"method": "log"}}}, "cluster.normalise.method"),
        ("squidpy", "spatial", {"cluster": {"spatial": {"moran": True}}}, "cluster.spatial.moran"),
        ("spatialdata", "spatialdata", {"ingest": {"format": "spatialdata"}}, "ingest.format"),
    ],
)
def test_what_a_config_needs_is_told_before_anything_runs(
    package: str, extra: str, section: dict[str, object], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = validate(Config, {**CONFIG, **section}, "c.yaml")
    assert list(extras.of_config(config, "c.yaml")) == []
    _without(monkeypatch, "scanpy", "squidpy", "spatialdata")
    (line,) = map(str, extras.of_config(config, "c.yaml"))
    assert line == (
        f"c.yaml: key `{key}`: expected the package {package} (`pip install {package}`, or tumint with its extra "
        f"`{extra}`), found that it is not installed."
    )
    assert list(extras.of_config(validate(Config, CONFIG, "c.yaml"), "c.yaml")) == []


def test_what_is_met_in_a_job_is_told_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tumint.cluster.spatial import moran
    from tumint.cluster.transcripts import components
    from tumint.ingest.readers.spatialdata import _opened
    from tumint.io.raw.source import Place
    from tumint.qc.counts import count_doublets, count_metrics

    _without(monkeypatch, "scanpy", "squidpy", "spatialdata")
    counts = csr_matrix(np.ones((3, 2)))
    calls = {
        "scanpy": [
            lambda: count_metrics(counts, ["a", "b"], ["mt"]),
            lambda: count_doublets(counts, 0),
            lambda: components(counts, ["a", "b"], n_genes=2, n_components=1, seed=0),
        ],
        "squidpy": [lambda: moran(np.ones((9, 1)), ["a"], np.ones((9, 2)), np.array(["s"] * 9))],
        "spatialdata": [lambda: _opened(str(tmp_path), Place(str(tmp_path)))],
    }
    for package, asked in calls.items():
        for call in asked:
            with pytest.raises(ConfigError, match=rf"expected the package {package} \(") as caught:
                call()
            assert len(caught.value.faults) == 1


def test_nothing_else_imports_them() -> None:
    """Another import would end in a traceback where the package is not there."""
    allowed = {"qc/counts.py", "cluster/transcripts.py", "cluster/spatial.py", "ingest/readers/spatialdata.py"}
    found = {
        path.relative_to(ROOT / "src" / "tumint").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(
            r"^\s*(import|from) (scanpy|squidpy|spatialdata)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert found == allowed
