"""`tumint.pl`: the figures of the reports, of tables in memory. Each returns a `matplotlib.figure.Figure`.

`figure.savefig("name.pdf")` keeps one. In a notebook the last line of a cell shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.api.asked import Asked, compared, config_of
from tumint.api.cells import is_anndata, needs_frame, read
from tumint.charts.model import Figure as Described
from tumint.charts.palette import type_colours
from tumint.errors import DataError, Fault, TumintError
from tumint.io.contracts import EFFECTS, SCORES
from tumint.io.raw.h5ad import Frame
from tumint.io.raw.source import Place
from tumint.io.tables import check
from tumint.neighbourhood.tables import Columns
from tumint.report.cluster.figures import type_map
from tumint.report.neighbourhood.figures import enrichment
from tumint.report.neighbourhood.pair_figures import pair_map
from tumint.report.neighbourhood.summary import summarise
from tumint.report.response import figures
from tumint.report.response.contrasts import Contrast, prepared
from tumint.response.inputs import features_of
from tumint.samples import sheet_of
from tumint.text import listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["forest", "map", "matrix", "subjects", "volcano"]
MOST_CELLS = 100_000  # drawn of an image


def forest(effects: pd.DataFrame, *, contrast: str | None = None, fdr: float = 0.1) -> Figure:
    """Effects with their 95 % intervals: what is found, filled up with the pairs of best evidence.

    Parameters
    ----------
    effects
        What `tumint.compare` returns, or the workflow's `response/effects.parquet`. Rows may be left out before.
    contrast
        Which one, where there are several.
    fdr
        Dots with `q` below it are filled.

    Returns
    -------
    A row per feature, grouped by family; ratios on a logarithmic axis, right of 1× is more in the group.

    Raises
    ------
    TumintError
        The table has no effect that can be drawn, or not the columns of `tumint.compare`.
    """
    one = _contrast(effects, contrast, fdr)
    return _drawn(figures.forest(one.forest, one.facts), "an effect that is a ratio")


def volcano(effects: pd.DataFrame, *, contrast: str | None = None, fdr: float = 0.1) -> Figure:
    """Effect against p, a panel per family; arguments as of `forest`. Colour: `q` below `fdr` within the family."""
    one = _contrast(effects, contrast, fdr)
    return _drawn(figures.volcano(one.effects[one.effects["p"].notna()], one.facts, fdr), "a feature with a p")


def matrix(table: pd.DataFrame, *, contrast: str | None = None, fdr: float = 0.1) -> Figure:
    """Types against types: differences in contact of `tumint.compare`, or enrichment of `tumint.score`.

    Of effects: log2 ratios of the contact odds ratio, a dot where `q` is below `fdr`. Of scores: the median over
    samples of log2 (observed / expected). Arguments otherwise as of `forest`.
    """
    if "log2_enrichment" in needs_frame("table", table):
        check(table, SCORES, "scores")
        figure = enrichment(summarise(table.assign(**{k.NULL: k.GLOBAL})))  # of which null it is, scores do not say
        return _drawn(figure and _titled(figure, "observed / expected contacts"), "a pair that was tested")
    one = _contrast(table, contrast, fdr)
    contact = one.effects[(one.effects[k.FAMILY] == k.FAMILY_INTERACTION) & one.effects["log2_effect"].notna()]
    return _drawn(figures.effect_heatmap(contact, one.facts, fdr), f"an effect of the family {k.FAMILY_INTERACTION}")


def subjects(
    features: pd.DataFrame,
    design: pd.DataFrame,
    feature: str | Sequence[str],
    *,
    subject: str,
    group: str,
    reference: str,
    sample: str = "sample",
    family: str = k.FAMILY_INTERACTION,
) -> Figure:
    """The values of subjects behind an effect, as they are compared, with those of their samples behind them.

    Parameters
    ----------
    features, design, subject, group, reference, sample
        As of `tumint.compare`. Of more than two groups the first besides `reference` is drawn.
    feature
        Its name in `family`, such as `"CD8 T cells|Tumour cells"`; several become a panel each.

    Returns
    -------
    A large dot per subject, small ones per sample, a line at the mean of each group. Contact: odds ratio; composition:
    odds; density: cells per mm².

    Raises
    ------
    TumintError
        One line per fault, in the words of `tumint.compare`.
    """
    tables = [Frame(Place(n), needs_frame(n, t)) for n, t in (("features", features), ("design", design))]
    sheet = sheet_of(tables[1], subject)
    table = features_of(tables[0], sample, sheet.columns)
    names = [feature] if isinstance(feature, str) else [*feature]
    mine = table[table[k.FAMILY].astype(str) == family]
    if unknown := [name for name in names if name not in set(mine[k.FEATURE].astype(str))]:
        known = listed(sorted(set(mine[k.FEATURE].astype(str))), 5) or "none"
        raise TumintError(Fault(f"feature of the family {family}", f"one of {known}", ", ".join(unknown)))
    mine = mine[mine[k.FEATURE].astype(str).isin(names)]
    asked = Asked(group, reference, beside=())
    config = config_of(asked, sheet, "design", str, "tumint.pl")
    result = compared(mine, sheet, config, asked, ("features", "design"))[0]
    design_of = result.design
    levels = {False: reference, True: str(design_of.contrast.group)}
    level_of = {name: level for side, level in levels.items() for name in design_of.names(group=side)}
    unit = design_of.unit_of_sample

    def shown(values: pd.DataFrame) -> pd.DataFrame:
        kept = values[values[k.STATUS].astype(str) == k.TESTED]
        known = kept.assign(level=kept[k.SUBJECT].map(level_of)).dropna(subset="level")
        value = families.log2_fold(known[k.VALUE].astype(float), known[k.FAMILY].astype(str))
        return known.assign(id=known[k.FEATURE].astype(str), log2_value=value)

    of_samples = mine.assign(**{k.SUBJECT: mine[k.SAMPLE].astype(str).map(unit)})
    facts = {"name": design_of.contrast.name, "reference": reference, "group": levels[True]}
    titles = {name: name.replace(k.PAIR_SEPARATOR, " – ") for name in names}
    drawn = figures.subject_dots(shown(result.values), shown(of_samples), titles, facts)
    return _drawn(drawn, "a value of any subject")


def map(
    cells: Any,
    image: str | None = None,
    pair: tuple[str, str] | None = None,
    *,
    label: str = "cell_type",
    sample: str | None = "sample",
    x: str = "x",
    y: str = "y",
    um_per_px: float = 1.0,
    size: float | None = None,
) -> Figure:
    """The cells of one image at their place, by type; with `pair` only these two types in colour.

    Parameters
    ----------
    cells, label, sample, x, y, um_per_px
        As of `tumint.score`. Colours are those in `uns["<label>_colors"]` of an AnnData, else the house's.
    image
        A value of the column `sample`; None: the only one.
    pair
        Two types.
    size
        Of a dot, in points²; None: as fits.
    """
    table = read(cells, Columns(x, y, label, sample), um_per_px)
    images = list(dict.fromkeys(table[k.SAMPLE]))
    chosen = images[0] if image is None and len(images) == 1 else image
    if chosen not in images:
        raise TumintError(Fault("image", f"one of {listed(images, 5)}", "none" if image is None else f"`{image}`"))
    types = sorted(set(table[k.CELL_TYPE]))
    if unknown := [name for name in pair or () if name not in types]:
        raise TumintError(Fault("pair", f"two of {listed(types, 12)}", ", ".join(unknown)))
    palette = _colours(cells, label, types)
    mine = table[table[k.SAMPLE] == chosen].reset_index(drop=True)
    if pair is None:
        mine[k.CELL_ID] = mine.index
        return _drawn(type_map(mine, str(chosen), types, palette, most=MOST_CELLS, size=size), "a cell")
    row = {k.SAMPLE: chosen, k.SOURCE: pair[0], k.TARGET: pair[1]}
    return _drawn(pair_map(mine, pd.DataFrame([row]), palette, most=MOST_CELLS, size=size), "a cell")


def _colours(cells: Any, label: str, types: Sequence[str]) -> dict[str, str]:
    """Colour of each type: that of `uns["<label>_colors"]`, in the order of the categories, else the house's."""
    chosen: dict[str, str] = {}
    if is_anndata(cells) and f"{label}_colors" in cells.uns and hasattr(cells.obs[label], "cat"):
        categories = [str(one) for one in cells.obs[label].cat.categories]
        chosen = dict(zip(categories, (str(one)[:7] for one in cells.uns[f"{label}_colors"]), strict=False))
    return type_colours(types, chosen)


