"""Figures of the comparison of subjects: forest, volcano, dots per subject, effects by pair. Tables in, figures out.

Effects come in log2 units (`log2_effect`, `log2_low`, `log2_high`), so that families share an axis of ratios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint import style

REFERENCE_COLOUR, GROUP_COLOUR = style.BRIGHT[0], style.BRIGHT[1]


@style.drawn
def forest(table: pd.DataFrame, contrast: Mapping[str, Any]) -> style.Figure | None:
    """Effects with their 95 % intervals.

    Parameters
    ----------
    table
        `name, family_name, log2_effect, log2_low, log2_high, q, significant`, in the order of the rows of the figure.
    contrast
        `name`, `group` and `reference`.
    """
    if table.empty:
        return None
    evidence = (
        "Filled dots are below the false discovery rate asked for, hollow ones are not."
        if table["q"].notna().any()
        else "Hollow dots: without a p, an effect is no evidence."
    )
    return style.Figure(
        f"forest_{contrast['name']}",
        f"Effects: {contrast['group']} against {contrast['reference']}",
        f"Each dot is an effect as a ratio, each line its 95 % interval; right of 1× is more in {contrast['group']}. "
        f"{evidence}",
        table,
        _dots_and_intervals(table, f"{contrast['group']} / {contrast['reference']}"),
    )


@style.drawn
def outcome_forest(table: pd.DataFrame, name: str, *, survival: bool) -> style.Figure | None:
    """What goes with an outcome, with 95 % intervals; `table` as that of `forest`."""
    if table.empty:
        return None
    what = (
        "how many times the hazard is with one standard deviation more of the feature"
        if survival
        else f"how many times the feature is with one standard deviation more of {name}"
    )
    return style.Figure(
        f"forest_{name}",
        f"What goes with {name}",
        f"Each dot says {what}, each line is its 95 % interval. Filled dots are below the false discovery rate asked "
        "for, hollow ones are not.",
        table,
        _dots_and_intervals(table, "hazard ratio" if survival else f"ratio per standard deviation of {name}"),
    )


def _dots_and_intervals(table: pd.DataFrame, label: str) -> Any:
    """A row per effect, in log2 units, coloured by family."""
    drawing, (ax,) = style.canvas(
        style.chart_width(8.6, table["name"], 60), style.chart_height(len(table), per_row=0.24)
    )
    at = np.arange(len(table))
    palette = style.level_colours(table["family_name"])
    shade = table["family_name"].map(palette).tolist()
    limits = _limits(table, ["log2_effect", "log2_low", "log2_high"])
    ax.grid(axis="x")
    ax.axvline(0, color=style.INK, lw=0.8)
    ax.hlines(at, table["log2_low"].clip(*limits), table["log2_high"].clip(*limits), color=shade, lw=1.6)
    fill = [colour if hit else style.PAPER for colour, hit in zip(shade, table["significant"], strict=True)]
    ax.scatter(table["log2_effect"].clip(*limits), at, c=fill, edgecolors=shade, s=38, linewidths=1.4, zorder=3)
    style.ratio_axis(ax, limits)
    style.row_axis(ax, list(table["name"]), 60)
    ax.set_xlabel(label)
    style.legend_right(ax, palette, "family", marker="o")
    return drawing


def _limits(table: pd.DataFrame, columns: Sequence[str]) -> tuple[float, float]:
    """A range that shows every effect, and intervals up to 3 log2 units beyond them."""
    effect = table[columns[0]].to_numpy(float)
    all_values = table[list(columns)].to_numpy(float)
    low = max(float(np.nanmin(all_values)), float(np.nanmin(effect)) - 3)
    high = min(float(np.nanmax(all_values)), float(np.nanmax(effect)) + 3)
    return min(low, -0.5), max(high, 0.5)


@style.drawn
def volcano(table: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> style.Figure | None:
    """Effect against p, a panel per family.

    Parameters
    ----------
    table
        `name, family_name, log2_effect, p, q, significant` of tested features, families in the order of the panels.
    """
    if table.empty:
        return None
    families = list(dict.fromkeys(table["family_name"]))
    cols = min(2, len(families))
    rows = -(-len(families) // cols)
    drawing, axes = style.canvas(4.9 * cols, 0.3 + 3.0 * rows, rows, cols, sharey=True)
    drawing.get_layout_engine().set(wspace=0.05)  # type: ignore[union-attr, call-arg]
    table = table.assign(minus_log10_p=-np.log10(table["p"].clip(lower=1e-300)))
    top = max(1.4, float(table["minus_log10_p"].max()) * 1.12)
    for ax, family in zip(axes, families, strict=False):
        part = table[table["family_name"] == family]
        hit = part["significant"].to_numpy(bool)
        colour = np.where(hit, np.where(part["log2_effect"] > 0, GROUP_COLOUR, REFERENCE_COLOUR), style.GREY)
        ax.grid()
        ax.axvline(0, color=style.INK, lw=0.8)
        ax.scatter(
            *(part["log2_effect"], part["minus_log10_p"]),
            **{"c": colour.tolist(), "s": np.where(hit, 26, 14), "edgecolors": style.INK, "linewidths": 0.25},
        )
        reach = max(0.5, float(part["log2_effect"].abs().max()) * 1.15)
        style.ratio_axis(ax, (-reach, reach))
        ax.set_ylim(0, top)
        ax.set_title(f"{family} ({hit.sum()} of {len(part)})")
        _label_hits(ax, part[hit].sort_values("p", kind="stable").head(4), top)
    for ax in axes[len(families) :]:
        ax.set_visible(False)
    for ax in axes[::cols]:
        ax.set_ylabel("−log10 p")
    drawing.supxlabel(f"{contrast['group']} / {contrast['reference']}", fontsize=9)
    return style.Figure(
        f"volcano_{contrast['name']}",
        f"All features: {contrast['group']} against {contrast['reference']}",
        f"Each dot is a feature: to the right more in {contrast['group']}, further up less easily chance. Coloured "
        f"dots have q < {fdr:g} within their family; in brackets how many.",
        table,
        drawing,
    )


def _label_hits(ax: Any, hits: pd.DataFrame, top: float) -> None:
    """Names of the strongest hits, moved down where one would lie on another."""
    taken: list[float] = []
    for row in hits.to_dict("records"):
        y = row["minus_log10_p"]
        while any(abs(y - other) < top * 0.065 for other in taken):
            y -= top * 0.067
        taken.append(y)
        right = row["log2_effect"] > 0
        ax.annotate(
            style.shortened(row["name"], 44),
            (row["log2_effect"], row["minus_log10_p"]),
            (-5 if right else 5, (y - row["minus_log10_p"]) / top * 140),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            fontsize=7,
        )


@style.drawn
def subject_dots(
    subjects: pd.DataFrame, rois: pd.DataFrame, titles: Mapping[str, str], contrast: Mapping[str, Any]
) -> style.Figure | None:
    """Values of subjects, and of their ROIs, for chosen features, a panel each.

    Parameters
    ----------
    subjects
        `id, level, subject, log2_value`: `id` names the feature.
    rois
        `id, level, subject, sample, log2_value`; may be empty.
    titles
        `{id: title}` in the order of the panels.
    """
    if subjects.empty or not titles:
        return None
    cols = min(3, len(titles))
    rows = -(-len(titles) // cols)
    levels = [contrast["reference"], contrast["group"]]
    drawing, axes = style.canvas(3.1 * cols + 0.4, 0.3 + 2.5 * rows, rows, cols)
    for ax, (key, title) in zip(axes, titles.items(), strict=False):
        mine, small = subjects[subjects["id"] == key], rois[rois["id"] == key]
        ax.grid(axis="y")
        for i, (level, colour) in enumerate(zip(levels, (REFERENCE_COLOUR, GROUP_COLOUR), strict=True)):
            part = mine[mine["level"] == level]
            names = list(part[k.SUBJECT])
            at = dict(zip(names, i + np.linspace(-0.3, 0.3, len(names)) if len(names) > 1 else [float(i)], strict=True))
            dots = small[small[k.SUBJECT].isin(at)]
            ax.scatter(dots[k.SUBJECT].map(at), dots["log2_value"], s=9, color=style.GREY, edgecolors="none", zorder=2)
            ax.scatter(
                *(part[k.SUBJECT].map(at), part["log2_value"]),
                **{"s": 40, "color": colour, "edgecolors": style.INK, "linewidths": 0.5, "zorder": 3},
            )
            if len(part):
                ax.hlines(part["log2_value"].mean(), i - 0.4, i + 0.4, color=colour, lw=1.5)
        ax.set_xlim(-0.6, 1.6)
        ax.set_xticks([0, 1], [style.shortened(level, 16) for level in levels])
        ax.set_title("\n".join(style.shortened(line) for line in title.split("\n")), fontsize=8)
        values = np.concatenate([mine["log2_value"], small["log2_value"]])
        style.ratio_axis(ax, _padded(values[np.isfinite(values)]), which="y")
    for ax in axes[len(titles) :]:
        ax.set_visible(False)
    return style.Figure(
        f"subjects_{contrast['name']}",
        "The subjects behind the effects",
        "Each large dot is a subject, the unit that is compared; small grey dots above and below it are its ROIs, the "
        "line is the mean of the group. Interactions: observed / expected contacts; composition: odds; density: cells "
        "per mm²; distance: µm.",
        pd.concat([subjects.assign(what="subject"), rois.assign(what="roi")], ignore_index=True),
        drawing,
    )


def _padded(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    if not values.size:
        return -0.5, 0.5
    pad = 0.08 * max(float(np.ptp(values)), 0.5)
    return float(values.min()) - pad, float(values.max()) + pad


@style.drawn
def effect_heatmap(table: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> style.Figure | None:
    """Effects of the primary interactions by pair of types.

    Parameters
    ----------
    table
        `source, target, log2_effect, q, significant`.
    """
    if table.empty or not table["log2_effect"].notna().any():
        return None
    names = sorted({*table[k.SOURCE], *table[k.TARGET]})
    effect = pd.DataFrame(np.nan, index=names, columns=names)
    mark = pd.DataFrame(False, index=names, columns=names)
    both_ways = not table.duplicated([k.SOURCE, k.TARGET]).any() and not _directed(table)
    for row in table.to_dict("records"):
        places = [(row[k.SOURCE], row[k.TARGET]), *([(row[k.TARGET], row[k.SOURCE])] if both_ways else [])]
        for source, target in places:
            effect.loc[source, target] = row["log2_effect"]
            mark.loc[source, target] = bool(row["significant"])
    order = style.by_similarity(effect)
    effect, mark = effect.loc[order, order], mark.loc[order, order]
    limit = float(np.clip(np.nanmax(np.abs(effect.to_numpy(float))), 0.5, 3.0))
    side, label = max(0.27 * len(order), 1.4), style.label_inch(order)
    drawing, (ax,) = style.canvas(label + side + 1.4, label + side + 0.6)
    style.heatmap(ax, effect, cmap=style.DIVERGING, limits=(-limit, limit), label="log2 effect")
    rows, cols = np.nonzero(mark.to_numpy(bool))
    ax.scatter(cols + 0.5, rows + 0.5, s=16, color="#000000", edgecolors="#FFFFFF", linewidths=0.7)
    return style.Figure(
        f"effects_by_pair_{contrast['name']}",
        f"Interactions: {contrast['group']} against {contrast['reference']}",
        f"Red pairs touch more often in {contrast['group']}, blue ones more in {contrast['reference']}, relative to "
        f"chance; a dot marks q < {fdr:g}; grey pairs could not be compared.",
        table,
        drawing,
    )


def _directed(table: pd.DataFrame) -> bool:
    """Whether both a→b and b→a are among the pairs."""
    pairs = set(zip(table[k.SOURCE], table[k.TARGET], strict=True))
    return any((b, a) in pairs for a, b in pairs if a != b)
