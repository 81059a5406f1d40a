"""Parts of the report of quality control about whole ROIs: their light, stripes, the cohort, other thresholds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.charts.model import Figure
from tumint.io import contracts
from tumint.qc import whatif
from tumint.qc.cohort import WEAK_Z
from tumint.qc.words import BASIC, METRICS, SHARES
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Block, Chooser, Column, Items, Notice, Table, Text
from tumint.report.qc import charts
from tumint.text import MINUS, listed, percent, plural, setting

LOOK = "look at this"
NOTICEABLE = 0.2  # a ROI that loses more than this share of its cells turns the light amber
ODD_CHANNELS = 0.25  # and so does one with more than this share of its channels weak, or bright
SPILL_SHOWN, SPILL_POSSIBLE = 15, 0.1  # pairs of channels; what is above this share is markers of the same cells
UNEVEN = ("zero_share", "saturated_share", "border_um", "doublet_score")  # nobody limits these by deviation
COMPONENTS = ("pc1", "pc2", "pc3")


def rois(inputs: Inputs) -> pd.DataFrame:
    """The ROIs against the cohort; no rows where an older run has not compared them."""
    return inputs.table("qc/rois.parquet", contracts.QC_ROIS, optional=True)


def stripes(inputs: Inputs) -> pd.DataFrame:
    """Strips in which the signal drops, with the config that would leave each out."""
    table = inputs.table("qc/stripes.parquet", contracts.QC_STRIPES, optional=True)
    lines = [exclusion(row) for row in table.to_dict("records")]
    return table.assign(config=pd.Series(lines, index=table.index, dtype=object))


def exclusion(row: Mapping[Any, Any]) -> str:
    """The line of `qc.exclude_regions` that leaves a stripe out: outwards to whole µm, for cells over its edge."""
    start, end = int(row["start_um"] // 1), int(-(-row["end_um"] // 1))
    sample = json.dumps(row[k.SAMPLE], ensure_ascii=False)  # any text in JSON's quotes is YAML
    return f"- {{sample: {sample}, {row['axis']}_um: [{start}, {end}], why: stripe}}"


def lights(rows: pd.DataFrame, compared: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """`rows` (`status`, `reason`, `dropped`) with the light of each ROI as `light` and all reasons for it as `why`."""
    levels = compared.set_index(k.SAMPLE)
    lights, whys = [], []
    for row in rows.to_dict("records"):
        sample = row[k.SAMPLE]
        said = [row[k.REASON]] if row[k.REASON] else []
        if row["dropped"] > NOTICEABLE and row[k.STATUS] == "pass":
            said.append(f"{percent(row['dropped'])} of the cells dropped")
        if count := int((found[k.SAMPLE] == sample).sum()):
            said.append(plural(count, "stripe"))
        for name, word in (("weak_channels", "weak"), ("bright_channels", "bright")):
            if row[k.STATUS] == "pass" and sample in levels.index and levels.loc[sample, name] > ODD_CHANNELS:
                said.append(f"{percent(levels.loc[sample, name])} of the channels {word}")
        failed = row[k.STATUS] != "pass"
        lights.append("fail" if failed else LOOK if said else "pass")
        whys.append("; ".join(said))
    return rows.assign(light=lights, why=whys)


def stripe_blocks(found: pd.DataFrame, regions: Sequence[Mapping[str, Any]], *, looked: bool = True) -> list[Block]:
    """Stripes found, the lines that would leave them out, and what the config leaves out already.

    `looked`: the cells have a place and a signal, so that a strip could have been seen.
    """
    blocks: list[Block] = []
    if regions:
        samples = list(dict.fromkeys(str(region["sample"]) for region in regions))
        blocks.append(Text(f"The config leaves out {plural(len(regions), 'region')}, in {listed(samples)}."))
    if not looked:
        return [*blocks, Text("No strip could be looked for: that takes cells with a place and a signal.")]
    if found.empty:
        return [*blocks, Text("No strip was found in which the signal drops over a whole ROI.")]
    columns = (
        Column(k.SAMPLE, "ROI"),
        Column("axis", "Along"),
        Column("start_um", "From (µm)", "number"),
        Column("end_um", "To (µm)", "number"),
        Column("depth", "Signal lost", "percent", "against the tissue on either side"),
        Column("n_cells", "Cells", "int"),
        Column("channels_lower", "Channels lower", "percent"),
        Column("z", "z", "number", "standard errors between strip and flanks"),
    )
    text = "Nothing was removed for it: to leave these cells out, paste under `qc: exclude_regions:` of the config."
    caption = "Strips in which the signal drops."
    lines = Items([f"`{line}`" for line in found["config"]])
    return [*blocks, Notice(text), lines, Table("stripes", caption, columns, found)]


def cohort_blocks(inputs: Inputs, compared: pd.DataFrame) -> list[Block]:
    """ROIs against each other: components by every column of the design, levels of channels, spillover."""
    if compared.empty or not compared["n_cells"].sum():
        return [Text("There is no table of ROIs against each other.")]
    design = [column for column in inputs.design if column in inputs.sheet]
    others = [c for c in ("batch", "slide") if c in inputs.sheet and c not in design]
    table = compared.merge(inputs.sheet[[k.SAMPLE, *design, *others]].astype(str), on=k.SAMPLE, how="left")
    blocks: list[Block] = []
    drawn = [(column, charts.components(table, column)) for column in (*design, *others)]
    shown: list[tuple[str, Figure]] = [(column, figure) for column, figure in drawn if figure is not None]
    if shown:
        blocks += [Chooser("components", "coloured by", shown), _effects(table, [column for column, _ in shown])]
    else:
        blocks.append(Text("Too few ROIs, or channels, for principal components."))
    channels = inputs.table("qc/channels.parquet", contracts.QC_CHANNELS_Z, optional=True)
    levels = charts.channel_levels(channels, list(inputs.rows[k.SAMPLE]))
    columns = (
        Column(k.SAMPLE, "ROI"),
        Column("n_cells", "Cells", "int"),
        Column("tissue_mm2", "Tissue (mm²)", "number"),
        Column("density_per_mm2", "Cells per mm²", "number"),
        Column("signal", "Total signal", "number", "median over the cells"),
        Column("dna", "DNA", "number", "median over the cells"),
        Column("z_signal", "z of the signal", "number", "robust z among the ROIs"),
        Column("weak_channels", "Channels weak", "percent", f"robust z below {MINUS}{setting(WEAK_Z)}"),
        Column("bright_channels", "Channels bright", "percent", f"robust z above {setting(WEAK_Z)}"),
    )
    roi_table = Table("rois", "Each ROI against the cohort.", [c for c in columns if c.key in compared], compared)
    return [*blocks, *([levels] if levels is not None else []), roi_table, *_channels(channels), *_spillover(inputs)]


def _effects(table: pd.DataFrame, design: Sequence[str]) -> Table:
    rows = [(column, *whatif.explained_by(table, column, COMPONENTS)) for column in design]
    labels = [Column("column", "Column of the sheet")]
    labels += [Column(name, f"Component {i}", "percent") for i, name in enumerate(COMPONENTS, start=1)]
    caption = (
        "Share of the variance of each component between the levels of a column. A staining batch that explains much "
        "is harmless where arms are spread over the batches, and cannot be told apart from the arm where they are not."
    )
    return Table("effects", caption, labels, pd.DataFrame(rows, columns=["column", *COMPONENTS]))


def channel_summary(channels: pd.DataFrame) -> pd.DataFrame:
    """One row per channel: medians over the ROIs, the ROI of the highest background, and ROIs far from the others."""
    by = channels.groupby("marker", sort=False)
    table = by[["mean", "background", "zero_share", "saturated_share"]].median()
    highest = channels.sort_values("background", ascending=False, kind="stable").drop_duplicates("marker")
    table = table.join(highest.set_index("marker")[[k.SAMPLE, "background"]].add_prefix("highest_"))
    table["weak"] = channels["z"].lt(-WEAK_Z).groupby(channels["marker"]).sum()
    table["bright"] = channels["z"].gt(WEAK_Z).groupby(channels["marker"]).sum()
    return table.reset_index()


def _channels(channels: pd.DataFrame) -> list[Block]:
    if channels.empty:
        return []
    columns = (
        Column("marker", "Channel"),
        Column("mean", "Mean", "number", "of values cut at the 99th percentile"),
        Column("background", "Background", "number", "10th percentile of the cells"),
        Column("zero_share", "Cells at 0", "percent"),
        Column("saturated_share", "Saturated", "percent", "cells at the highest value"),
        Column("weak", "ROIs weak", "int", f"robust z below {MINUS}{setting(WEAK_Z)}"),
        Column("bright", "ROIs bright", "int", f"robust z above {setting(WEAK_Z)}"),
        Column("highest_background", "Highest background", "number"),
        Column(f"highest_{k.SAMPLE}", "in ROI"),
    )
    caption = "Channels: medians over the ROIs. All ROIs: `qc/channels.parquet`."
    return [Table("channels", caption, columns, channel_summary(channels))]


def _spillover(inputs: Inputs) -> list[Block]:
    table = inputs.table("qc/spillover.parquet", contracts.QC_SPILLOVER, optional=True)
    if table.empty:
        return []
    columns = (Column(k.SOURCE, "From"), Column(k.TARGET, "Onto"), Column("share", "At most", "percent"))
    caption = (
        "The most that a channel can spill onto another, the median over the ROIs: how far the lower quartile of the "
        "second rises in the cells brightest in the first. Markers of the same cells rise together as well, so this is "
        f"a bound, and pairs above {percent(SPILL_POSSIBLE)} are left out. All pairs: `qc/spillover.parquet`."
    )
    possible = table[table["share"] <= SPILL_POSSIBLE]
    largest = possible.sort_values("share", ascending=False, kind="stable")[:SPILL_SHOWN]
    return [Table("spillover", caption, columns, largest)]


def other_thresholds(cells: pd.DataFrame, settings: Mapping[str, Any]) -> list[Block]:
    """What limits at other values would have removed."""
    measured = [name for name in METRICS if name in cells and cells[name].min() < cells[name].max()]
    chosen: dict[tuple[str, str], float] = {}
    fixed: dict[str, tuple[float | None, float | None]] = {}
    for name in measured:
        limits = settings.get(name) or {}
        chosen |= {(name, side): v for side in ("below", "above") if (v := limits.get(f"mad_{side}")) is not None}
        if limits.get("min") is not None or limits.get("max") is not None:
            fixed[name] = (limits.get("min"), limits.get("max"))
    blocks: list[Block] = []
    deviating = [name for name in measured if name not in UNEVEN or {(name, "below"), (name, "above")} & set(chosen)]
    figure = charts.at_other_thresholds(whatif.removed_by_deviation(cells, deviating), chosen)
    if figure is not None:
        blocks.append(figure)
    values = whatif.removed_by_value(cells, fixed)
    values = values[~values["metric"].isin(SHARES) | (values["value"] <= 1)]
    named = values.assign(metric=values["metric"].map(METRICS))
    if len(values):
        columns = (
            Column("metric", "Metric"),
            Column("side", "Removes"),
            Column("value", "Limit", "number"),
            Column("used", "Used"),
            Column("n", "Cells removed", "int"),
            Column("share", "Share", "percent"),
        )
        blocks.append(Table("other_values", "Fixed limits at other values, each alone.", columns, named))
    return blocks


def before_after(cells: pd.DataFrame) -> Figure | None:
    """Medians of the basic metrics, of all cells and of those that pass."""
    parts = []
    for name in BASIC:
        if name not in cells or not cells[name].notna().any():
            continue
        passing = cells[name].where(cells[k.VERDICT] == "pass")
        medians = {
            "before": cells[name].groupby(cells[k.SAMPLE], sort=False).median(),
            "after": passing.groupby(cells[k.SAMPLE], sort=False).median(),
        }
        parts.append(pd.DataFrame(medians).reset_index().assign(metric=name))
    return charts.before_after(pd.concat(parts, ignore_index=True)) if parts else None
