"""What figures show is what their tables hold, at its place in the page and with its words."""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.charts import live
from tumint.charts.model import Figure
from tumint.charts.palette import type_colours
from tumint.report.cluster import charts as typing_charts
from tumint.report.cluster import figures as typing_figures
from tumint.report.neighbourhood.pair_figures import pair_map
from tumint.report.qc import charts as roi_charts
from tumint.report.qc import figures as qc_figures

TYPES = ("T cells", "B cells", k.UNCLASSIFIED)
PALETTE = type_colours(TYPES)


def spec(figure: Figure | None) -> dict:
    assert figure is not None
    assert figure.chart is not None
    return live.spec(figure.chart)


def traces(figure: Figure | None, mode: str) -> dict[str, dict]:
    """Traces of a mode by the names that they stand for."""
    return {trace["meta"]: trace for trace in spec(figure)["data"] if trace.get("mode") == mode}


def places(panel: dict) -> list[tuple[float, float]]:
    axes = (
        panel[axis]["from"] + panel[axis]["step"] * np.frombuffer(base64.b64decode(panel[axis]["data"]), "<u2")
        for axis in "xy"
    )
    return [(round(float(x), 2), round(float(y), 2)) for x, y in zip(*axes, strict=True)]


@pytest.fixture
def cells() -> pd.DataFrame:
    """Six cells of two ROIs, with measures."""
    return pd.DataFrame(
        {
            k.SAMPLE: ["r1", "r1", "r1", "r2", "r2", "r2"],
            k.CELL_ID: range(6),
            k.X_UM: [0.0, 10, 20, 0, 30, 60],
            k.Y_UM: [5.0, 1, 9, 4, 2, 8],
            k.CELL_TYPE: [TYPES[0], TYPES[1], TYPES[2], TYPES[0], TYPES[0], TYPES[2]],
            k.AREA_UM2: [0.0, 10, 20, 40, 80, 100],
            k.ECCENTRICITY: [0.0, 0.1, 0.1, 0.5, 0.9, 1.0],
            k.VERDICT: ["drop", "pass", "pass", "pass", "drop", "pass"],
        }
    )


def test_umap_has_every_cell_by_type_and_every_cluster_at_its_median() -> None:
    table = pd.DataFrame(
        {
            "umap_1": [1.0, 3, 8, -2],
            "umap_2": [0.0, 4, 1, 1],
            k.CLUSTER: ["0", "0", "1", "1"],
            k.CELL_TYPE: [TYPES[0], TYPES[0], TYPES[1], TYPES[0]],
        }
    )
    drawn = spec(typing_charts.umap(table, PALETTE, 40))
    assert [(group["name"], group["n"], group["colour"]) for group in drawn["groups"]] == [
        (name, n, PALETTE[name]) for name, n in ((TYPES[0], 3), (TYPES[1], 1))
    ]
    assert places(drawn["cells"][0]) == [(1, 0), (3, 4), (-2, 1), (8, 1)]
    words = [(note["text"], note["x"], note["y"]) for note in drawn["layout"]["annotations"]]
    assert words == [("<b>0</b>", 2.0, 2.0), ("<b>1</b>", 3.0, 1.0)]


def test_type_shares_lie_at_their_logarithm_and_none_is_lost_below_it() -> None:
    table = pd.DataFrame(
        [
            *[("m1", "a", TYPES[0], 90, 0.9), ("m1", "a", TYPES[1], 10, 0.1)],
            *[("m2", "b", TYPES[0], 100, 1.0), ("m2", "b", TYPES[1], 0, 0.0), ("m3", "b", TYPES[0], 50, 0.5)],
        ],
        columns=[k.SUBJECT, "group", k.CELL_TYPE, k.N, "share"],
    )
    figure = typing_figures.type_shares(table, "arm")
    dots, bars = traces(figure, "markers"), traces(figure, "lines")
    assert dots["a"]["x"] == pytest.approx([np.log10(90), np.log10(10)], abs=1e-4)
    assert dots["b"]["x"] == pytest.approx([2, -1, np.log10(50)], abs=1e-4)
    assert dots["b"]["text"][1] == "subject: m2<br>B cells<br>% of cells: 0<br>cells: 0"
    # the mean of the group, upright through the row of the type
    assert bars["b"]["x"][:2] == pytest.approx([np.log10(75)] * 2, abs=1e-4)
    assert [round(np.mean(bars[level]["y"][:2]), 3) for level in "ab"] == [-0.175, 0.175]
    assert "up to 0.1 %" in figure.reading


