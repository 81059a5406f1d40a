"""The report of quality control: how many cells go on, which do not, why, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.qc import words
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import (
    Block,
    Chooser,
    Column,
    Light,
    Notice,
    Number,
    Page,
    Passed,
    Section,
    State,
    Table,
    Text,
    state,
)
from tumint.report.engine.turns import not_all
from tumint.report.qc import dropped, figures, quality
from tumint.text import integer, listed, percent, plural, setting, share_setting

COLUMNS = (
    Column(k.SAMPLE, "ROI"),
    Column(k.SUBJECT, "Subject"),
    Column("light", "Light", "light"),
    Column("why", "Why"),
    Column("n_in", "Cells in", "int"),
    Column("n_out", "Cells out", "int"),
    Column("dropped", "Dropped", "percent"),
    Column("reasons", "Why cells were dropped"),
)
NOTICEABLE = quality.NOTICEABLE


def metrics(inputs: Inputs) -> pd.DataFrame:
    """One row per sample."""
    return inputs.table("qc/{batch}.metrics.parquet", contracts.QC_METRICS)


_MAD = ("mad_below", "mad_above")


def stage_state(inputs: Inputs) -> State:
    """How quality control went."""
    table = metrics(inputs)
    reasons: list[tuple[Light, str]] = [
        ("red", f"{row[k.SAMPLE]} failed" + (f": {row[k.REASON]}" if row[k.REASON] else ""))
        for row in table[table[k.STATUS] != "pass"].to_dict("records")
    ]
    found = quality.stripes(inputs)
    if len(found):
        where = listed(list(dict.fromkeys(found[k.SAMPLE])))
        reasons.append(("amber", f"{plural(len(found), 'stripe')} in which the signal drops: {where}"))
    share = 1 - table["n_out"] / table["n_in"].clip(lower=1)
    losing = table[(share > NOTICEABLE) & (table[k.STATUS] == "pass")]
    if len(losing):
        where = listed(list(losing[k.SAMPLE]))
        reasons.append(
            ("amber", f"{plural(len(losing), 'ROI')} lost more than {share_setting(NOTICEABLE)} of cells: {where}")
        )
    if table.empty:
        reasons.append(("red", "No ROI has been looked at."))
    passing = "The one ROI passes" if len(table) == 1 else f"All {plural(len(table), 'ROI')} pass"
    return state(reasons, f"{passing}; none lost more than {share_setting(NOTICEABLE)} of its cells.")


def passed(inputs: Inputs) -> Passed:
    """What came out of the stage."""
    judged = metrics(inputs)
    passing = judged[judged[k.STATUS] == "pass"]
    return Passed(passing[k.SAMPLE], judged["n_in"].sum(), judged["n_out"].sum())


def build(inputs: Inputs) -> Page:
    """The page."""
    table = metrics(inputs)
    cells = dropped.judged(inputs)
    rows = inputs.rows.merge(table, on=k.SAMPLE, how="inner")
    rows["dropped"] = 1 - rows["n_out"] / rows["n_in"].clip(lower=1)
    counts = dropped.counts(cells, rows)
    spoken = {
        s: "; ".join(f"{r}: {integer(n)}" for r, n in dropped.in_words(part))
        for s, part in counts.groupby(k.SAMPLE, sort=False)
    }
    rows["reasons"] = rows[k.SAMPLE].map(spoken).fillna("")
    n_in, n_out = int(table["n_in"].sum()), int(table["n_out"].sum())
    passing = rows[rows[k.STATUS] == "pass"]
    settings, found = _settings(inputs), quality.stripes(inputs)
    placed = bool(cells[k.X_UM].notna().any())
    rows, signal = quality.lights(rows, quality.rois(inputs), found), _has_signal(inputs)
    return Page(
        stage="qc",
        title="Quality control",
        lead="Which cells and ROIs pass, and which are dropped; every cell has a verdict and a reason.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(passing[k.SUBJECT].nunique())),
            Number("ROIs that pass", integer(len(passing)), f"of {integer(len(rows))}"),
            Number("Cells in", integer(n_in)),
            Number("Cells out", integer(n_out), percent(n_out / n_in) if n_in else ""),
        ),
        findings=_findings(rows, cells, n_in, n_out),
        sections=(
            Section("Every ROI", _per_roi(rows, counts)),
            Section(
                "Stripes",
                quality.stripe_blocks(found, settings.get("exclude_regions") or [], looked=signal and placed),
            ),
            Section("ROIs against each other", quality.cohort_blocks(inputs, quality.rois(inputs))),
            Section("Thresholds", _thresholds(cells, rows, settings)),
            Section("Other thresholds", quality.other_thresholds(cells, settings)),
            Section("Where the dropped cells lie", _maps(inputs, cells, rows)),
        ),
        method=_method(settings, placed=placed, signal=signal),
        citations=(
            "Leys et al. 2013, J Exp Soc Psychol 49:764 (median absolute deviation)",
            "Wolock et al. 2019, Cell Syst 8:281 (artificial doublets)",
        ),
    )


def _settings(inputs: Inputs) -> dict[str, Any]:
    return dict((inputs.metas.get("qc", {}).get("params", {})).get("qc") or {})


def _findings(rows: pd.DataFrame, cells: pd.DataFrame, n_in: int, n_out: int) -> list[str]:
    if not n_in:
        return ["There was no cell to look at."]
    if n_in == n_out:
        return [f"All {integer(n_in)} cells pass: none was dropped."]
    found = [
        f"{integer(n_out)} of {integer(n_in)} cells ({percent(n_out / n_in)}) pass; {integer(n_in - n_out)} are "
        "dropped."
    ]
    gone = cells[cells[k.VERDICT] != "pass"]
    if len(gone):
        why = gone[k.REASON].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        found.append(
            "Reasons: " + "; ".join(f"{reason or 'none given'} ({integer(n)})" for reason, n in why.items()) + "."
        )
    if len(rows) > 1:
        worst = rows.iloc[int(rows["dropped"].to_numpy().argmax())]
        found.append(
            f"{worst[k.SAMPLE]} lost the largest share, {percent(worst['dropped'])}; the median ROI lost "
            f"{percent(rows['dropped'].median())}."
        )
    failed = rows[rows[k.STATUS] != "pass"]
    if len(failed):
        lost = integer(failed["n_in"].sum())
        found.append(f"These ROIs failed, and with them {lost} cells: {listed(list(failed[k.SAMPLE]))}.")
    return found


def _per_roi(rows: pd.DataFrame, counts: pd.DataFrame) -> list[Block]:
    reasons = dropped.ordered(counts[k.REASON])
    figure = figures.dropped_by_reason(counts, reasons) if reasons else None
    table = Table(
        "roi",
        "One row per ROI.",
        COLUMNS,
        rows.drop(columns="group").sort_values("dropped", ascending=False, kind="stable"),
    )
    return [table] if figure is None else [figure, table]


def _thresholds(cells: pd.DataFrame, rows: pd.DataFrame, settings: Mapping[str, Any]) -> list[Block]:
    fixed = {
        name: [
            v for v in ((settings.get(name) or {}).get("min"), (settings.get(name) or {}).get("max")) if v is not None
        ]
        for name in words.METRICS
    }
    blocks: list[Block] = [Text(_spoken_thresholds(settings))]
    chart = figures.distributions(cells, fixed)
    if chart is None:
        blocks.append(Notice("These data have neither areas nor intensities: there was nothing to put a threshold on."))
        return blocks
    order = {sample: i for i, sample in enumerate(rows[k.SAMPLE])}
    sorted_cells = cells.iloc[cells[k.SAMPLE].map(order).fillna(len(order)).to_numpy().argsort(kind="stable")]
    ranges = figures.per_roi(figures.quantiles(sorted_cells, limits(rows)))
    both = quality.before_after(sorted_cells)
    return [*blocks, chart, *(figure for figure in (ranges, both) if figure is not None)]


def limits(rows: pd.DataFrame) -> pd.DataFrame:
    """`sample, metric, lower, upper`: the limits that held in each ROI, where the stage wrote them."""
    parts = [
        pd.DataFrame(
            {
                k.SAMPLE: rows[k.SAMPLE],
                "metric": name,
                "lower": rows.get(f"min_{name}", np.nan),
                "upper": rows.get(f"max_{name}", np.nan),
            }
        )
        for name in words.METRICS
    ]
    return pd.concat(parts, ignore_index=True).astype({"lower": float, "upper": float})


def _spoken_thresholds(settings: Mapping[str, Any]) -> str:
    said = []
    for name, title in words.METRICS.items():
        chosen = settings.get(name) or {}
        whose = "cohort's" if chosen.get("per") == "cohort" else "ROI's"
        parts = [
            text.format(setting(chosen[key]))
            for key, text in (
                ("min", "at least {}"),
                ("max", "at most {}"),
                ("mad_below", f"no more than {{}} MAD below the {whose} median"),
                ("mad_above", f"no more than {{}} MAD above the {whose} median"),
            )
            if chosen.get(key) is not None
        ]
        if parts:
            said.append(f"{title}: {listed(parts)}")
    whole = ""
    if "min_cells" in settings:
        whole = (
            f" A ROI fails as a whole with fewer than {integer(settings['min_cells'])} cells that pass, or when it "
            f"loses more than {share_setting(settings['max_dropped'])} of its cells."
        )
    return (f"A cell passes with {'; '.join(said)}." if said else "No threshold on single cells was asked for.") + whole


def _maps(inputs: Inputs, cells: pd.DataFrame, rows: pd.DataFrame) -> list[Block]:
    if not (cells[k.VERDICT] != "pass").any():
        return [Text("No cell was dropped.")]
    if cells[k.X_UM].isna().all():
        return [Notice("The cells came without coordinates, so there is no map.")]
    cells = cells[cells[k.X_UM].notna()] if cells[k.X_UM].isna().any() else cells
    worst = rows[rows["n_in"] > 0].sort_values("dropped", ascending=False, kind="stable")
    chosen = worst.groupby(k.SUBJECT, sort=False).head(inputs.config.maps_per_subject)
    asked = chosen[chosen[k.SAMPLE].isin(set(cells[k.SAMPLE]))]
    chosen = asked.head(inputs.config.max_maps)
    if chosen.empty:
        return [Notice("No map was asked for, or no cell is there to be drawn.")]
    reasons = dropped.ordered(cells[k.REASON])
    by_sample = dict(tuple(cells[cells[k.SAMPLE].isin(chosen[k.SAMPLE])].groupby(k.SAMPLE, sort=False)))
    options: dict[str, Any] = {"most": inputs.config.max_map_cells, "size": inputs.config.point_size}
    maps = [
        (
            f"{row[k.SAMPLE]} ({percent(row['dropped'])} dropped)",
            figures.dropped_map(by_sample[row[k.SAMPLE]], row[k.SAMPLE], reasons, **options),
        )
        for row in chosen.to_dict("records")
    ]
    many = inputs.config.maps_per_subject
    said = f"The {'ROI' if many == 1 else plural(many, 'ROI')} of each subject that lost the largest share of cells."
    said += not_all(len(chosen), len(asked))
    return [Text(said), Chooser("maps", "ROI", maps)]


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    read = inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES, optional=True)
    placed = bool(read["has_coordinates"].any()) if "has_coordinates" in read and len(read) else True
    return _method(_settings(inputs), placed=placed, signal=_has_signal(inputs))


def _has_signal(inputs: Inputs) -> bool:
    """Whether intensities or counts came with the cells: without them there are no doublet scores and no stripes."""
    rois = quality.rois(inputs)
    return bool(rois["signal"].notna().any()) if len(rois) else True


def _method(settings: Mapping[str, Any], *, placed: bool = True, signal: bool = True) -> list[str]:
    """Only what was done: `placed`, cells of images, not dissociated ones; `signal`, with intensities or counts."""
    of_mad = any((settings.get(name) or {}).get(key) is not None for name in words.METRICS for key in _MAD)
    said = [_spoken_thresholds(settings)]
    if of_mad:
        said[0] = (
            "Fixed thresholds hold for the whole cohort; MAD thresholds are set in each ROI or over all cells, on the "
            "scale of log(1 + x), with the MAD multiplied by 1.4826 so that it estimates a standard deviation. "
        ) + said[0]
    if signal and settings.get("doublets"):
        how = "merges of touching cells of the same ROI" if placed else "scrublet"
        said.append(f"Doublet scores come from artificial doublets ({how}).")
    if placed and signal and settings.get("stripes"):
        said.append("Strips in which the signal drops are proposed, never removed unless the config names them.")
    return [*said, "Dropped cells keep their row, verdict and reason in the tables; nothing is dropped silently."]
