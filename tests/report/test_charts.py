"""A chart says the same still and live, and what comes from data is text in both."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest

from tumint.charts import live, still, ticks
from tumint.charts import model as charts
from tumint.charts.palette import DIVERGING, SEQUENTIAL
from tumint.charts.still import draw, svg
from tumint.report.engine import interactive

pytestmark = pytest.mark.long  # pages are drawn

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
        chart(charts.Heat(matrix, DIVERGING, (-1, 1), MARK, marked=matrix > 0)),
        chart(charts.Bars(matrix.fillna(0.0), COLOURS, MARK)),
        chart(charts.Cells([0, 9, 3], [5, 1, 2], [names[0], names[1], names[0]], COLOURS)),
        chart(bins(), x=charts.Axis(MARK, "log", limits=(0, 2), floor=1.0)),
        chart(charts.Heat(matrix, DIVERGING, (-1, 1), MARK, written=matrix.map(lambda _: MARK))),
        chart(
            charts.Cells([0, 9], [5, 1], names, COLOURS, in_um=False),
            charts.Words(rows.dropna(), "x", "y", "kind", "centre"),
        ),
    ]


def bins() -> charts.Area:
    """Two bins for the first name, and on top of them two for the second."""
    rows = pd.DataFrame(
        {
            "from": [0.0, 1.0, 0.0, 1.0],
            "to": [1.0, 2.0, 1.0, 2.0],
            "low": [0, 0, 3, 1],
            "high": [3, 1, 5, 1],
            "kind": [name for name in COLOURS for _ in range(2)],
        }
    )
    return charts.Area(rows, "from", "low", "high", "kind", COLOURS, x_end="to", hover={"kind": "", "high": MARK})


KINDS = range(9)


def texts(value: object, key: str = "") -> list[str]:
    """Texts that plotly reads as a little HTML: all but colours, kinds and the names that only our script reads."""
    if isinstance(value, dict):
        return [t for name, part in value.items() if name not in ("meta", "groups") for t in texts(part, name)]
    if isinstance(value, list):
        return [t for part in value for t in texts(part, key)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("number", KINDS)
def test_names_from_data_are_text_for_plotly_and_in_the_page(number: int) -> None:
    one = every_kind()[number]
    found = texts(live.spec(one))
    assert not [text for text in found if "onclick" in text and "<b onclick" in text]
    assert [text for text in found if "&lt;b onclick" in text]
    block = interactive.data_block(one)
    assert "<" not in block
    assert json.loads(block) == json.loads(json.dumps(live.spec(one), default=float))


@pytest.mark.parametrize("number", KINDS)
def test_the_still_drawing_holds_the_same_colours(number: int) -> None:
    one = every_kind()[number]
    text = svg(draw(one))
    groups = live.spec(one)["groups"]
    if number not in (3, 7):  # nothing of a heatmap can be hidden
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


def test_words_of_a_heatmap_stand_in_its_cells() -> None:
    matrix = pd.DataFrame([[0.0, 1.0]], index=["a"], columns=["b", "c"])
    written = matrix.map(lambda value: f"{value:.0%}")
    one = chart(charts.Heat(matrix, SEQUENTIAL, (0, 1), "share", written=written))
    _, heat = live.spec(one)["data"]
    assert heat["text"] == [["0%", "100%"]]
    assert heat["hovertext"] == [["a · b<br>0 share", "a · c<br>1 share"]]
    (axes, _) = still.draw(one).axes
    # dark words on the pale cell, pale ones on the dark cell
    assert {t.get_text(): (t.get_position()[0], t.get_color()) for t in axes.texts} == {
        "0%": (0.5, "#000000"),
        "100%": (1.5, "#FFFFFF"),
    }


def test_a_logarithmic_axis_says_what_its_start_stands_for() -> None:
    rows = pd.DataFrame({"x": charts.log10([0.0, 0.05, 0.1, 20.0, np.nan], 0.1), "y": 0.0, "kind": f"A{MARK}"})
    assert rows["x"].round(6).tolist()[:4] == [-1.0, -1.0, -1.0, round(np.log10(20), 6)]
    axis = charts.Axis("%", "log", limits=(-1, np.log10(50)), floor=0.1)
    one = chart(charts.Dots(rows, "x", "y", "kind", COLOURS), x=axis)
    drawn = live.spec(one)
    assert drawn["data"][0]["x"] == [-1.0, -1.0, -1.0, 1.30103, None]
    at = dict(zip(drawn["layout"]["xaxis"]["ticktext"], drawn["layout"]["xaxis"]["tickvals"], strict=True))
    assert at == {"≤0.1": -1.0, "1": 0.0, "10": 1.0}
    (axes,) = still.draw(one).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == list(at)
    assert axes.get_xticks().tolist() == list(at.values())
    assert list(axes.get_xlim()) == pytest.approx(drawn["layout"]["xaxis"]["range"])


def test_a_logarithmic_axis_without_a_floor_has_plain_numbers() -> None:
    places, labels, _ = ticks.log((1.0, 2.3))
    assert labels == ["10", "20", "50", "100"]
    assert ticks.ratio((-7.0, -5.5))[1] == ["0.0078×", "0.011×", "0.016×", "0.022×"]
    assert ticks.ratio((6.0, 7.5))[1] == ["64×", "91×", "128×", "181×"]
    assert ticks.ratio((14.0, 15.0))[1] == ["2^14", "2^14.5", "2^15"]
    assert ticks.log((0.0, 2.0))[1] == ["1", "3", "10", "30", "100"]
    assert ticks.log((0.0, 4.0), floor=3183.4)[1][0] == "≤3,180"
    assert np.round(10.0 ** np.array(places)).tolist() == [10, 20, 50, 100]
    assert ticks.log((0.0, 6.0))[1] == ["1", "10", "100", "1,000", "10,000", "100,000", "1e+06"]


def test_bins_are_steps_on_top_of_those_below() -> None:
    first, second = live.spec(chart(bins()))["data"]
    assert (first["x"], first["y"]) == ([0, 1, 1, 2, 2, 1, 1, 0], [3, 3, 1, 1, 0, 0, 0, 0])
    assert (second["x"], second["y"]) == ([0, 1, 1, 2, 2, 1, 1, 0], [5, 5, 1, 1, 1, 1, 3, 3])
    assert [trace["fillcolor"] for trace in (first, second)] == list(COLOURS.values())
    assert len(first["text"]) == 4
    (axes,) = still.draw(chart(bins())).axes
    shapes = [collection.get_paths()[0].vertices for collection in axes.collections]
    assert [(shape[:, 1].min(), shape[:, 1].max()) for shape in shapes] == [(0, 3), (1, 5)]


def test_lines_and_marks_are_dashed_where_they_are_asked_to_be() -> None:
    rows = pd.DataFrame({"x": [0.0], "y": [1.0], "x_end": [2.0], "y_end": [3.0], "kind": list(COLOURS)[:1]})
    line = charts.Lines(rows, "x", "y", "x_end", "y_end", "kind", COLOURS, dashed=True)
    drawn = live.spec(chart(line, charts.Mark(0, dashed=True)))
    assert drawn["data"][0]["line"]["dash"] == drawn["layout"]["shapes"][0]["line"]["dash"] == "dash"
    assert not drawn["layout"]["xaxis"]["zeroline"]


def test_words_stand_above_a_place_or_at_it() -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 1.0], "text": ["a", "b"]})
    for place, shifts in (("above", [8, 8]), ("centre", [None, None])):
        notes = live.spec(chart(charts.Words(rows, "x", "y", "text", place)))["layout"]["annotations"][:2]
        assert [(note["x"], note["y"], note.get("yshift")) for note in notes] == [
            (1.0, 1.0, shifts[0]),
            (2.0, 1.0, shifts[1]),
        ]


def test_a_line_leads_from_words_that_were_moved_to_their_place() -> None:
    rows = pd.DataFrame({"x": [-1.0, 1.0], "y": [2.0, 2.0], "text": ["stays", "moves"]})
    drawn = charts.Chart([charts.Panel([charts.Words(rows, "x", "y", "text")], y=charts.Axis(limits=(0, 4)))], 5, 3)
    stays, moves = live.spec(drawn)["layout"]["annotations"][:2]
    assert not stays["showarrow"]
    assert moves["showarrow"]
    assert (moves["x"], moves["y"]) == (1.0, 2.0)
    assert moves["ax"] < 0 < moves["ay"]  # px from the place to the words, downwards


def test_maps_beside_each_other_share_their_groups_and_keep_their_cells() -> None:
    colours = {"a": "#111111", "b": "#222222", "rest": "#333333"}
    panels = [
        charts.Panel([charts.Cells(x, y, names, colours, 4.0, behind=("rest",))], title=title)
        for title, x, y, names in (
            ("one\ntwo", [0, 100, 50], [0, 10, 20], ["a", "rest", "a"]),
            ("three", [5, 6], [7, 8], ["b", "rest"]),
        )
    ]
    spec = live.spec(charts.Chart(panels, 8, 4, columns=2))
    assert [(group["name"], group["n"]) for group in spec["groups"]] == [("a", 2), ("b", 1), ("rest", 2)]
    assert [panel["ending"] for panel in spec["cells"]] == ["", "2"]
    assert [panel["title"] for panel in spec["cells"]] == [["one", "two"], ["three"]]
    # the rest lies lowest, though it is not the commonest
    assert [panel["counts"] for panel in spec["cells"]] == [[[2, 1], [0, 2]], [[2, 1], [1, 1]]]
    places = [[unpacked(panel[axis]).round(2).tolist() for axis in "xy"] for panel in spec["cells"]]
    assert places == [[[100, 0, 50], [10, 0, 20]], [[6, 5], [8, 7]]]
    assert spec["layout"]["yaxis2"]["scaleanchor"] == "x2"
    left, right = still.draw(charts.Chart(panels, 8, 4, columns=2)).axes
    assert [tuple(line.get_xdata()) for line in left.lines[:2]] == [(100.0,), (0.0, 50.0)]
    assert [tuple(line.get_xdata()) for line in right.lines[:2]] == [(6.0,), (5.0,)]


def unpacked(axis: dict) -> np.ndarray:
    return axis["from"] + axis["step"] * np.frombuffer(base64.b64decode(axis["data"]), "<u2")


def test_a_picture_without_scale_has_neither_scale_bar_nor_square_axes() -> None:
    cells = charts.Cells([0.0, 9.0], [5.0, 1.0], list(COLOURS), COLOURS, in_um=False)
    spec = live.spec(chart(cells))
    assert not spec["cells"][0]["um"]
    assert "scaleanchor" not in spec["layout"]["yaxis"]
    (axes,) = still.draw(chart(cells)).axes
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert not axes.texts


def test_cells_are_packed_to_a_65535th_of_their_extent_rare_groups_last() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-3, 1500, 1000), rng.uniform(0, 20, 1000)
    names = np.where(np.arange(1000) % 10 == 0, "rare", "common")
    packed = live.spec(chart(charts.Cells(x, y, list(names), {"rare": "#111111", "common": "#222222"})))
    assert [(group["name"], group["n"]) for group in packed["groups"]] == [("common", 900), ("rare", 100)]
    (panel,) = packed["cells"]
    assert panel["counts"] == [[0, 900], [1, 100]]
    order = np.concatenate([np.nonzero(names == name)[0] for name in ("common", "rare")])
    for axis, values in (("x", x), ("y", y)):
        # half a step, and the start rounded to a thousandth of a µm
        assert np.abs(unpacked(panel[axis]) - values[order]).max() <= np.ptp(values) / 65535 / 2 + 0.0005


def test_words_move_apart() -> None:
    places = charts.apart([5.0, 5.0, 1.0, 4.9], 10.0)
    assert places[0] == 5.0
    assert places[2] == 1.0
    assert min(abs(a - b) for i, a in enumerate(places) for b in places[:i]) >= 0.75


@pytest.mark.parametrize("stage", ["cluster", "response", "index"])
def test_the_policy_names_the_scripts_of_the_page_and_allows_generated_code_only_to_maps(
    make, page, stage: str
) -> None:
    text = page(make(), stage)
    policy = re.search(r"script-src ([^;]+);", text)
    assert policy is not None
    script = text[text.rindex("<script>") + 8 : text.rindex("</script>")]
    wanted = [script] if stage == "index" else [script, interactive._script()]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in wanted]
    maps = 'data-live="cells"' in text
    assert policy.group(1).split() == [*hashes, *(["'unsafe-eval'"] if maps else [])]
    assert maps == (stage not in ("index", "response"))
    assert text.count('id="plotly"') == (stage != "index")