def test_stability_names_clusters_and_hollows_the_recommended_resolution() -> None:
    table = pd.DataFrame(
        {
            "resolution": [0.5, 1.0, 2.0],
            "stability": [0.9, 0.8, 0.4],
            "sd": [0.1, 0.05, 0.2],
            "clusters": [4, 9, 20],
            "recommended": [False, True, False],
        }
    )
    figure = typing_charts.stability(table, 2.0)
    drawn = spec(figure)
    dots = traces(figure, "markers")
    assert (dots["recommended"]["x"], dots["recommended"]["y"]) == ([1.0], [0.8])
    assert dots["recommended"]["marker"]["color"] == ["var(--card)"]
    assert dots["tried"]["x"] == [0.5, 2.0]
    path, *bars = (trace for trace in drawn["data"] if trace["mode"] == "lines")
    assert list(zip(path["x"], path["y"], strict=True)) == [
        *((0.5, 0.9), (1.0, 0.8), (None, None)),
        *((1.0, 0.8), (2.0, 0.4), (None, None)),
    ]
    assert {(bar["x"][0], *bar["y"][:2]) for bar in bars} == {(0.5, 0.8, 1.0), (1.0, 0.75, 0.85)}
    assert [note["text"] for note in drawn["layout"]["annotations"]] == ["4", "9", "20"]
    assert [(shape["x0"], shape["line"]["dash"]) for shape in drawn["layout"]["shapes"]] == [(2.0, "dash")]


def test_confusion_is_of_rows_and_positive_cells_are_written() -> None:
    table = pd.DataFrame(
        [("a", "b", "T", "T", 3), ("a", "b", "T", "B", 1), ("a", "b", "B", "B", 2)],
        columns=["method", "other_method", "type", "other_type", k.N],
    )
    drawn = spec(typing_charts.confusion(table))
    assert drawn["data"][1]["z"] == [[1.0, 0.0], [0.25, 0.75]]
    assert [drawn["layout"][f"{axis}axis"]["title"]["text"] for axis in "xy"] == ["by b", "by a"]
    states = pd.DataFrame([("T", "Ki67", 1, 4), ("T", "Ki67", 2, 4)], columns=[k.CELL_TYPE, "marker", "positive", k.N])
    heat = spec(typing_charts.positive(states))["data"][1]
    assert (heat["z"], heat["text"]) == ([[37.5]], [["38"]])


def test_ridges_rise_from_the_row_of_their_type() -> None:
    x = [0.0, 0.5, 1.0]
    table = pd.concat(
        [
            pd.DataFrame({"marker": "CD3", k.CELL_TYPE: name, "x": x, "density": density})
            for name, density in ((TYPES[1], [1.0, 0.2, 0.0]), (TYPES[0], [0.0, 0.5, 1.0]))
        ]
    )
    drawn = spec(typing_charts.ridges(table, "CD3", 0.4, PALETTE))
    by_type = {trace["meta"]: trace["y"] for trace in drawn["data"]}
    assert by_type[TYPES[0]] == [0.0, -0.45, -0.9, 0.0, 0.0, 0.0]
    assert by_type[TYPES[1]] == [0.1, 0.82, 1.0, 1.0, 1.0, 1.0]
    assert drawn["layout"]["yaxis"]["ticktext"] == [TYPES[0], TYPES[1]]
    assert drawn["layout"]["shapes"][0]["x0"] == 0.4
    assert drawn["layout"]["annotations"][0]["text"] == "gate 0.4"