def _contrast(effects: pd.DataFrame, name: str | None, fdr: float) -> Contrast:
    """One contrast of a table of effects, as the reports see it."""
    check(needs_frame("effects", effects), EFFECTS, "effects")
    names = list(dict.fromkeys(effects["contrast"].astype(str)))
    chosen = names[0] if name is None and len(names) == 1 else name
    if chosen not in names:
        expected = f"one of {listed(names, 5)}" if names else "a table with rows"
        raise DataError(Fault("contrast", expected, "none" if name is None else f"`{name}`"))
    group, _, reference = str(chosen).partition("_vs_")
    facts = {"name": chosen, "group": group if reference else "group", "reference": reference or "reference"}
    mine = effects[effects["contrast"].astype(str) == chosen]
    nothing = pd.DataFrame()
    return Contrast(facts, prepared(mine.reset_index(drop=True), fdr), nothing, nothing, fdr)


def _titled(figure: Described, title: str) -> Described:
    panels = [replace(panel, title=title) for panel in figure.chart.panels]
    return replace(figure, chart=replace(figure.chart, panels=panels))


def _drawn(figure: Described | None, needed: str) -> Figure:
    if figure is None:
        raise TumintError(Fault("table", f"at least {needed}", "none"))
    from tumint.charts.still import draw

    drawing: Any = draw(figure.chart)
    drawing.set_label(figure.title)
    drawing._repr_png_ = partial(_png, drawing)  # a notebook shows it, whether pyplot was imported or not
    shown: Figure = drawing
    return shown


def _png(drawing: Figure) -> bytes:
    held = BytesIO()
    drawing.savefig(held, format="png", dpi=100)
    return held.getvalue()
