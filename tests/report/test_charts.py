"""A chart says the same still and live, and what comes from data is text in both."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import charts, style
from tumint.charts import live
from tumint.report import interactive, render

MARK = "<b onclick=1>&\"'</script>"
COLOURS = {f"A{MARK}": "#123456", f"B{MARK}": "#abcdef"}


def dots(**options: object) -> charts.Dots:
    rows = pd.DataFrame(
        {"x": [0.0, 1.0, np.nan], "y": [0.0, 1.0, 2.0], "kind": [*COLOURS, f"A{MARK}"], "hit": [1, 0, 1]}
    )
    return charts.Dots(rows, "x", "y", "kind", COLOURS, hover={"kind": f"kind{MARK}", "x": "x"}, **options)


def chart(*layers: charts.Layer, **axes: charts.Axis) -> charts.Chart:
    return charts.Chart([charts.Panel(layers, **axes, title=MARK)], 12, 6, legend=COLOURS, legend_title=MARK)


def every_kind() -> list[charts.Chart]:
    names = list(COLOURS)
    matrix = pd.DataFrame([[0.5, np.nan], [-1.0, 0.0]], index=names, columns=names)
    rows = dots().rows.assign(x_end=2.0, y_end=3.0)
    return [
        chart(
            charts.Mark(0), dots(), charts.Words(rows.dropna(), "x", "y", "kind"), y=charts.Axis(MARK, limits=(0, 3))
        ),
        chart(dots(filled="hit"), y=charts.Axis(MARK, "names", names=[*names, MARK])),
        chart(charts.Lines(rows.dropna(), "x", "y", "x_end", "y_end", "kind", COLOURS), x=charts.Axis(MARK, "ratio")),
        chart(charts.Heat(matrix, style.DIVERGING, (-1, 1), MARK, marked=matrix > 0)),
        chart(charts.Bars(matrix.fillna(0.0), COLOURS, MARK)),
        chart(charts.Cells([0, 9, 3], [5, 1, 2], [names[0], names[1], names[0]], COLOURS)),
    ]


def texts(value: object, key: str = "") -> list[str]:
    """Texts that plotly reads as a little HTML: all but colours, kinds and the names that only our script reads."""
    if isinstance(value, dict):
        return [t for name, part in value.items() if name not in ("meta", "groups") for t in texts(part, name)]
    if isinstance(value, list):
        return [t for part in value for t in texts(part, key)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("number", range(6))
def test_names_from_data_are_text_for_plotly_and_in_the_page(number: int) -> None:
    one = every_kind()[number]
    found = texts(live.spec(one))
    assert not [text for text in found if "onclick" in text and "<b onclick" in text]
    assert [text for text in found if "&lt;b onclick" in text] or number == 5
    block = interactive.data_block(one)
    assert "<" not in block
    assert json.loads(block) == json.loads(json.dumps(live.spec(one), default=float))


@pytest.mark.parametrize("number", range(6))
def test_the_still_drawing_holds_the_same_colours(number: int) -> None:
    one = every_kind()[number]
    text = style.svg(charts.figure("a", "b", "c", pd.DataFrame(), one).drawing)
    groups = live.spec(one)["groups"]
    if number != 3:  # nothing of a heatmap can be hidden
        assert {group["colour"] for group in groups} == set(COLOURS.values())
        assert {group["name"] for group in groups} == set(COLOURS)
    assert all(group["colour"] in text for group in groups)
    assert "onclick=1&gt;" in text
    assert "<b onclick" not in text


def test_every_dot_is_drawn_in_its_group() -> None:
    first, second = (trace for trace in live.spec(every_kind()[0])["data"])
    assert first["x"] == [0.0, None]
    assert first["y"] == [0.0, 2.0]
    assert second["x"] == [1.0]
    assert second["marker"]["color"] == "#abcdef"
    hollow = live.spec(every_kind()[1])["data"]
    assert [trace["marker"]["color"] for trace in hollow] == [["#123456", "#123456"], ["var(--card)"]]


def test_a_line_at_zero_is_the_axis_own_and_one_elsewhere_a_shape() -> None:
    layout = live.spec(chart(charts.Mark(0), charts.Mark(1.5, "y"), dots()))["layout"]
    assert layout["xaxis"]["zeroline"]
    assert not layout["yaxis"]["zeroline"]
    assert [(s["y0"], s["y1"], s["xref"], s["yref"]) for s in layout["shapes"]] == [(1.5, 1.5, "x domain", "y")]
    # the layers that plotly can place a shape of one axis on
    assert {s["layer"] for s in layout["shapes"]} <= {"below", "above"}


def test_a_heatmap_keeps_what_is_missing_apart_from_zero() -> None:
    ground, heat, marked = live.spec(every_kind()[3])["data"]
    assert heat["z"] == [[0.5, None], [-1.0, 0.0]]
    assert np.unique(ground["z"]).tolist() == [0]
    assert (marked["x"], marked["y"]) == ([0], [0])


def test_cells_are_packed_to_a_65535th_of_their_extent_rare_groups_last() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-3, 1500, 1000), rng.uniform(0, 20, 1000)
    names = np.where(np.arange(1000) % 10 == 0, "rare", "common")
    packed = live.spec(chart(charts.Cells(x, y, list(names), {"rare": "#111111", "common": "#222222"})))["cells"]
    assert [(group["name"], group["n"]) for group in packed["groups"]] == [("common", 900), ("rare", 100)]
    order = np.concatenate([np.nonzero(names == name)[0] for name in ("common", "rare")])
    for axis, values in (("x", x), ("y", y)):
        numbers = np.frombuffer(base64.b64decode(packed[axis]["data"]), "<u2")
        got = packed[axis]["from"] + packed[axis]["step"] * numbers
        # half a step, and the start rounded to a thousandth of a µm
        assert np.abs(got - values[order]).max() <= np.ptp(values) / 65535 / 2 + 0.0005


def test_words_move_apart() -> None:
    places = charts.apart([5.0, 5.0, 1.0, 4.9], 10.0)
    assert places[0] == 5.0
    assert places[2] == 1.0
    assert min(abs(a - b) for i, a in enumerate(places) for b in places[:i]) >= 0.75


@pytest.mark.parametrize("stage", ["cluster", "response", "index"])
def test_the_policy_names_the_scripts_of_the_page_and_allows_generated_code_only_to_maps(
    make, tmp_path: Path, stage: str
) -> None:
    written = make()
    out = tmp_path / f"{stage}.html"
    render.run(stage, written.params, written.results, written.sheet, out)
    text = out.read_text(encoding="utf-8")
    policy = re.search(r"script-src ([^;]+);", text)
    assert policy is not None
    script = text[text.rindex("<script>") + 8 : text.rindex("</script>")]
    wanted = [script] if stage == "index" else [script, interactive._script()]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in wanted]
    maps = 'data-live="cells"' in text
    assert policy.group(1).split() == [*hashes, *(["'unsafe-eval'"] if maps else [])]
    assert maps == (stage == "cluster") or stage == "response"
    assert text.count('id="plotly"') == (stage != "index")
