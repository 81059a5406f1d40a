"""Figures of the comparison of subjects: forest, volcano, dots per subject, effects by pair. Tables in, figures out.

Effects come in log2 units (`log2_effect`, `log2_low`, `log2_high`), so that families share an axis of ratios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, DIVERGING, GREY, level_colours
from tumint.charts.sizes import by_similarity, chart_height, chart_width, label_inch
from tumint.text import setting

REFERENCE_COLOUR, GROUP_COLOUR = BRIGHT[0], BRIGHT[1]
NO_EVIDENCE = "above the rate asked for"


def forest(table: pd.DataFrame, contrast: Mapping[str, Any], found: int = 0) -> Figure | None:
    """Effects with their 95 % intervals.

    Parameters
    ----------
    table
        `name, family_name, log2_effect, log2_low, log2_high, q, significant`, in the order of the rows of the figure.
    contrast
        `name`, `group` and `reference`.
    found
        Findings that could be drawn.
    """
    if table.empty:
        return None
    evidence = (
        "Filled dots are below the false discovery rate asked for, hollow ones are not."
        if table["q"].notna().any()
        else "Hollow dots: without a p, an effect is no evidence."
    )
    drawn = int(table["significant"].sum())
    some = f" These are {drawn} of {found} findings, some of every kind; the table of findings has all."
    return charts.Figure(
        f"forest_{contrast['name']}",
        f"Effects: {contrast['group']} against {contrast['reference']}",
        f"Each dot is an effect as a ratio, each line its 95 % interval; right of 1× is more in {contrast['group']}. "
        f"{evidence}{some if found > drawn else ''}",
        table,
        _dots_and_intervals(table, f"{contrast['group']} / {contrast['reference']}"),
    )


def outcome_forest(table: pd.DataFrame, name: str, *, survival: bool) -> Figure | None:
    """What goes with an outcome, with 95 % intervals; `table` as that of `forest`."""
    if table.empty:
        return None
    what = (
        "how many times the hazard is with one standard deviation more of the feature"
        if survival
        else f"how many times the feature is with one standard deviation more of {name}"
    )
    return charts.Figure(
        f"forest_{name}",
        f"What goes with {name}",
        f"Each dot says {what}, each line is its 95 % interval. Filled dots are below the false discovery rate asked "
        "for, hollow ones are not.",
        table,
        _dots_and_intervals(table, "hazard ratio" if survival else f"ratio per standard deviation of {name}"),
    )


def _dots_and_intervals(table: pd.DataFrame, label: str) -> charts.Chart:
    """A row per effect, in log2 units, coloured by family."""
    palette = level_colours(table["family_name"])
    limits = _limits(table, ["log2_effect", "log2_low", "log2_high"])
    shown = table.assign(at=np.arange(len(table), dtype=float), ratio=2.0 ** table["log2_effect"])
    for column in ("log2_effect", "log2_low", "log2_high"):
        shown[column] = shown[column].clip(*limits)
    hover = {"name": "", "family_name": "", "ratio": "ratio", "q": "q"}
    panel = charts.Panel(
        [
            charts.Mark(0),
            charts.Lines(
                shown[shown["log2_low"].notna()],
                *("log2_low", "at", "log2_high", "at", "family_name", palette),
            ),
            charts.Dots(
                *(shown, "log2_effect", "at", "family_name", palette), size=38, filled="significant", hover=hover
            ),
        ],
        charts.Axis(label, "ratio", limits=limits, grid=True),
        charts.Axis(kind="names", names=list(table["name"]), longest=60),
    )
    return charts.Chart(
        [panel],
        chart_width(8.6, table["name"], 60),
        chart_height(len(table), per_row=0.24),
        legend=palette,
        legend_title="family",
        legend_marker="o",
    )


def _limits(table: pd.DataFrame, columns: Sequence[str]) -> tuple[float, float]:
    """A range that shows every effect, and intervals up to 3 log2 units beyond them."""
    effect = table[columns[0]].to_numpy(float)
    all_values = table[list(columns)].to_numpy(float)
    low = max(float(np.nanmin(all_values)), float(np.nanmin(effect)) - 3)
    high = min(float(np.nanmax(all_values)), float(np.nanmax(effect)) + 3)
    return min(low, -0.5), max(high, 0.5)


def volcano(table: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> Figure | None:
    """Effect against p, a panel per family.

    Parameters
    ----------
    table
        `name, family_name, effect, log2_effect, p, q, significant` of tested features, families in the order of the
        panels; `log2_effect` is missing in families that have no ratios.
    """
    if table.empty:
        return None
    families = list(dict.fromkeys(table["family_name"]))
    # chances have no ratio: they have an axis of differences
    x = table["log2_effect"].fillna(table["effect"])
    shown = table.assign(
        x=x,
        minus_log10_p=-np.log10(table["p"].clip(lower=1e-300)),
        side=np.where(
            table["significant"].to_numpy(bool),
            np.where(x > 0, contrast["group"], contrast["reference"]),
            NO_EVIDENCE,
        ),
        ratio=2.0 ** table["log2_effect"],
    )
    palette = {
        contrast["reference"]: REFERENCE_COLOUR,
        contrast["group"]: GROUP_COLOUR,
        NO_EVIDENCE: GREY,
    }
    top = max(1.4, float(shown["minus_log10_p"].max()) * 1.12)
    panels = [_volcano_panel(family, shown[shown["family_name"] == family], palette, top) for family in families]
    columns = min(2, len(families))
    chart = charts.Chart(
        panels,
        4.9 * columns,
        0.3 + 3.0 * -(-len(families) // columns),
        columns=columns,
        share_y=True,
        x_title=f"{contrast['group']} / {contrast['reference']}",
    )
    kept = (k.FAMILY, "family_name", k.FEATURE, "name", "effect", "log2_effect", "p", "q", "significant")
    table = shown[[name for name in (*kept, "minus_log10_p") if name in shown]]  # the others are in the table of all
    return charts.Figure(
        f"volcano_{contrast['name']}",
        f"All features: {contrast['group']} against {contrast['reference']}",
        f"Each dot is a feature: to the right more in {contrast['group']}, further up less easily chance. Coloured "
        f"dots have q < {setting(fdr)} within their family; in brackets how many.",
        table,
        chart,
    )


def _volcano_panel(family: str, part: pd.DataFrame, palette: Mapping[str, str], top: float) -> charts.Panel:
    of_ratios = bool(part["log2_effect"].notna().all())
    hover = {"name": "", **({"ratio": "ratio"} if of_ratios else {"x": "difference"}), "p": "p", "q": "q"}
    hits = part[part["significant"].to_numpy(bool)]
    others = part[~part["significant"].to_numpy(bool)]
    reach = max(0.5 if of_ratios else 0.02, float(part["x"].abs().max()) * 1.15)
    place = ("x", "minus_log10_p")
    return charts.Panel(
        [
            charts.Mark(0),
            charts.Dots(others, *place, "side", palette, size=14, hover=hover),
            charts.Dots(hits, *place, "side", palette, size=26, hover=hover),
            charts.Words(hits.sort_values("p", kind="stable").head(4), *place, "name"),
        ],
        charts.Axis(
            "" if of_ratios else "difference", "ratio" if of_ratios else "number", limits=(-reach, reach), grid=True
        ),
        charts.Axis("−log10 p", limits=(0, top), grid=True),
        f"{family} ({len(hits)} of {len(part)})",
    )


def subject_dots(
    subjects: pd.DataFrame, rois: pd.DataFrame, titles: Mapping[str, str], contrast: Mapping[str, Any]
) -> Figure | None:
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
    levels = [contrast["reference"], contrast["group"]]
    panels = [
        _subject_panel(subjects[subjects["id"] == key], rois[rois["id"] == key], title, levels)
        for key, title in titles.items()
    ]
    columns = min(3, len(titles))
    chart = charts.Chart(panels, 3.1 * columns + 0.4, 0.3 + 2.5 * -(-len(titles) // columns), columns=columns)
    return charts.Figure(
        f"subjects_{contrast['name']}",
        "The subjects behind the effects",
        "Each large dot is a subject, the unit that is compared; small grey dots above and below it are its ROIs, "
        "the line is the mean of the group. Contact: odds ratio; contacts: observed / expected; composition: odds; "
        "density: cells per mm².",
        pd.concat([subjects.assign(what="subject"), rois.assign(what="roi")], ignore_index=True),
        chart,
    )


def _subject_panel(mine: pd.DataFrame, small: pd.DataFrame, title: str, levels: Sequence[str]) -> charts.Panel:
    """Subjects and their ROIs side by side at each level, with the mean of the level's subjects."""
    palette = dict(zip(levels, (REFERENCE_COLOUR, GROUP_COLOUR), strict=True)) | {"ROI": GREY}
    at: dict[str, float] = {}
    means = []
    for i, level in enumerate(levels):
        part = mine[mine["level"] == level]
        names = list(part[k.SUBJECT])
        at |= dict(zip(names, i + np.linspace(-0.3, 0.3, len(names)) if len(names) > 1 else [float(i)], strict=True))
        mean = part["log2_value"].mean()
        means += [{"level": level, "from": i - 0.4, "to": i + 0.4, "mean": mean}] if len(part) else []
    dots = small[small[k.SUBJECT].isin(at)]
    dots = dots.assign(at=dots[k.SUBJECT].map(at).astype(float), level="ROI")
    large = mine.assign(at=mine[k.SUBJECT].map(at).astype(float))
    values = np.concatenate([mine["log2_value"], small["log2_value"]])
    return charts.Panel(
        [
            charts.Dots(dots, "at", "log2_value", "level", palette, size=9, hover={k.SAMPLE: "ROI"}),
            charts.Lines(pd.DataFrame(means), "from", "mean", "to", "mean", "level", palette, width=1.5),
            charts.Dots(large, "at", "log2_value", "level", palette, size=40, hover={k.SUBJECT: "subject"}),
        ],
        charts.Axis(kind="names", names=list(levels), longest=16),
        charts.Axis(kind="ratio", limits=_padded(values[np.isfinite(values)]), grid=True),
        title,
    )


