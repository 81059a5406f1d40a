"""Parts of the neighbourhood report about single pairs: evidence, strips, maps, and what the edge of the image does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts.palette import type_colours
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.page import Block, Chooser, Column, Notice, Table, Text
from tumint.report.neighbourhood import figures, pair_figures
from tumint.text import percent, ratio

STRONGEST, MAPPED = 14, 10  # pairs with a strip, and with a map: a map takes a hundred kilobytes

BORDER_COLUMNS = (
    Column("pair", "Pair"),
    Column("n_tested", "ROIs tested", "int"),
    Column("guarded", "Source cells left out", "percent"),
    Column("with_guard", "Without the edge: median log2", "log2"),
    Column("without_guard", "With it: median log2", "log2"),
    Column("change", "Difference", "log2"),
)


def is_symmetric(summary: pd.DataFrame) -> bool:
    """Whether the score of a→b equals that of b→a for all pairs."""
    wide = summary.pivot_table(index=[k.NULL, k.SOURCE], columns=k.TARGET, values="median_log2", dropna=False)
    for _, matrix in wide.groupby(level=0):
        square = matrix.droplevel(0)
        square = square.reindex(index=square.columns)
        if ((square - square.T).abs().to_numpy() > 1e-9).any():
            return False
    return True


def volcano(scores: pd.DataFrame, summary: pd.DataFrame, significant: float) -> list[Block]:
    """Effect against evidence of every pair (of two that are equal only one), the nulls side by side."""
    tested = scores[scores[k.STATUS] == k.TESTED]
    if tested.empty:
        return []
    key = [k.NULL, k.SOURCE, k.TARGET]
    q = tested["q"].clip(lower=1e-300)
    evidence = (
        (-np.log10(q)).groupby([tested[name] for name in key], sort=True).median().rename("evidence").reset_index()
    )
    rows = summary.merge(evidence, on=key, how="inner")
    same = is_symmetric(summary)
    rows = rows[rows[k.SOURCE] <= rows[k.TARGET]] if same else rows
    rows = rows.assign(pair=rows[k.SOURCE] + (" – " if same else " → ") + rows[k.TARGET])
    figure = pair_figures.volcano(rows[[k.NULL, "pair", "median_log2", "evidence", "n_tested"]], significant)
    return [] if figure is None else [figure]


def strongest(
    summary: pd.DataFrame, primary: str, most: int = STRONGEST, also: Sequence[tuple[str, str]] = ()
) -> pd.DataFrame:
    """Rows of the pairs `also` and of those furthest from chance, `most` in all, highest first.

    Pairs were tested in at least half as many ROIs as any.
    """
    rows = summary[(summary[k.NULL] == primary) & (summary["n_tested"] > 0)]
    if is_symmetric(summary):
        rows = rows[rows[k.SOURCE] <= rows[k.TARGET]]
    rows = rows[rows["n_tested"] >= max(1, int(rows["n_tested"].max() if len(rows) else 0) // 2)]
    wanted = rows[[pair in set(also) for pair in zip(rows[k.SOURCE], rows[k.TARGET], strict=True)]]
    others = rows.drop(wanted.index)
    others = others.loc[others["median_log2"].abs().sort_values(ascending=False, kind="stable").index]
    top = pd.concat([wanted, others]).head(most)
    return top.sort_values("median_log2", ascending=False, kind="stable")


def strips(inputs: Inputs, scores: pd.DataFrame, top: pd.DataFrame, primary: str) -> list[Block]:
    """One dot per ROI for each of the pairs `top`."""
    names = [f"{row[k.SOURCE]} – {row[k.TARGET]}" for row in top.to_dict("records")]
    mine = scores[(scores[k.NULL] == primary) & (scores[k.STATUS] == k.TESTED)]
    mine = mine.assign(pair=mine[k.SOURCE] + " – " + mine[k.TARGET])
    mine = mine[mine["pair"].isin(names)].merge(inputs.rows, on=k.SAMPLE, how="inner")
    order = {level: i for i, level in enumerate(dict.fromkeys(inputs.rows["group"]))}
    mine = mine.iloc[mine["group"].map(order).to_numpy().argsort(kind="stable")]
    columns = ["pair", k.SAMPLE, k.SUBJECT, "group", "observed", "expected", "log2_enrichment", "q"]
    figure = figures.strongest_pairs(mine[columns], names, inputs.group_column)
    return [figure] if figure is not None else [Notice("No pair could be tested.")]


def pair_maps(inputs: Inputs, scores: pd.DataFrame, pairs: pd.DataFrame, primary: str) -> list[Block]:
    """For each of `pairs` a map of the ROI with its strongest and its weakest score."""
    table = cells(inputs)
    if inputs.config.maps_per_subject == 0 or table.empty or pairs.empty:
        return [Notice("No map was asked for, or no cell is there to be drawn.")]
    palette = type_colours(sorted(set(table[k.CELL_TYPE])), inputs.config.palette)
    mine = scores[(scores[k.NULL] == primary) & (scores[k.STATUS] == k.TESTED)]
    by_sample = dict(tuple(table.groupby(k.SAMPLE, sort=False)))
    options: dict[str, Any] = {"most": inputs.config.max_map_cells, "size": inputs.config.point_size}
    found = []
    for row in pairs.to_dict("records"):
        rows = mine[(mine[k.SOURCE] == row[k.SOURCE]) & (mine[k.TARGET] == row[k.TARGET])]
        rows = rows[rows[k.SAMPLE].isin(by_sample)].sort_values("log2_enrichment", ascending=False, kind="stable")
        ends = rows.iloc[[0, -1]] if len(rows) > 1 else rows
        if ends.empty:
            continue
        own = pd.concat([by_sample[sample] for sample in ends[k.SAMPLE]])
        figure = pair_figures.pair_map(own, ends, palette, **options)
        if figure is not None:
            label = f"{row[k.SOURCE]} – {row[k.TARGET]} ({ratio(2.0 ** row['median_log2'])}× in the median ROI)"
            found.append((label, figure))
    if not found:
        return [Notice("No pair could be tested.")]
    said = (
        f"The {len(found)} pairs furthest from chance, or whose groups differ most, in the ROI where the score is "
        "strongest and in that where it is weakest. The score of every pair in every ROI is in "
        "neighbourhood/interactions.parquet."
    )
    return [Text(said), Chooser("pairs_in_tissue", "Pair", found)]


def border(scores: pd.DataFrame, primary: str) -> list[Block]:
    """What leaving out the cells near the edge of the image changed, where that was asked for."""
    if "log2_unguarded" not in scores or scores["log2_unguarded"].isna().all():
        return [
            Text(
                "Cells at the edge of the image count like all others, though some of their neighbours were cut off. "
                "That does not bias a score, since chance is worked out on the same graph; `neighbourhood.guard_um` "
                "leaves them out and shows here what it changes."
            )
        ]
    mine = scores[(scores[k.NULL] == primary) & (scores[k.STATUS] == k.TESTED)]
    mine = mine.assign(
        guarded=mine["n_guarded"] / mine["n_source"], change=mine["log2_enrichment"] - mine["log2_unguarded"]
    )
    rows = (
        mine.groupby([k.SOURCE, k.TARGET], sort=True)
        .agg(
            n_tested=(k.SAMPLE, "nunique"),
            guarded=("guarded", "mean"),
            with_guard=("log2_enrichment", "median"),
            without_guard=("log2_unguarded", "median"),
            change=("change", "median"),
        )
        .reset_index()
    )
    rows.insert(0, "pair", rows[k.SOURCE] + " → " + rows[k.TARGET])
    rows = rows.loc[rows["change"].abs().sort_values(ascending=False, kind="stable").index]
    left_out = mine.drop_duplicates([k.SAMPLE, k.SOURCE])
    share = left_out["n_guarded"].sum() / max(left_out["n_source"].sum(), 1)
    caption = (
        f"{percent(share)} of the cells lie in the guard zone: they are neighbours of others and have none. "
        "Medians over the ROIs, the largest changes first."
    )
    return [Table("border", caption, BORDER_COLUMNS, rows)]
