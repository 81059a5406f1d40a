"""What docs/contributing shows works as it stands there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import families
from tumint.families import all_families
from tumint.neighbourhood import statistics
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.statistics import Cells, all_statistics, image_features
from tumint.response.wording import finding

DOCS = Path(__file__).parents[1] / "docs" / "contributing"


def files_of(page: str) -> dict[str, str]:
    """Every file that a page shows: a path in backticks on a line of its own, then its content as a block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^`(\S+)`\n\n```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files of the page on statistics, as if they were in their packages."""
    packages = {families: "families", statistics: "neighbourhood/statistics"}
    files = files_of("statistic.md")
    assert [str(Path(name).parent) for name in files] == [f"src/tumint/{inside}" for inside in packages.values()]
    for package, (name, code) in zip(packages, files.items(), strict=True):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / Path(name).name).write_text(code, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    all_families.cache_clear()
    all_statistics.cache_clear()
    yield
    for package in packages:
        sys.modules.pop(f"{package.__name__}.crowding", None)
    all_families.cache_clear()
    all_statistics.cache_clear()


@pytest.mark.usefixtures("added")
def test_a_statistic() -> None:
    """On a row of five cells, those at the ends have one neighbour and the others two."""
    xy = np.column_stack([np.arange(5) * 10.0, [0, 1e-3, 0, 1e-3, 0]])
    labels = np.array([0, 1, 1, 0, 1])
    graph = delaunay(xy, 12.0)
    table = image_features(Cells("s", xy, labels, ["a", "b", "c"], graph)).set_index(["family", "feature"])
    mine = table.loc["crowding"]
    assert mine.loc["a", "value"] == pytest.approx(np.log(1.5))
    assert mine.loc["b", "value"] == pytest.approx(np.log(5 / 3))
    assert mine["status"].to_dict() == {"a": "tested", "b": "tested", "c": "absent"}
    assert mine["n"].to_dict() == {"a": 2, "b": 3, "c": 0}
    nowhere = image_features(Cells("s", np.full((2, 2), np.nan), np.array([0, 1]), ["a", "b"]))
    assert set(nowhere.loc[nowhere["family"] == "crowding", "status"]) == {"no_coordinates"}
    assert families.title("crowding") == "crowding"
    assert families.rank("crowding") == families.rank("distance") + 1
    row = pd.Series({"family": "crowding", "feature": "a", "source": "", "target": "", "effect": np.log(2), "q": 0.01})
    row = row.reindex([*row.index, "ci_low", "ci_high"]).to_dict() | {"n_subjects_group": 4, "n_subjects_reference": 4}
    said = finding(row, {"group": "treated", "reference": "vehicle"})["words"]
    assert said == (
        "Cells of a have 2.00 times as many neighbours in treated as in vehicle (q = 0.01, 4 v 4 subjects)."
    )