def _padded(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    if not values.size:
        return -0.5, 0.5
    pad = 0.08 * max(float(np.ptp(values)), 0.5)
    return float(values.min()) - pad, float(values.max()) + pad


def effect_heatmap(table: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> Figure | None:
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
    order = by_similarity(effect)
    effect, mark = effect.loc[order, order], mark.loc[order, order]
    limit = float(np.clip(np.nanmax(np.abs(effect.to_numpy(float))), 0.5, 3.0))
    side, label = max(0.27 * len(order), 1.4), label_inch(order)
    heat = charts.Heat(effect, DIVERGING, (-limit, limit), "log2 effect", mark)
    chart = charts.Chart([charts.Panel([heat])], label + side + 1.4, label + side + 0.6)
    return charts.Figure(
        f"effects_by_pair_{contrast['name']}",
        f"Contact: {contrast['group']} against {contrast['reference']}",
        f"Red pairs attract each other more in {contrast['group']}, blue ones more in {contrast['reference']} "
        f"(contact odds ratio, all pairs in one fit); a dot marks q < {setting(fdr)}; grey pairs could "
        "not be compared.",
        table,
        chart,
    )


def _directed(table: pd.DataFrame) -> bool:
    """Whether both a→b and b→a are among the pairs."""
    pairs = set(zip(table[k.SOURCE], table[k.TARGET], strict=True))
    return any((b, a) in pairs for a, b in pairs if a != b)