def test_histograms_count_every_cell_once(cells: pd.DataFrame) -> None:
    figure = qc_figures.distributions(cells, {k.AREA_UM2: [15.0]})
    area = [trace for trace in spec(figure)["data"] if trace["xaxis"] == "x"]
    counts = figure.table[figure.table["metric"] == k.AREA_UM2]
    assert (counts["passed"].sum(), counts["dropped"].sum()) == (4, 2)
    # heights of both over all bins, the dropped ones upon the others
    passed, gone = (np.array(trace["y"]) for trace in area)
    assert passed[:120:2].tolist() == counts["passed"].tolist()
    assert (gone[:120:2] - gone[:119:-1][::2]).tolist() == counts["dropped"].tolist()
    # a cell of 0 µm² is in the first bin, which says what it stands for
    assert counts["dropped"].iloc[0] == 1
    assert spec(figure)["layout"]["xaxis"]["ticktext"][0] == "≤1"
    assert spec(figure)["layout"]["xaxis"]["tickvals"][0] == 0
    assert [shape["x0"] for shape in spec(figure)["layout"]["shapes"]] == [pytest.approx(np.log10(15))]
    shares = figure.table[figure.table["metric"] == k.ECCENTRICITY]
    assert (shares["from"].iloc[0], shares["to"].iloc[-1], shares["passed"].sum()) == (0.0, 1.0, 4)


def test_quantiles_of_rois_and_their_limits(cells: pd.DataFrame) -> None:
    cells = cells.assign(**{k.AREA_UM2: cells[k.AREA_UM2] + 100})
    limits = pd.DataFrame({k.SAMPLE: ["r1", "r2"], "metric": k.AREA_UM2, "lower": [105.0, np.nan], "upper": np.nan})
    table = qc_figures.quantiles(cells, limits)
    figure = qc_figures.per_roi(table)
    dots = traces(figure, "markers")["cells"]
    assert dots["x"] == pytest.approx(np.log10([110.0, 180.0]), abs=1e-5)
    assert dots["y"] == [0, 1]
    lines = [trace for trace in spec(figure)["data"] if trace.get("mode") == "lines"]
    assert [trace["x"][:2] for trace in lines] == [
        pytest.approx(np.log10(table[list(ends)].iloc[0].to_numpy(float)), abs=1e-5)
        for ends in (("q05", "q95"), ("q25", "q75"), ("lower", "lower"))
    ]
    assert lines[2]["y"] == [-0.35, 0.35, None]


def test_components_hollow_the_rois_that_failed_and_name_the_outermost() -> None:
    rois = pd.DataFrame(
        {
            k.SAMPLE: ["a", "b", "c", "d"],
            "pc1": [0.1, -4.0, 3.0, 2.0],
            "pc2": [0.0, 1.0, -3.0, 0.0],
            "explained1": 0.5,
            "explained2": 0.25,
            k.STATUS: ["pass", "fail", "pass", "pass"],
            "arm": ["v", "v", "t", "t"],
        }
    )
    figure = roi_charts.components(rois, "arm")
    dots = traces(figure, "markers")
    assert (dots["v"]["x"], dots["v"]["y"]) == ([0.1, -4.0], [0.0, 1.0])
    assert dots["v"]["marker"]["color"][1] == "var(--card)" != dots["v"]["marker"]["color"][0]
    notes = {note["text"]: note["xanchor"] for note in spec(figure)["layout"]["annotations"]}
    assert notes == {"c": "right", "b": "left", "d": "right"}
    assert spec(figure)["layout"]["yaxis"]["title"]["text"] == "component 2 (25.0\u00a0% of the variance)"


