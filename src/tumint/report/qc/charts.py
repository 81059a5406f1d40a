"""Figures of quality control about whole ROIs: against each other, before and after, at other thresholds.

Tables in, figures out; those about single cells are in `figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, DIVERGING, GREY, RULE, level_colours, type_colours
from tumint.charts.sizes import chart_height, chart_width
from tumint.qc.words import METRICS
from tumint.report.engine.files import file_name
from tumint.text import percent, setting

_MOST_MARKERS = 60
PASSING = "cells that pass"
_LEAST_PERCENT = 0.01  # where the axis of removed cells begins


def components(rois: pd.DataFrame, column: str) -> Figure | None:
    """ROIs by the first two principal components of their channels, coloured by `column` of the sheet."""
    table = rois.dropna(subset=["pc1", "pc2"])
    if table.empty:
        return None
    palette = level_colours(table[column])
    shown = table.assign(passes=(table[k.STATUS] == "pass").to_numpy(bool))
    distance = np.hypot(table["pc1"].to_numpy(float), table["pc2"].to_numpy(float))
    outer = table.iloc[distance.argsort(kind="stable")[::-1][:3].tolist()]
    x, y = (
        charts.Axis(
            f"component {i} ({percent(table[f'explained{i}'].iloc[0])} of the variance)",
            limits=_widened(table[f"pc{i}"], share),
            grid=True,
        )
        for i, share in ((1, 0.12), (2, 0.08))
    )
    layers: list[charts.Layer] = [
        charts.Dots(
            *(shown, "pc1", "pc2", column, palette),
            size=42,
            filled="passes",
            hover={k.SAMPLE: "", column: column, k.STATUS: "verdict"},
        ),
        charts.Words(outer, "pc1", "pc2", k.SAMPLE),
    ]
    chart = charts.Chart([charts.Panel(layers, x, y)], 7.4, 4.6, legend=palette, legend_title=column, legend_marker="o")
    return charts.Figure(
        f"components_{file_name(column)}",
        f"ROIs by their mean signal, coloured by {column}",
        "A dot is a ROI; near ones have like levels in all channels. Hollow ones failed; the three furthest out are "
        "named. ROIs that separate by staining batch and not by arm were stained differently.",
        table[[k.SAMPLE, column, "pc1", "pc2", "explained1", "explained2", k.STATUS]],
        chart,
    )


def _widened(values: pd.Series, share: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = share * max(high - low, 1e-6)
    return low - pad, high + pad


def channel_levels(channels: pd.DataFrame, samples: Sequence[str]) -> Figure | None:
    """Robust z of each channel in each ROI; `channels` as `QC_CHANNELS_Z`."""
    wide = channels.pivot_table(index=k.SAMPLE, columns="marker", values="z", sort=False, dropna=False)
    wide = wide.reindex([sample for sample in samples if sample in wide.index]).iloc[:, :_MOST_MARKERS]
    if wide.empty or not wide.notna().any(axis=None):
        return None
    width, height = chart_width(2.6 + 0.2 * wide.shape[1], wide.index), chart_height(len(wide), rest=1.7)
    heat = charts.Heat(wide, DIVERGING, (-6, 6), "robust z among the ROIs")
    return charts.Figure(
        "channel_levels",
        "Level of each channel in each ROI against the cohort",
        "Blue: weaker than in the other ROIs, red: stronger, in scaled median absolute deviations; beyond 3.5 a "
        "channel counts as weak or bright. A row of one colour is a ROI that was stained, measured or cut differently.",
        wide.reset_index(),
        charts.Chart([charts.Panel([heat])], width, height),
    )


def before_after(table: pd.DataFrame) -> Figure | None:
    """Median of each metric in each ROI, of all its cells and of those that pass; `sample, metric, before, after`."""
    shown = [name for name in METRICS if name in set(table["metric"])][:4]
    if not shown:
        return None
    samples = list(dict.fromkeys(table[k.SAMPLE]))
    at = {sample: float(i) for i, sample in enumerate(samples)}
    rows = table.assign(at=table[k.SAMPLE].map(at).astype(float), change="both", every="all cells", those=PASSING)
    colours = {"all cells": GREY, PASSING: BRIGHT[0], "both": RULE}
    chart = charts.Chart(
        [_before_after_panel(rows[rows["metric"] == name], METRICS[name], samples, colours) for name in shown],
        chart_width(9.6, samples),
        chart_height(len(samples), per_row=0.17),
        columns=len(shown),
        share_y=True,
        legend={name: colours[name] for name in ("all cells", PASSING)},
        legend_title="median of",
        legend_marker="o",
    )
    return charts.Figure(
        "before_after",
        "Before and after: the median cell of each ROI",
        "Grey dot: all cells; blue: those that go on. Where the two lie far apart, what was dropped was not a few odd "
        "cells. A ROI that failed has no blue dot.",
        table,
        chart,
    )


def _before_after_panel(
    rows: pd.DataFrame, title: str, samples: Sequence[str], colours: Mapping[str, str]
) -> charts.Panel:
    both = rows.dropna(subset=["before", "after"])
    hover = {k.SAMPLE: "", "before": "all cells", "after": PASSING}
    return charts.Panel(
        [
            charts.Lines(both, "before", "at", "after", "at", "change", colours, width=2.0),
            charts.Dots(rows.dropna(subset=["before"]), "before", "at", "every", colours, size=18, hover=hover),
            charts.Dots(rows.dropna(subset=["after"]), "after", "at", "those", colours, size=18, hover=hover),
        ],
        charts.Axis(title, grid=True),
        charts.Axis(kind="names", names=list(samples)),
    )


def at_other_thresholds(table: pd.DataFrame, chosen: Mapping[tuple[str, str], float]) -> Figure | None:
    """Share of cells that a limit of so many MADs would remove; `table` as `whatif.removed_by_deviation`.

    `chosen` are the MADs of the config, by metric and side.
    """
    shown = [name for name in METRICS if name in set(table["metric"])]
    if not shown:
        return None
    palette = dict(zip([METRICS[name] for name in shown], type_colours(shown).values(), strict=True))
    rows = table[table["metric"].isin(shown)].assign(
        name=table["metric"].map(METRICS),
        percent=100 * table["share"],
        place=charts.log10(100 * table["share"], _LEAST_PERCENT),
    )
    top = np.log10(max(1.3 * float(rows["percent"].max()), 10 * _LEAST_PERCENT))
    used = pd.DataFrame(
        [(METRICS[name], side, mads, np.log10(_LEAST_PERCENT), top) for (name, side), mads in chosen.items()],
        columns=["name", "side", "mads", "from", "to"],
    )
    used = used[used["name"].isin(palette)]
    chart = charts.Chart(
        [
            _threshold_panel(rows[rows["side"] == side], used[used["side"] == side], side, palette, top)
            for side in ("below", "above")
        ],
        9.2,
        3.2,
        columns=2,
        share_y=True,
        legend=palette,
        legend_title="metric",
        legend_marker="o",
    )
    return charts.Figure(
        "other_thresholds",
        "What limits by deviation would remove",
        "Each line is one metric with a limit on it alone; a dashed line is the limit that was used. Steep where the "
        "limit cuts into the bulk of the cells, flat where only odd cells are left to remove. Logarithmic scale, at "
        f"whose start lies every share up to {setting(_LEAST_PERCENT)} %.",
        table,
        chart,
    )


def _threshold_panel(
    rows: pd.DataFrame, used: pd.DataFrame, side: str, palette: Mapping[str, str], top: float
) -> charts.Panel:
    rows = rows.sort_values(["name", "mads"], kind="stable")
    following = rows.groupby("name", sort=False)[["mads", "place"]].shift(-1)
    path = rows.assign(mads_next=following["mads"], place_next=following["place"]).dropna(subset=["mads_next"])
    hover = {"name": "", "mads": f"MADs {side}", "percent": "% of cells", "n": "cells"}
    return charts.Panel(
        [
            charts.Lines(used, "mads", "from", "mads", "to", "name", palette, width=1.0, dashed=True),
            charts.Lines(path, "mads", "place", "mads_next", "place_next", "name", palette, width=1.3),
            charts.Dots(rows, "mads", "place", "name", palette, size=12, hover=hover),
        ],
        charts.Axis(f"MADs {side} the ROI's median", grid=True),
        charts.Axis(
            "% of the cells removed",
            "log",
            limits=(np.log10(_LEAST_PERCENT), top),
            grid=True,
            floor=_LEAST_PERCENT,
        ),
    )
