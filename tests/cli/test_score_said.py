"""The last line of `tumint score`, against the table it speaks of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.cli import main


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Three images in which A and B are mixed and C keeps to a corner, and one with four cells."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    parts = []
    for image in "abc":
        xy = rng.uniform(0, 400, (300, 2))
        kind = np.where((xy < 130).all(axis=1), "C", rng.choice(["A", "B"], 300))
        parts.append(
            pd.DataFrame(
                {"image": image, "mouse": "m1" if image == "a" else "m2", "x": xy[:, 0], "y": xy[:, 1], "type": kind}
            )
        )
    parts.append(
        pd.DataFrame({"image": "d", "mouse": "m3", "x": [0.0, 9, 0, 9], "y": [0.0, 0, 9, 9], "type": list("AABC")})
    )
    return pd.concat(parts, ignore_index=True)


def test_the_last_line_of_score(cells: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    cells.to_csv("cells.csv", index=False)
    common = ["score", "cells.csv", "--label", "type", "--sample", "image", "--overwrite"]
    assert main([*common, "-o", "s.csv"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    table = pd.read_csv("s.csv")
    tested = int((table["status"] == "tested").sum())
    assert line.startswith("score: 36 rows in s.csv; 3 samples used, 1 lost (d: too few cells (`--min-cells`)); ")
    assert f"{tested} of 36 pairs tested" in line
    hits = table[table["q"] < 0.05].groupby(["source", "target"])["log2_enrichment"].agg(["size", "median"])
    best = hits[hits["size"] == 3]["median"].abs().idxmax()
    times = 2.0 ** hits.loc[best, "median"]
    assert f"strongest: {best[0]} → {best[1]}, {times:.2f} times what chance has, " in line
    assert line.endswith("than chance in 3 of 3 samples (q < 0.05 in each)")
    assert main([*common, "--subject", "mouse", "-o", "s.csv"]) == 0
    assert "2 subjects used, 1 lost (m3: too few cells" in capsys.readouterr().out


def test_nothing_far_from_chance_is_said(cells: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    few = cells[(cells["image"] == "a") & (cells["type"] != "C")].head(40)
    few.to_csv("cells.csv", index=False)
    assert main(["score", "cells.csv", "--label", "type", "-o", "s.csv"]) == 0
    said = capsys.readouterr().out
    smallest = pd.read_csv("s.csv")["q"].min()
    assert smallest > 0.05
    assert f"no pair is far from chance (smallest q = {smallest:.2g})" in said