def test_other_thresholds_join_the_shares_of_a_metric_and_dash_the_limit_used() -> None:
    table = pd.DataFrame(
        [(k.AREA_UM2, side, mads, 1, share) for side in ("below", "above") for mads, share in ((2, 0.1), (4, 0.0))],
        columns=["metric", "side", "mads", k.N, "share"],
    )
    drawn = spec(roi_charts.at_other_thresholds(table, {(k.AREA_UM2, "above"): 3.0}))
    below = [trace for trace in drawn["data"] if trace["xaxis"] == "x"]
    above = [trace for trace in drawn["data"] if trace["xaxis"] == "x2"]
    assert [(trace["x"], trace["y"]) for trace in below] == [([2, 4, None], [1, -2, None]), ([2, 4], [1, -2])]
    assert (above[0]["x"], above[0]["line"]["dash"]) == ([3, 3, None], "dash")
    assert drawn["layout"]["yaxis"]["ticktext"][0] == "≤0.01"
    assert below[1]["text"][1].endswith("% of cells: 0<br>cells: 1")


def test_before_and_after_leave_out_what_a_failed_roi_lacks() -> None:
    table = pd.DataFrame(
        {k.SAMPLE: ["r1", "r2"], "metric": k.AREA_UM2, "before": [50.0, 60.0], "after": [55.0, np.nan]}
    )
    figure = roi_charts.before_after(table)
    dots = traces(figure, "markers")
    assert (dots["all cells"]["x"], dots["all cells"]["y"]) == ([50, 60], [0, 1])
    assert (dots[roi_charts.PASSING]["x"], dots[roi_charts.PASSING]["y"]) == ([55], [0])
    assert traces(figure, "lines")["both"]["x"] == [50, 55, None]


def test_levels_of_channels_keep_the_order_of_the_sheet() -> None:
    channels = pd.DataFrame(
        {k.SAMPLE: ["b", "b", "a"], "marker": ["x", "y", "x"], "z": [1.0, -2.0, 3.0]},
    )
    heat = spec(roi_charts.channel_levels(channels, ["a", "b"]))["data"][1]
    assert heat["z"] == [[3.0, None], [1.0, -2.0]]


def test_maps_of_a_pair_show_its_cells_over_all_others(cells: pd.DataFrame) -> None:
    rows = pd.DataFrame(
        {
            k.SAMPLE: ["r2", "r1"],
            k.SOURCE: TYPES[0],
            k.TARGET: TYPES[1],
            "log2_enrichment": [1.0, -1.0],
            "observed": [8, 2],
            "expected": 4.0,
        }
    )
    drawn = spec(pair_map(cells, rows, PALETTE, most=100, size=None))
    assert [(group["name"], group["n"]) for group in drawn["groups"]] == [
        *((TYPES[0], 3), (TYPES[1], 1), ("other cells", 2))
    ]
    assert [panel["title"] for panel in drawn["cells"]] == [
        ["r2", "8 contacts, 4.00 expected"],
        ["r1", "2 contacts, 4.00 expected"],
    ]
    assert [places(panel) for panel in drawn["cells"]] == [
        [(60, 8), (0, 4), (30, 2)],
        [(20, 9), (10, 1), (0, 5)],
    ]


def test_of_cells_of_no_concern_few_are_drawn_and_the_figure_says_so(cells: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    many = pd.DataFrame(
        {
            k.SAMPLE: "r1",
            k.X_UM: rng.uniform(0, 100, 9_000),
            k.Y_UM: rng.uniform(0, 100, 9_000),
            k.CELL_TYPE: np.where(np.arange(9_000) < 500, TYPES[0], TYPES[2]),
        }
    )
    rows = pd.DataFrame(
        {
            k.SAMPLE: ["r1"],
            k.SOURCE: TYPES[0],
            k.TARGET: TYPES[1],
            "log2_enrichment": [1.0],
            "observed": 8,
            "expected": 4.0,
        }
    )
    for most, drawn in ((50_000, [500, 1_000]), (1_000, [500, 500]), (100, [100])):
        figure = pair_map(many, rows, PALETTE, most=most, size=None)
        assert [group["n"] for group in spec(figure)["groups"]] == drawn
        assert figure.reading.endswith(f" {sum(drawn):,} of 9,000 cells are drawn.")
