"""The report of the comparison of subjects: findings first, then effects, evidence, subjects, and what limits them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine import words
from tumint.report.engine.formats import is_missing
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import (
    Block,
    Column,
    Items,
    Light,
    Notice,
    Number,
    Page,
    Passed,
    Section,
    State,
    Table,
    state,
)
from tumint.report.response import by_family, evidence, figures
from tumint.report.response import cells as tissue
from tumint.report.response import findings as spoken
from tumint.report.response.caveats import caveats
from tumint.report.response.contrasts import Contrast, values_of
from tumint.report.response.contrasts import contrasts as contrasts_of
from tumint.report.response.distances import distance_chooser
from tumint.report.response.parts import parts_figure
from tumint.report.response.scale import scale_chooser
from tumint.text import integer, number, plural, probability, setting

COLUMNS = (
    Column("family_name", "Family"),
    Column("name", "Feature"),
    Column("times", "Ratio", "ratio", "group / reference"),
    Column("times_low", "95 % from", "ratio"),
    Column("times_high", "to", "ratio"),
    Column("log2_effect", "log2 ratio", "log2"),
    Column("difference", "Difference", "log2", "of families whose values are chances, not ratios"),
    Column("p", "p", "p"),
    Column("q", "q", "p", "Benjamini-Hochberg within family"),
    Column("p_permutation", "p perm.", "p", "exact permutation of subjects"),
    Column("p_maxt", "p max-t", "p", "family-wise, by permutation"),
    Column("p_mixed", "p mixed", "p", "mixed model of ROIs"),
    Column("robustness", "Robust", "percent", "share of the sensitivity grid that keeps sign and q"),
    Column("times_detectable", "Detectable", "ratio", "ratio that such a cohort finds at p < 0.05"),
    Column("subjects_needed", "Needed", "int", "subjects per group to find the effect seen; none: more than 1,000"),
    Column("versus", "Subjects"),
    Column("n_samples", "ROIs", "int"),
    Column("lost", "Without a value"),
    Column(k.STATUS, "Status", "light"),
    Column(k.REASON, "Reason"),
)
FINDING_COLUMNS = (
    Column("grade", "Grade"),
    Column("family_name", "Family"),
    Column("words", "Finding"),
    Column("q", "q", "p"),
    Column("q_all", "q over all", "p", "Benjamini-Hochberg over all families of the contrast"),
    Column("q_across", "q across", "p", "over families, then within (Benjamini & Bogomolov 2014)"),
    Column("p_maxt", "p max-t", "p", "family-wise, by permutation"),
)


def stage_state(inputs: Inputs) -> State:
    """How the comparison went: that nothing differs is no fault."""
    found = contrasts_of(inputs)
    reasons: list[tuple[Light, str]] = []
    for contrast in found:
        if not contrast.testable:
            why = contrast.facts.get("reason") or "no feature could be tested"
            if contrast.effects.empty and contrast.facts.get("reason"):
                reasons.append(("red", f"{contrast.name}: not compared: {why}"))
                continue
            reasons.append(("amber", f"{contrast.name}: effects without p, because of {why}"))
    settings = inputs.metas.get("response", {}).get("params", {}).get("response") or {}
    if not found and settings.get("contrasts") == []:
        return state([], "No contrast was asked for: the features are described in the other reports.")
    if not found:
        reasons.append(("red", "No contrast was computed."))
    return state(reasons, f"{plural(len(found), 'contrast')} compared subject by subject.")


def passed(inputs: Inputs) -> Passed:
    """What came out of the stage: the ROIs of which anything was compared."""
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    return Passed(features.loc[features[k.STATUS] == k.TESTED, k.SAMPLE])


def build(inputs: Inputs) -> Page:
    """The page."""
    found = contrasts_of(inputs)
    shown = tissue.sections(inputs, found)
    tour, maps = shown[:-1], shown[-1:]
    sections = [Section(_title(contrast), _contrast(inputs, contrast)) for contrast in found]
    tested = sum(int(contrast.primary["p"].notna().sum()) for contrast in found)
    hits = sum(int(contrast.primary["significant"].sum()) for contrast in found)
    rois = found[0].rois if found else pd.DataFrame({k.SAMPLE: []})
    fdr = found[0].fdr if found else 0.1
    return Page(
        stage="response",
        title="Response",
        lead="What differs between groups of subjects. The subject is the unit: cells and ROIs are never replicates.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(rois[k.SAMPLE].map(inputs.subject_of).nunique())),
            Number("ROIs", integer(rois[k.SAMPLE].nunique())),
            Number("Contrasts", integer(len(found))),
            *([_compared(found), _found(hits, tested, fdr)] if found else []),
        ),
        findings_title=spoken.heading(inputs),
        findings=spoken.findings(inputs) or ["Nothing was compared."],
        sections=[*tour, *sections, *maps, *evidence.outcome_sections(inputs, fdr)]
        or [Section("Contrasts", [Notice("There is no contrast to show.")])],
        method=_method(found),
        citations=(
            "Smyth 2004, Stat Appl Genet Mol Biol 3:3 (moderated t)",
            "Ritchie et al. 2015, Nucleic Acids Res 43:e47 (limma)",
            "Phipson & Smyth 2010, Stat Appl Genet Mol Biol 9:39 (permutation p)",
            "Westfall & Young 1993, Resampling-based multiple testing (max-t)",
            "Benjamini & Hochberg 1995, J R Stat Soc B 57:289",
        ),
    )


def _compared(found: list[Contrast]) -> Number:
    """How many features findings could come from, so that what is found can be judged against it."""
    rows = [one.primary[one.primary["p" if one.testable else "effect"].notna()] for one in found]
    kinds = {name for some in rows for name in some[k.FAMILY]}
    return Number(
        "Features compared", integer(sum(map(len, rows))), f"of {plural(len(kinds), 'kind')}" if kinds else ""
    )


def _title(contrast: Contrast) -> str:
    facts = contrast.facts
    return f"{facts['name']}: {facts['group']} against {facts['reference']}"


def _contrast(inputs: Inputs, contrast: Contrast) -> list[Block]:
    facts, effects = contrast.facts, contrast.effects
    if effects.empty:
        return [Notice("This contrast has no feature: nothing could be compared.")]
    blocks: list[Block] = []
    if not contrast.testable:
        blocks.append(Notice(words.contrast_head(effects, facts, contrast.fdr)))
    blocks.append(Items(caveats(inputs, facts, effects), "What to keep in mind"))
    interactions = effects[effects[k.FAMILY] == k.FAMILY_INTERACTION]
    charts: list[Block | None] = [
        figures.forest(contrast.forest, facts, int(contrast.ratios["significant"].sum())),
        parts_figure(contrast),
        scale_chooser(inputs, contrast),
        distance_chooser(inputs, contrast),
        _dots(contrast, inputs),
        figures.effect_heatmap(interactions[interactions["log2_effect"].notna()], facts, contrast.fdr),
        figures.volcano(effects[effects["p"].notna()], facts, contrast.fdr) if contrast.testable else None,
    ]
    blocks += [chart for chart in charts if chart is not None]
    said = spoken.table(contrast)
    if len(said):
        caption = "Every finding in words, the primary families first."
        blocks.append(Table(f"findings_{contrast.name}", caption, FINDING_COLUMNS, said, short=True))
    if contrast.testable and (nothing := spoken.without(contrast)):
        blocks.append(Items(nothing, "Families without a finding"))
    blocks += by_family.blocks(contrast)
    blocks += evidence.blocks(inputs, contrast)
    caption = (
        "Every feature, best evidence first. The CSV holds all columns; a ratio of 2 is twice as much in "
        f"{facts['group']} as in {facts['reference']}."
    )
    shown = effects.drop(columns=["id", "log2_low", "log2_high", "significant"])
    shown = shown.assign(difference=shown["effect"].where(shown["log2_effect"].isna()))
    blocks.append(Table(f"effects_{contrast.name}", caption, _columns(shown), shown, fold=True))
    return blocks


def _columns(effects: pd.DataFrame) -> list[Column]:
    """Without columns that hold nothing."""
    optional = {"p", "q", "p_permutation", "p_maxt", "p_mixed", "times_low", "times_high"}
    optional |= {"difference", "robustness", "times_detectable", "subjects_needed"}
    empty = {name for name in optional if not effects[name].notna().any()}
    empty |= {name for name in (k.REASON, "lost") if not (effects[name] != "").any()}
    return [column for column in COLUMNS if column.key not in empty]


def _dots(contrast: Contrast, inputs: Inputs) -> Any:
    """Values of the subjects, and of their ROIs, for the features with the best evidence."""
    titles = {row["id"]: _panel_title(row) for row in contrast.drawn.to_dict("records")}
    return figures.subject_dots(*values_of(contrast, inputs, titles), titles, contrast.facts)


def _panel_title(row: Any) -> str:
    if is_missing(row[k.SOURCE]) or is_missing(row[k.TARGET]):
        name = str(row[k.FEATURE])
    elif (family := families.find(row[k.FAMILY])) and family.place:
        name = f"{row[k.SOURCE]}{family.place.rstrip()}\n{row[k.TARGET]}"
    else:
        name = f"{row[k.SOURCE]}\n{'→' if row[k.FAMILY] == k.FAMILY_DISTANCE else '–'} {row[k.TARGET]}"
    said = "no p" if is_missing(row["q"]) else f"q = {probability(row['q'])}"
    return f"{name}\n{row['family_name']}, {said}"


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    return _method(contrasts_of(inputs))


def _found(hits: int, tested: int, fdr: float) -> Number:
    if not tested:
        return Number("Tests", "none", "no p can be given")
    return Number("Differences found", integer(hits), f"at q < {setting(fdr)}")


def _values(found: list[Contrast]) -> str:
    """How cells became one value per subject, of the families that have values."""
    there = {
        str(name) for contrast in found for name in contrast.effects.loc[contrast.effects["effect"].notna(), k.FAMILY]
    }
    said = "Each feature has one value per subject."
    contact, counts = (any(families.pools(name, how) for name in there) for how in ("information", "counts"))
    if contact:
        said += (
            " For contact it is the log odds ratio fitted to all of the subject's ROIs as one; subjects weigh by its "
            "standard error beside the variance between subjects that all pairs have in common."
        )
    if counts:
        said += " For counts it is log2 of those seen over those expected, both added up over ROIs."
    return f"{said} {'Other features' if contact or counts else 'Features'} are means over ROIs, weighted by cells."


def _method(found: list[Contrast]) -> list[str]:
    if not found:
        return ["Nothing was compared."]
    said = [_values(found)]
    if any(contrast.testable for contrast in found):
        said[0] += (
            " Groups were compared by a linear model of these values, whose residual variance is moderated over the "
            "features of a family by empirical Bayes. The q are Benjamini and Hochberg's, within each family."
        )
        said.append(
            "Subjects were also permuted between the groups: this gives p of one feature, and max-t of a family."
        )
    else:
        said[0] += " No p could be given: effects are differences between the values of the groups."
    for contrast in found:
        facts = contrast.facts
        adjust = facts.get("adjust") or []
        extra = f", adjusted for {', '.join(adjust)}" if adjust else ""
        extra += f", paired by {facts['paired']}" if facts.get("paired") else ""
        extra += f", by the formula `{facts['formula']}`" if facts.get("formula") else ""
        priors = [
            f"{families.title(family[k.FAMILY])} {number(family['d0']) if family['d0'] != 'inf' else '∞'}"
            for family in facts.get("families", [])
            if family.get("d0") is not None
        ]
        learnt = f" Prior degrees of freedom: {', '.join(priors)}." if priors else ""
        said.append(
            f"{facts['name']}: {facts['group']} against {facts['reference']} of `{facts['column']}`{extra}; false "
            f"discovery rate {setting(contrast.fdr)}.{learnt}"
        )
    return said
