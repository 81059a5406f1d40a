"""Numbers of the tables of real cohorts: ICC against a published example and by hand; generated text stays in place."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """load(name): a script of benchmarks/."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")

    def one(name: str) -> ModuleType:
        return importlib.import_module(name)

    return one


def test_icc_of_shrout_and_fleiss(load) -> None:
    # Shrout & Fleiss 1979, table 2: four ratings of six targets; ICC(1,1) is 0.17 in table 4
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    found = load("reliability").icc(ratings.ravel(), np.repeat(np.arange(6), 4))
    assert found == pytest.approx(0.17, abs=0.005)


def test_icc_of_unequal_groups_by_hand(load) -> None:
    # means 2, 4, 9 of 2, 3, 2 values; SSW = 2 + 8 + 2, df 4; mean 34 / 7; n0 = (7 - 17 / 7) / 2
    values, groups = np.array([1, 3, 2, 4, 6, 8, 10.0]), np.array([0, 0, 1, 1, 1, 2, 2])
    between = (2 * (2 - 34 / 7) ** 2 + 3 * (4 - 34 / 7) ** 2 + 2 * (9 - 34 / 7) ** 2) / 2
    n0 = (7 - 17 / 7) / 2
    assert load("reliability").icc(values, groups) == pytest.approx((between - 3) / (between + (n0 - 1) * 3))
    assert load("reliability").icc(values, groups, np.full(7, 5.0)) == load("reliability").icc(values, groups)


def test_weighed_icc_finds_what_was_drawn(load) -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(4000), 4)
    weights = rng.uniform(0.2, 4.0, len(groups))
    weights /= weights.mean()
    values = rng.normal(size=4000)[groups] + rng.normal(size=len(groups)) * np.sqrt(2 / weights)
    icc = load("reliability").icc
    assert icc(values, groups, weights) == pytest.approx(1 / 3, abs=0.02)
    assert icc(values, groups) < 0.25
    assert np.isnan(icc(values[:4], np.array([0, 0, 1, 2])))  # one group has two images


def test_generated_sections_replace_their_own_and_nothing_else(load, tmp_path) -> None:
    path = tmp_path / "document.md"
    path.write_text("# t\n\nmine\n", encoding="utf-8")
    put = load("document").put
    put(path, {"A": "one"})
    put(path, {"B": "two"})
    before = path.read_text(encoding="utf-8")
    put(path, {"A": "new"})
    assert path.read_text(encoding="utf-8") == before.replace("one", "new")
    assert before == "# t\n\nmine\n\n## A\n\none\n\n## B\n\ntwo\n"


def test_validation_keeps_what_other_scripts_wrote(load) -> None:
    script = load("validate_response")
    other = "\n## Other\n\nkept\n"
    before = f"# t\n\n## No effect: share of p < 0.05\n\nx\n{other}"
    assert script.report([], script.Run(2, 1), {}, before).endswith(other)
