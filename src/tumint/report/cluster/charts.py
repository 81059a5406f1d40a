"""Figures of what typing rests on: gates, stability, other ways of typing, UMAP. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, GREY, SEQUENTIAL
from tumint.charts.sizes import by_similarity, chart_height, chart_width, label_inch
from tumint.report.engine.files import file_name
from tumint.text import fixed, integer, number, percent, setting


def umap(table: pd.DataFrame, palette: Mapping[str, str], n_cells: int) -> Figure | None:
    """UMAP of the contract `UMAP`, by type, with the number of each cluster at its median."""
    if table.empty:
        return None
    types = sorted(set(table[k.CELL_TYPE]), key=lambda name: (name == k.UNCLASSIFIED, name))
    middle = table.groupby(k.CLUSTER, sort=False)[["umap_1", "umap_2"]].median().reset_index()
    points = charts.Cells(table["umap_1"], table["umap_2"], list(table[k.CELL_TYPE]), palette, 5.0, in_um=False)
    panel = charts.Panel(
        [points, charts.Words(middle, "umap_1", "umap_2", k.CLUSTER, "centre")],
        charts.Axis("UMAP 1"),
        charts.Axis("UMAP 2"),
    )
    chart = charts.Chart(
        [panel],
        chart_width(7.8, types),
        5.4,
        legend={name: palette[name] for name in types},
        legend_title="cell type",
        legend_marker="o",
    )
    return charts.Figure(
        "umap",
        "UMAP",
        f"{integer(len(table))} of {integer(n_cells)} cells, similar ones near each other; the number of a cluster is "
        "at its median. Distances between groups mean nothing, and nothing is computed from this picture.",
        table,
        chart,
        themed=False,
    )


def ridges(table: pd.DataFrame, marker: str, gate: float | None, palette: Mapping[str, str]) -> Figure | None:
    """Density of one marker in each type (contract `RIDGES`), with its gate where it has one."""
    rows = table[table["marker"] == marker]
    if rows.empty:
        return None
    mean = (rows["x"] * rows["density"]).groupby(rows[k.CELL_TYPE]).sum()
    mean = mean / rows["density"].groupby(rows[k.CELL_TYPE]).sum()
    order = list(mean.sort_values(ascending=False, kind="stable").index)
    ground = rows[k.CELL_TYPE].map({name: float(i) for i, name in enumerate(order)})
    shown = rows.assign(ground=ground, top=ground - 0.9 * rows["density"])
    colours = {name: palette.get(name, GREY) for name in order}
    layers: list[charts.Layer] = [
        charts.Area(shown, "x", "ground", "top", k.CELL_TYPE, colours, hover={k.CELL_TYPE: "", "x": marker})
    ]
    if gate is not None and np.isfinite(gate):
        at = number(gate) if gate >= 1000 else setting(gate, 3)
        said = pd.DataFrame({"x": [gate], "y": [-1.0], "text": [f"gate {at}"]})
        layers += [charts.Mark(gate, dashed=True), charts.Words(said, "x", "y", "text", "above")]
    panel = charts.Panel(
        layers,
        charts.Axis(f"{marker} (normalised)"),
        charts.Axis(kind="names", names=order, limits=(len(order) - 0.5, -1.2)),
    )
    return charts.Figure(
        f"ridges_{file_name(marker)}",
        f"{marker} by cell type",
        "How the cells of each type are spread over the values of the marker, each ridge to its own height; types that "
        "show most of it on top. "
        + ("Cells right of the dashed gate count as positive." if gate is not None else "The marker has no gate."),
        rows,
        charts.Chart([panel], chart_width(6.6, order), chart_height(len(order), per_row=0.28)),
    )


def stability(table: pd.DataFrame, used: float | None) -> Figure | None:
    """Stability over resolutions (contract `SWEEP`); `used`: the resolution that the cohort was clustered at."""
    if table.empty:
        return None
    rows = table.assign(
        low=table["stability"] - table["sd"],
        high=table["stability"] + table["sd"],
        what=np.where(table["recommended"], "recommended", "tried"),
        kept=~table["recommended"].to_numpy(bool),
    )
    colours = {"recommended": BRIGHT[1], "tried": BRIGHT[0]}
    path = pd.DataFrame(
        {
            "x": rows["resolution"].to_numpy()[:-1],
            "y": rows["stability"].to_numpy()[:-1],
            "x_end": rows["resolution"].to_numpy()[1:],
            "y_end": rows["stability"].to_numpy()[1:],
            "what": "tried",
        }
    )
    hover = {"resolution": "resolution", "stability": "adjusted Rand index", "sd": "sd", "clusters": "clusters"}
    layers: list[charts.Layer] = [
        charts.Lines(path, "x", "y", "x_end", "y_end", "what", colours, width=1.2),
        charts.Lines(rows, "resolution", "low", "resolution", "high", "what", colours, width=1.0),
        charts.Dots(rows, "resolution", "stability", "what", colours, filled="kept", hover=hover),
        charts.Words(rows, "resolution", "stability", "clusters", "above"),
    ]
    if used is not None:
        layers.append(charts.Mark(used, dashed=True))
    panel = charts.Panel(
        layers,
        charts.Axis("resolution"),
        charts.Axis("adjusted Rand index", limits=(0, 1.05), grid=True),
    )
    return charts.Figure(
        "stability",
        "Stability of clusters",
        "How alike the clusters of a part of the cells are to those of four fifths of it, drawn several times (bars: "
        "standard deviation); numbers count the clusters. The hollow dot is the resolution recommended, the dashed "
        "line the one used.",
        table,
        charts.Chart([panel], 6.4, 3.2),
    )


def confusion(table: pd.DataFrame) -> Figure | None:
    """Two ways of typing against each other (contract `CONFUSION`, rows of one pair)."""
    if table.empty:
        return None
    first, second = table["method"].iloc[0], table["other_method"].iloc[0]
    wide = table.pivot_table(index="type", columns="other_type", values=k.N, aggfunc="sum", fill_value=0)
    both = [name for name in wide.index if name in wide.columns]
    wide = wide.loc[[*both, *wide.index.difference(both)], [*both, *wide.columns.difference(both)]]
    share = wide.div(wide.sum(axis=1), axis=0)
    width = label_inch(wide.index) + 0.28 * wide.shape[1] + 1.6
    height = chart_height(len(wide), per_row=0.24, rest=label_inch(wide.columns) + 0.6)
    heat = charts.Heat(share, SEQUENTIAL, (0, 1), "of the row")
    panel = charts.Panel([heat], charts.Axis(f"by {second}"), charts.Axis(f"by {first}"))
    same = float(sum(wide.loc[name, name] for name in both) / max(int(wide.to_numpy().sum()), 1))
    return charts.Figure(
        f"confusion_{file_name(second)}",
        f"Types by {first} and by {second}",
        f"Rows: the types of the cohort; columns: what the other way calls the same cells, as shares of the row. "
        f"{percent(same)} of cells have the same type by both.",
        table,
        charts.Chart([panel], max(width, 4.5), height),
    )


def positive(table: pd.DataFrame) -> Figure | None:
    """Share of positive cells, types × markers (from the contract `STATES`)."""
    if table.empty:
        return None
    total = table.groupby([k.CELL_TYPE, "marker"], sort=False)[["positive", k.N]].sum()
    total["share"] = total["positive"] / total[k.N]
    wide = total.reset_index().pivot_table(index=k.CELL_TYPE, columns="marker", values="share", sort=False)
    wide = 100 * wide.loc[by_similarity(wide)]
    width = label_inch(wide.index) + 0.45 * wide.shape[1] + 1.6
    height = chart_height(len(wide), per_row=0.24, rest=label_inch(wide.columns) + 0.5)
    written = wide.map(lambda share: "" if np.isnan(share) else fixed(share, 0))
    heat = charts.Heat(wide, SEQUENTIAL, (0, 100), "% of cells positive", written=written)
    return charts.Figure(
        "positive_cells",
        "Positive cells by type",
        "Per cent of the cells of a type that are above the gate of the marker.",
        total.reset_index(),
        charts.Chart([charts.Panel([heat])], max(width, 4.5), height),
    )
