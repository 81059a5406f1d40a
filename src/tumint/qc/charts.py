"""Figures of quality control about whole ROIs: against each other, before and after, at other thresholds.

Tables in, figures out; those about single cells are in `figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint import style
from tumint.qc.words import METRICS

_MOST_MARKERS = 60


@style.drawn
def components(rois: pd.DataFrame, column: str) -> style.Figure | None:
    """ROIs by the first two principal components of their channels, coloured by `column` of the sheet."""
    table = rois.dropna(subset=["pc1", "pc2"])
    if table.empty:
        return None
    palette = style.level_colours(table[column])
    drawing, (ax,) = style.canvas(7.4, 4.6)
    ax.grid(True)
    for level, part in table.groupby(column, sort=False):
        for failed, marker in ((False, "o"), (True, "X")):
            rows = part[(part[k.STATUS] != "pass") == failed]
            colour, edge = palette[str(level)], style.INK
            ax.scatter(rows["pc1"], rows["pc2"], color=colour, marker=marker, s=42, edgecolors=edge, linewidths=0.6)
    distance = np.hypot(table["pc1"].to_numpy(float), table["pc2"].to_numpy(float))
    outer = table.iloc[distance.argsort(kind="stable")[::-1][:3].tolist()]
    for row in outer.to_dict("records"):
        name = style.shortened(row[k.SAMPLE], 22)
        ax.annotate(name, (row["pc1"], row["pc2"]), xytext=(5, 4), textcoords="offset points", fontsize=7.5)
    for i, label in ((1, ax.set_xlabel), (2, ax.set_ylabel)):
        label(f"component {i} ({100 * table[f'explained{i}'].iloc[0]:.0f} % of the variance)")
    style.legend_right(ax, palette, column, marker="o")
    return style.Figure(
        f"components_{style.file_name(column)}",
        f"ROIs by their mean signal, coloured by {column}",
        "A dot is a ROI; near ones have like levels in all channels. Crosses failed; the three furthest out are named. "
        "ROIs that part by staining batch and not by arm were stained differently.",
        table[[k.SAMPLE, column, "pc1", "pc2", "explained1", "explained2", k.STATUS]],
        drawing,
    )


@style.drawn
def channel_levels(channels: pd.DataFrame, samples: Sequence[str]) -> style.Figure | None:
    """Robust z of each channel in each ROI; `channels` as `QC_CHANNELS_Z`."""
    wide = channels.pivot_table(index=k.SAMPLE, columns="marker", values="z", sort=False, dropna=False)
    wide = wide.reindex([sample for sample in samples if sample in wide.index]).iloc[:, :_MOST_MARKERS]
    if wide.empty or not wide.notna().any(axis=None):
        return None
    width, height = style.chart_width(2.6 + 0.2 * wide.shape[1], wide.index), style.chart_height(len(wide), rest=1.7)
    drawing, (ax,) = style.canvas(width, height)
    style.heatmap(ax, wide, cmap=style.DIVERGING, limits=(-6, 6), label="robust z among the ROIs")
    return style.Figure(
        "channel_levels",
        "Level of each channel in each ROI against the cohort",
        "Blue: weaker than in the other ROIs, red: stronger, in scaled median absolute deviations; beyond 3.5 a "
        "channel counts as weak or bright. A row of one colour is a ROI that was stained, measured or cut differently.",
        wide.reset_index(),
        drawing,
    )


@style.drawn
def before_after(table: pd.DataFrame) -> style.Figure | None:
    """Median of each metric in each ROI, of all its cells and of those that pass; `sample, metric, before, after`."""
    shown = [name for name in METRICS if name in set(table["metric"])][:4]
    if not shown:
        return None
    samples = list(dict.fromkeys(table[k.SAMPLE]))
    width, height = style.chart_width(9.6, samples), style.chart_height(len(samples), per_row=0.17)
    drawing, axes = style.canvas(width, height, 1, len(shown), sharey=True)
    at = np.arange(len(samples))
    for ax, name in zip(axes, shown, strict=True):
        rows = table[table["metric"] == name].set_index(k.SAMPLE).reindex(samples)
        ax.grid(axis="x")
        ax.hlines(at, rows["before"], rows["after"], color=style.RULE, lw=2)
        ax.scatter(rows["before"], at, color=style.PAPER, edgecolors=style.INK, linewidths=0.8, s=18, zorder=2)
        ax.scatter(rows["after"], at, color=style.BRIGHT[0], s=18, zorder=3)
        ax.set_xlabel(METRICS[name])
    style.row_axis(axes[0], samples)
    style.legend_right(axes[-1], {"all cells": style.PAPER, "cells that pass": style.BRIGHT[0]}, marker="o")
    return style.Figure(
        "before_after",
        "Before and after: the median cell of each ROI",
        "Open dot: all cells; filled: those that go on. Where the two lie far apart, what was dropped was not a few "
        "odd cells. A ROI that failed has no filled dot.",
        table,
        drawing,
    )


@style.drawn
def at_other_thresholds(table: pd.DataFrame, chosen: Mapping[tuple[str, str], float]) -> style.Figure | None:
    """Share of cells that a limit of so many MADs would remove; `table` as `whatif.removed_by_deviation`.

    `chosen` are the MADs of the config, by metric and side.
    """
    shown = [name for name in METRICS if name in set(table["metric"])]
    if not shown:
        return None
    palette = dict(zip(shown, style.colours(shown).values(), strict=True))
    drawing, axes = style.canvas(9.2, 3.2, 1, 2, sharey=True)
    for ax, side in zip(axes, ("below", "above"), strict=True):
        ax.grid(True)
        for name in shown:
            rows = table[(table["metric"] == name) & (table["side"] == side)]
            ax.plot(rows["mads"], 100 * rows["share"], color=palette[name], marker="o", ms=3, lw=1.3)
            if (name, side) in chosen:
                ax.axvline(chosen[name, side], color=palette[name], lw=1, ls="--")
        ax.set_yscale("symlog", linthresh=0.1, linscale=0.4)
        ax.set_yticks([0, 0.1, 1, 10], ["0", "0.1", "1", "10"])
        ax.set_xlabel(f"MADs {side} the ROI's median")
    axes[0].set_ylabel("% of the cells removed")
    style.legend_right(axes[1], {METRICS[name]: palette[name] for name in shown}, marker="o")
    return style.Figure(
        "other_thresholds",
        "What limits by deviation would remove",
        "Each line is one metric with a limit on it alone; a dashed line is the limit that was used. Steep where the "
        "limit cuts into the bulk of the cells, flat where only odd cells are left to remove.",
        table,
        drawing,
    )
