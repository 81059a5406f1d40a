"""Figures of what typing rests on: gates, stability, other ways of typing, UMAP. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint import style


@style.drawn
def umap(table: pd.DataFrame, palette: Mapping[str, str], n_cells: int) -> style.Figure | None:
    """UMAP of the contract `UMAP`, by type, with the number of each cluster at its median."""
    if table.empty:
        return None
    types = sorted(set(table[k.CELL_TYPE]), key=lambda name: (name == k.UNCLASSIFIED, name))
    drawing, (ax,) = style.canvas(style.chart_width(7.8, types), 5.4)
    shade = [palette[name] for name in table[k.CELL_TYPE]]
    ax.scatter(table["umap_1"], table["umap_2"], s=5, c=shade, linewidths=0, rasterized=True)
    middle = table.groupby(k.CLUSTER, sort=False)[["umap_1", "umap_2"]].median()
    for name, x, y in middle.itertuples():
        ax.text(x, y, str(name), ha="center", va="center", fontsize=8, fontweight="bold")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("UMAP 1")
    ax.set_ylabel("UMAP 2")
    style.legend_right(ax, {name: palette[name] for name in types}, "cell type", marker="o")
    return style.Figure(
        "umap",
        "UMAP",
        f"{len(table):,} of {n_cells:,} cells, alike ones near each other; the number of a cluster is at its median. "
        "Distances between groups mean nothing, and nothing is computed from this picture.",
        table,
        drawing,
        themed=False,
    )


@style.drawn
def ridges(table: pd.DataFrame, marker: str, gate: float | None, palette: Mapping[str, str]) -> style.Figure | None:
    """Density of one marker in each type (contract `RIDGES`), with its gate where it has one."""
    rows = table[table["marker"] == marker]
    if rows.empty:
        return None
    mean = (rows["x"] * rows["density"]).groupby(rows[k.CELL_TYPE]).sum()
    mean = mean / rows["density"].groupby(rows[k.CELL_TYPE]).sum()
    order = list(mean.sort_values(ascending=False, kind="stable").index)
    drawing, (ax,) = style.canvas(style.chart_width(6.6, order), style.chart_height(len(order), per_row=0.28))
    for i, name in enumerate(order):
        part = rows[rows[k.CELL_TYPE] == name]
        x, top = part["x"].to_numpy(float), i - 0.9 * part["density"].to_numpy(float)
        ax.fill_between(x, i, top, color=palette.get(name, style.GREY), lw=0, alpha=0.85)
        ax.plot(x, top, color=style.INK, lw=0.5)
    style.row_axis(ax, order)
    ax.set_ylim(len(order) - 0.5, -1.1)
    if gate is not None and np.isfinite(gate):
        ax.axvline(gate, color=style.INK, lw=1, ls="--")
        ax.text(gate, -1.05, f" gate {gate:.3g}", va="top", ha="left", fontsize=8)
    ax.set_xlabel(f"{marker} (normalised)")
    return style.Figure(
        f"ridges_{style.file_name(marker)}",
        f"{marker} by cell type",
        "How the cells of each type are spread over the values of the marker, each ridge to its own height; types that "
        "show most of it on top. "
        + ("Cells right of the dashed gate count as positive." if gate is not None else "The marker has no gate."),
        rows,
        drawing,
    )


@style.drawn
def stability(table: pd.DataFrame, used: float | None) -> style.Figure | None:
    """Stability over resolutions (contract `SWEEP`); `used`: the resolution that the cohort was clustered at."""
    if table.empty:
        return None
    drawing, (ax,) = style.canvas(6.4, 3.2)
    ax.grid(axis="y")
    at = table["resolution"].to_numpy(float)
    ax.errorbar(at, table["stability"], yerr=table["sd"], color=style.INK, lw=1.2, marker="o", ms=4, capsize=2)
    for x, y, n in zip(at, table["stability"], table["clusters"], strict=True):
        ax.annotate(str(n), (x, y), xytext=(4, 5), textcoords="offset points", fontsize=8)
    best = table[table["recommended"]]
    ax.scatter(best["resolution"], best["stability"], s=90, facecolors="none", edgecolors=style.BRIGHT[1], lw=1.8)
    if used is not None:
        ax.axvline(used, color=style.BRIGHT[0], lw=1, ls="--")
    ax.set_xlabel("resolution (dashed: the one used; ringed: recommended)")
    ax.set_ylabel("adjusted Rand index")
    ax.set_ylim(0, 1.05)
    return style.Figure(
        "stability",
        "Stability of clusters",
        "How alike the clusters of a part of the cells are to those of four fifths of it, drawn several times (bars: "
        "standard deviation); numbers count the clusters.",
        table,
        drawing,
    )


@style.drawn
def confusion(table: pd.DataFrame) -> style.Figure | None:
    """Two ways of typing against each other (contract `CONFUSION`, rows of one pair)."""
    if table.empty:
        return None
    first, second = table["method"].iloc[0], table["other_method"].iloc[0]
    wide = table.pivot_table(index="type", columns="other_type", values=k.N, aggfunc="sum", fill_value=0)
    both = [name for name in wide.index if name in wide.columns]
    wide = wide.loc[[*both, *wide.index.difference(both)], [*both, *wide.columns.difference(both)]]
    share = wide.div(wide.sum(axis=1), axis=0)
    width = style.label_inch(wide.index) + 0.28 * wide.shape[1] + 1.6
    height = style.chart_height(len(wide), per_row=0.24, rest=style.label_inch(wide.columns) + 0.6)
    drawing, (ax,) = style.canvas(max(width, 4.5), height)
    style.heatmap(ax, share, cmap=style.SEQUENTIAL, limits=(0, 1), label="share of the row")
    ax.set_ylabel(f"by {first}")
    ax.set_xlabel(f"by {second}")
    same = float(sum(wide.loc[name, name] for name in both) / max(int(wide.to_numpy().sum()), 1))
    return style.Figure(
        f"confusion_{style.file_name(second)}",
        f"Types by {first} and by {second}",
        f"Rows: the types of the cohort; columns: what the other way calls the same cells. {same:.1%} of cells have "
        "the same type by both.",
        table,
        drawing,
    )


@style.drawn
def positive(table: pd.DataFrame) -> style.Figure | None:
    """Share of positive cells, types × markers (from the contract `STATES`)."""
    if table.empty:
        return None
    total = table.groupby([k.CELL_TYPE, "marker"], sort=False)[["positive", k.N]].sum()
    total["share"] = total["positive"] / total[k.N]
    wide = total.reset_index().pivot_table(index=k.CELL_TYPE, columns="marker", values="share", sort=False)
    wide = wide.loc[style.by_similarity(wide)]
    width = style.label_inch(wide.index) + 0.45 * wide.shape[1] + 1.6
    height = style.chart_height(len(wide), per_row=0.24, rest=style.label_inch(wide.columns) + 0.5)
    drawing, (ax,) = style.canvas(max(width, 4.5), height)
    mesh = style.heatmap(ax, wide, cmap=style.SEQUENTIAL, limits=(0, 1), label="share of positive cells")
    values = wide.to_numpy(float)
    for i, j in np.argwhere(np.isfinite(values)):
        dark = sum(mesh.cmap(values[i, j])[:3]) < 1.5
        colour = style.PAPER if dark else "#1b1b1e"
        ax.text(j + 0.5, i + 0.5, f"{100 * values[i, j]:.0f}", ha="center", va="center", fontsize=7.5, color=colour)
    return style.Figure(
        "positive_cells",
        "Positive cells by type",
        "Per cent of the cells of a type that are above the gate of the marker.",
        total.reset_index(),
        drawing,
    )
