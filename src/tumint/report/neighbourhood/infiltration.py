"""Where cells lie against the tumour's margin: curves by group, what ROIs are called, domains in the tissue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, DOMAIN_COLOURS, GREY, PALETTE, level_colours
from tumint.charts.sizes import chart_height, chart_width, shortened
from tumint.io import contracts
from tumint.report.engine.added import Added
from tumint.report.engine.inputs import Inputs
from tumint.report.neighbourhood.together import bands
from tumint.text import integer, listed, setting

SECTION = "From the tumour's margin"
MOST_TYPES, MOST_GROUPS = 6, 4
LEAST_MM2 = 0.002  # of a bin over the ROIs of a subject: in less, a density is a matter of single cells
COLOURS = {
    k.INFLAMED: BRIGHT[1],
    k.EXCLUDED: BRIGHT[3],
    k.DESERT: BRIGHT[0],
    k.NO_TUMOUR: GREY,
    k.NOT_CALLED: "#DDDDDD",
}


def curves(inputs: Inputs) -> pd.DataFrame:
    """`subject, group, cell_type, at_um, per_mm2, log2_density`: ROIs of a subject added up; open bins left out."""
    table = inputs.table("neighbourhood/margins.parquet", contracts.MARGINS, optional=True)
    rows = table[np.isfinite(table["from_um"].astype(float)) & np.isfinite(table["to_um"].astype(float))]
    if rows.empty:
        return pd.DataFrame()
    rows = rows.assign(at_um=(rows["from_um"] + rows["to_um"]) / 2).merge(inputs.rows, on=k.SAMPLE, how="inner")
    key = [k.SUBJECT, "group", k.CELL_TYPE, "at_um"]
    sums = rows.groupby(key, sort=False)[[k.N, "area_mm2"]].sum().reset_index()
    sums = sums[sums["area_mm2"] >= LEAST_MM2]
    per = (sums[k.N] + 0.5) / sums["area_mm2"]
    return sums.assign(per_mm2=per, log2_density=np.log2(per)).sort_values([*key[:3], "at_um"], kind="stable")


def infiltration_curves(inputs: Inputs) -> Figure | None:
    """Density by distance to the margin: a line per subject, a band per group; None without a margin."""
    table = curves(inputs)
    levels = list(dict.fromkeys(inputs.rows["group"]))
    if table.empty or len(levels) > MOST_GROUPS:
        return None
    rows, types = bands(table, ["group", k.CELL_TYPE], "at_um", "log2_density"), _shown(inputs, table)
    palette = level_colours(levels)
    paler = {level: _mixed(colour) for level, colour in palette.items()}
    limits = (float(table["at_um"].min()), float(table["at_um"].max()))
    panels = []
    for name in types:
        mine, band = table[table[k.CELL_TYPE] == name], rows[rows[k.CELL_TYPE] == name]
        own = pd.concat([_steps(one) for _, one in mine.groupby([k.SUBJECT, "group"], sort=False)])
        layers: list[charts.Layer] = [charts.Mark(0.0), _line(own, "log2_density", paler, 0.7)]
        if len(band):
            means = pd.concat([_steps(one) for _, one in band.groupby("group", sort=False)])
            layers += [_line(means, end, palette, 0.9, dashed=True) for end in ("low", "high")]
            layers.append(_line(means, "mean", palette, 2.2))
        panels.append(
            charts.Panel(
                layers,
                charts.Axis("µm from the margin", limits=limits),
                charts.Axis("log2 per mm²"),
                shortened(name, 30),
            )
        )
    columns = min(3, len(panels))
    chart = charts.Chart(
        panels,
        3.1 * columns + 1.2,
        2.6 * -(-len(panels) // columns) + 0.4,
        columns=columns,
        legend=palette,
        legend_title=inputs.group_column or "",
    )
    return Figure(
        "infiltration_curves",
        "How deep cells go",
        "Cells per mm² by distance to the tumour's margin (log2; left of the line: inside). A thin line per "
        "subject, its ROIs added up; thick: the mean of a group; dashed: the 95 % band that holds it at all "
        "distances together, from three subjects on. What differs is tested in bins, in the response report.",
        table,
        chart,
    )


def _steps(one: pd.DataFrame) -> pd.DataFrame:
    """A curve as a line from each point to the next, of every number: its end is called `<number>_end`."""
    numbers = [name for name in ("at_um", "log2_density", "mean", "low", "high") if name in one]
    return one.join(one[numbers].shift(-1).add_suffix("_end")).dropna(subset=["at_um_end"])


def _line(
    rows: pd.DataFrame, y: str, colours: Mapping[str, str], width: float, *, dashed: bool = False
) -> charts.Lines:
    return charts.Lines(rows, "at_um", y, "at_um_end", f"{y}_end", "group", colours, width, dashed)


def _mixed(colour: str) -> str:
    """A colour half way to grey: lines of subjects stand back behind those of their group, on any ground."""
    return "#" + "".join(f"{(int(colour[i : i + 2], 16) + 0xBB) // 2:02X}" for i in (1, 3, 5))


def _shown(inputs: Inputs, table: pd.DataFrame) -> list[str]:
    """The types that immune phenotypes count, then those whose density changes most over the margin."""
    counted = set(", ".join(_rois(inputs)["counted"].unique()).replace(" and ", ", ").split(", "))
    means = table.groupby([k.CELL_TYPE, "at_um"])["log2_density"].mean().reset_index()
    spread = means.groupby(k.CELL_TYPE)["log2_density"].std().sort_values(ascending=False, kind="stable")
    return sorted(spread.index, key=lambda name: name not in counted)[:MOST_TYPES]


def _rois(inputs: Inputs) -> pd.DataFrame:
    return inputs.table("neighbourhood/phenotypes.parquet", contracts.PHENOTYPES, optional=True)


def phenotypes(inputs: Inputs) -> Figure | None:
    """What the ROIs of each group are called; None where none is called anything."""
    table = _rois(inputs).merge(inputs.rows, on=k.SAMPLE, how="inner")
    table = table[table["phenotype"] != k.NOT_CALLED]
    if table.empty:
        return None
    wide = table.pivot_table(
        index="group", columns="phenotype", values=k.SAMPLE, aggfunc="count", fill_value=0, sort=False
    )
    wide.index = pd.Index([name or "all ROIs" for name in wide.index])
    order = [name for name in COLOURS if name in wide]
    palette = {name: COLOURS[name] for name in order}
    said = (inputs.metas.get("neighbourhood", {}).get("params", {}).get("neighbourhood") or {}).get("margin") or {}
    limits, reach = said.get("phenotype") or {}, setting(said.get("interface_um", 0))
    chart = charts.Chart(
        [charts.Panel([charts.Bars(wide[order], palette, "ROIs")], charts.Axis("ROIs"))],
        chart_width(6.5, wide.index),
        chart_height(len(wide)),
        legend=palette,
        legend_title="ROI",
    )
    what = listed(list(dict.fromkeys(filter(None, table[k.TUMOUR]))))
    return Figure(
        "immune_phenotypes",
        "Inflamed, excluded, desert",
        f"ROIs by where {listed(list(dict.fromkeys(table['counted'])))} lie. Inflamed: at least "
        f"{setting(limits.get('inside_per_mm2', 0))} per mm² inside the tumour ({what}). Excluded: fewer, at least "
        f"{setting(limits.get('margin_per_mm2', 0))} per mm² within {reach} µm outside its margin, and inside under "
        f"{setting(limits.get('inside_to_margin', 0))} times that. Desert: all others. The limits are those of "
        "`neighbourhood.margin.phenotype`; ROIs are counted, and nothing is tested here.",
        table.drop(columns=["origin"]),
        chart,
    )


def domain_maps(inputs: Inputs) -> Figure | None:
    """Domains and margin in a ROI of each group, the one whose share of tumour is nearest to the group's median."""
    table = _rois(inputs).merge(inputs.rows, on=k.SAMPLE, how="inner")
    table = table[(table["tumour_mm2"] > 0) & (table["origin"] != k.NO_DOMAIN)]
    levels = list(dict.fromkeys(table["group"]))
    if table.empty or len(levels) > MOST_GROUPS or inputs.config.maps_per_subject == 0:
        return None
    share = table["tumour_mm2"] / table["tissue_mm2"]
    off = (share - share.groupby(table["group"]).transform("median")).abs()
    chosen = table.loc[[off[table["group"] == level].idxmin() for level in levels]]
    names = list(chosen[k.SAMPLE])
    places = inputs.rows_of("neighbourhood/places.parquet", contracts.PLACES, names)
    cells = inputs.rows_of("cluster/cells.parquet", contracts.CELLS, names)[[k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM]]
    own = places.merge(cells, on=[k.SAMPLE, k.CELL_ID], how="inner")
    if own.empty:
        return None
    palette = _colours(sorted(set(own[k.DOMAIN])))
    panels, shown = [], []
    for row in chosen.to_dict("records"):
        mine = own[own[k.SAMPLE] == row[k.SAMPLE]]
        most = min(max(inputs.config.max_map_cells, 1), MOST_CELLS)
        mine = mine.iloc[:: max(1, -(-len(mine) // most))]
        at = list(mine[k.DOMAIN])
        near = mine[k.MARGIN_UM].abs() <= 6  # the margin itself: cells that it runs through
        at = [MARGIN if close else name for name, close in zip(at, near, strict=True)]
        drawn = charts.Cells(mine[k.X_UM], mine[k.Y_UM], at, palette, inputs.config.point_size)
        tumour = f"{setting(round(100 * row['tumour_mm2'] / row['tissue_mm2']))} % of the tissue is tumour"
        panels.append(charts.Panel([drawn], title=f"{shortened(row[k.SAMPLE], 30)}\n{tumour}"))
        shown.append(mine)
    chart = charts.Chart(
        panels,
        chart_width(0.6 + 4.3 * min(len(panels), 2) + 1.4, palette),
        4.9 * -(-len(panels) // 2),
        columns=min(len(panels), 2),
        legend=palette,
        legend_title="domain",
        legend_marker="o",
    )
    inferred = (chosen["origin"] == k.FROM_CELLS).all()
    where = "inferred from the cells" if inferred else "as they came with the cells"
    return Figure(
        "domain_maps",
        "Domains and the tumour's margin",
        f"Domains {where}, in the ROI of each group whose share of tumour is the middle one. Dark: cells on the "
        f"margin, which is where distances begin. {integer(len(own))} cells.",
        pd.concat(shown),
        chart,
        themed=False,
    )


MARGIN = "on the margin"
MOST_CELLS = 1_500  # of a ROI on the maps: enough to see where a domain ends


def _colours(names: list[str]) -> dict[str, str]:
    """Domains that we know have their own colours; a lab's have those that are left."""
    others = [colour for colour in PALETTE if colour not in DOMAIN_COLOURS.values()]
    known = {**DOMAIN_COLOURS, k.NO_DOMAIN: GREY, k.OUTSIDE: DOMAIN_COLOURS["normal"]}
    own = [name for name in names if name not in known]
    rest = {name: others[i % len(others)] for i, name in enumerate(own)}
    return {**{name: known.get(name, rest.get(name, GREY)) for name in names}, MARGIN: "#1b1b1f"}


FIGURES = (Added(SECTION, domain_maps), Added(SECTION, infiltration_curves), Added(SECTION, phenotypes))
