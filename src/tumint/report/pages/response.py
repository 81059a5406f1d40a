"""The report of the comparison of subjects: findings first, then effects, evidence, subjects, and what limits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report import evidence, words
from tumint.report.caveats import caveats
from tumint.report.formats import integer, is_missing, number, plural, probability
from tumint.report.inputs import Inputs
from tumint.report.page import Block, Column, Items, Light, Notice, Number, Page, Section, State, Table, state
from tumint.response import figures

FOREST_ROWS = 24
DOT_PANELS = 6
COLUMNS = (
    Column("family_name", "Family"),
    Column("name", "Feature"),
    Column("times", "Ratio", "ratio", "group / reference"),
    Column("times_low", "95 % from", "ratio"),
    Column("times_high", "to", "ratio"),
    Column("effect", "Effect", "log2", "log2 for interactions, else natural logarithm"),
    Column("p", "p", "p"),
    Column("q", "q", "p", "Benjamini-Hochberg within family"),
    Column("p_permutation", "p perm.", "p", "exact permutation of subjects"),
    Column("p_maxt", "p max-t", "p", "family-wise, by permutation"),
    Column("p_mixed", "p mixed", "p", "mixed model of ROIs"),
    Column("robustness", "Robust", "percent", "share of the sensitivity grid that keeps sign and q"),
    Column("versus", "Subjects"),
    Column("n_samples", "ROIs", "int"),
    Column(k.STATUS, "Status", "light"),
    Column(k.REASON, "Reason"),
)
FAMILY_COLUMNS = (
    Column("name", "Family"),
    Column("features", "Features", "int"),
    Column("tested", "Tested", "int"),
    Column("hits", "q below the rate", "int"),
    Column("smallest_q", "Smallest q", "p"),
)


@dataclass(frozen=True)
class Contrast:
    """A contrast as the page sees it: its facts from `effects.json`, its rows, the values behind them."""

    facts: Mapping[str, Any]
    effects: pd.DataFrame
    subjects: pd.DataFrame
    rois: pd.DataFrame
    fdr: float

    @property
    def testable(self) -> bool:
        """Whether any feature has a p."""
        return bool(self.effects["p"].notna().any())


def contrasts(inputs: Inputs) -> list[Contrast]:
    """Every contrast, in the order of the config."""
    effects = _with_robustness(inputs, inputs.table("response/effects.parquet", contracts.EFFECTS))
    subjects = inputs.table("response/subjects.parquet", contracts.SUBJECTS)
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    features = features[features[k.STATUS] == k.TESTED]
    summary = inputs.json("response/effects.json")
    fdr = float(summary.get("fdr", 0.1))
    return [
        Contrast(facts, prepared(effects[effects["contrast"] == facts["name"]], fdr), subjects, features, fdr)
        for facts in words.contrasts_of(summary, effects)
    ]


def _with_robustness(inputs: Inputs, effects: pd.DataFrame) -> pd.DataFrame:
    """Effects with the share of the sensitivity grid on which they hold; missing where there is no grid."""
    key = ["contrast", k.FAMILY, k.FEATURE]
    table = inputs.table("response/robustness.parquet", contracts.ROBUSTNESS, optional=True)
    return effects.merge(table[[*key, "robustness", "n_settings"]], how="left", on=key)


def prepared(effects: pd.DataFrame, fdr: float) -> pd.DataFrame:
    """Effects with names, ratios and log2 units, families in the order of a report, best evidence first."""
    table = pd.concat([words.ranked(effects), effects[effects["effect"].isna()]])
    rows = table.to_dict("records")
    families = table[k.FAMILY]
    return table.assign(
        id=table[k.FAMILY] + ":" + table[k.FEATURE],
        name=pd.Series([words.feature_name(row) for row in rows], index=table.index, dtype=object),
        family_name=families.map(words.family_name).astype(object),
        significant=(table["q"] < fdr).astype(bool),
        versus=[f"{row['n_subjects_group']} v {row['n_subjects_reference']}" for row in rows],
        **{
            f"times{suffix}": [words.fold(row[column], row[k.FAMILY]) for row in rows]
            for suffix, column in (("", "effect"), ("_low", "ci_low"), ("_high", "ci_high"))
        },
        **{
            f"log2_{name}": words.log2_fold(table[column].astype(float), families)
            for name, column in (("effect", "effect"), ("low", "ci_low"), ("high", "ci_high"))
        },
    )


def stage_state(inputs: Inputs) -> State:
    """How the comparison went: that nothing differs is no fault."""
    found = contrasts(inputs)
    reasons: list[tuple[Light, str]] = []
    for contrast in found:
        if not contrast.testable:
            why = contrast.facts.get("reason") or "no feature could be tested"
            reasons.append(("amber", f"{contrast.facts['name']}: effects without p, because of {why}"))
    if not found:
        reasons.append(("red", "No contrast was computed."))
    return state(reasons, f"{plural(len(found), 'contrast')} compared subject by subject.")


def findings(inputs: Inputs, most: int = 5) -> list[str]:
    """All contrasts in words."""
    said: list[str] = []
    for contrast in contrasts(inputs):
        head, rows = words.contrast_findings(contrast.effects, contrast.facts, contrast.fdr, most=most)
        said += [head, *rows]
    return said


def build(inputs: Inputs) -> Page:
    """The page."""
    found = contrasts(inputs)
    sections = [Section(_title(contrast), _contrast(inputs, contrast)) for contrast in found]
    tested = sum(int(contrast.effects["p"].notna().sum()) for contrast in found)
    hits = sum(int(contrast.effects["significant"].sum()) for contrast in found)
    subjects = found[0].subjects if found else pd.DataFrame({k.SUBJECT: []})
    rois = found[0].rois if found else pd.DataFrame({k.SAMPLE: []})
    fdr = found[0].fdr if found else 0.1
    return Page(
        stage="response",
        title="Response",
        lead="What differs between groups of subjects. The subject is the unit: cells and ROIs are never replicates.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(subjects[k.SUBJECT].nunique())),
            Number("ROIs", integer(rois[k.SAMPLE].nunique())),
            Number("Contrasts", integer(len(found))),
            Number("Features tested", integer(tested), "over all contrasts"),
            Number(f"At q < {fdr:g}", integer(hits) if tested else "no p"),
        ),
        findings_title="Findings",
        findings=findings(inputs) or ["Nothing was compared."],
        sections=[*sections, *evidence.outcome_sections(inputs, fdr)]
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


def _title(contrast: Contrast) -> str:
    facts = contrast.facts
    return f"{facts['name']}: {facts['group']} against {facts['reference']}"


def _contrast(inputs: Inputs, contrast: Contrast) -> list[Block]:
    facts, effects = contrast.facts, contrast.effects
    if effects.empty:
        return [Notice("This contrast has no feature: nothing could be compared.")]
    blocks: list[Block] = []
    if not contrast.testable:
        blocks.append(Notice(words.contrast_findings(effects, facts, contrast.fdr)[0]))
    blocks.append(Items(caveats(inputs, facts, effects), "What to keep in mind"))
    interactions = effects[effects[k.FAMILY] == k.FAMILY_INTERACTION]
    charts = [
        figures.forest(_forest_rows(effects), facts),
        figures.effect_heatmap(interactions[interactions["log2_effect"].notna()], facts, contrast.fdr),
        figures.volcano(effects[effects["p"].notna()], facts, contrast.fdr) if contrast.testable else None,
        _dots(contrast, inputs),
    ]
    blocks += [chart for chart in charts if chart is not None]
    blocks.append(Table(f"families_{facts['name']}", "Families of features.", FAMILY_COLUMNS, _families(contrast)))
    blocks += evidence.blocks(inputs, facts, effects)
    drop = ["id", "log2_effect", "log2_low", "log2_high", "significant", "versus"]
    caption = (
        "Every feature, best evidence first. The CSV holds all columns; a ratio of 2 is twice as much in "
        f"{facts['group']} as in {facts['reference']}."
    )
    shown = effects.drop(columns=drop).assign(versus=effects["versus"])
    blocks.append(Table(f"effects_{facts['name']}", caption, _columns(effects), shown))
    return blocks


def _columns(effects: pd.DataFrame) -> list[Column]:
    """Without columns that hold nothing."""
    optional = {"p", "q", "p_permutation", "p_maxt", "p_mixed", "times_low", "times_high"}
    empty = {name for name in optional if not effects[name].notna().any()}
    if not (effects[k.REASON] != "").any():
        empty.add(k.REASON)
    return [column for column in COLUMNS if column.key not in empty]


def _forest_rows(effects: pd.DataFrame) -> pd.DataFrame:
    """Significant features first, filled up with the best of the primary interactions; at most `FOREST_ROWS`."""
    usable = effects[effects["log2_effect"].notna() & effects[k.FAMILY].isin(words.KNOWN)]
    primary = usable[usable[k.FAMILY] != k.FAMILY_INTERACTION_GLOBAL]
    hits = primary[primary["significant"]]
    fill = [k.FAMILY_INTERACTION] if usable["p"].notna().any() else [k.FAMILY_INTERACTION, k.FAMILY_COMPOSITION]
    others = primary[~primary["significant"] & primary[k.FAMILY].isin(fill)]
    chosen = pd.concat([hits.head(FOREST_ROWS), others.head(max(0, min(FOREST_ROWS, 12) - len(hits)))])
    order = {name: i for i, name in enumerate(dict.fromkeys(chosen["family_name"]))}
    rank = chosen.assign(_family=chosen["family_name"].map(order))
    return rank.sort_values(["_family", "log2_effect"], ascending=[True, False], kind="stable").drop(columns="_family")


def _dots(contrast: Contrast, inputs: Inputs) -> Any:
    """Values of the subjects, and of their ROIs, for the features with the best evidence."""
    effects, facts = contrast.effects, contrast.facts
    level_of = {name: level for level, names in (facts.get("subjects") or {}).items() for name in names}
    primary = effects[(effects[k.FAMILY] != k.FAMILY_INTERACTION_GLOBAL) & effects["log2_effect"].notna()]
    hits = primary[primary["significant"]]
    chosen = (hits if len(hits) else primary[primary[k.FAMILY] == k.FAMILY_INTERACTION]).head(DOT_PANELS)
    titles = {row["id"]: _panel_title(row) for row in chosen.to_dict("records")}
    subjects = _values(contrast.subjects, titles)
    subjects["level"] = subjects[k.SUBJECT].map(level_of)
    subjects = subjects.dropna(subset="level")
    rois = _values(contrast.rois, titles)
    of_sample = _unit_of_sample(inputs, facts, set(level_of))
    rois[k.SUBJECT] = rois[k.SAMPLE].map(of_sample)
    rois["level"] = rois[k.SUBJECT].map(level_of)
    rois = rois.dropna(subset=[k.SUBJECT, "level"])
    return figures.subject_dots(subjects, rois, titles, facts)


def _unit_of_sample(inputs: Inputs, facts: Mapping[str, Any], units: set[str]) -> dict[str, str]:
    """The compared unit of each sample: its subject, or `subject [level]` where one subject is in both groups."""
    column = str(facts.get("column"))
    levels = inputs.sheet[column] if column in inputs.sheet else pd.Series("", index=inputs.sheet.index)
    found = {}
    for sample, subject, level in zip(inputs.sheet[k.SAMPLE], inputs.sheet[k.SUBJECT], levels, strict=True):
        half = f"{subject} [{level}]"
        if half in units or subject in units:
            found[sample] = half if half in units else subject
    return found


def _values(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = table.assign(id=table[k.FAMILY] + ":" + table[k.FEATURE])
    rows = rows[rows["id"].isin(titles)]
    return rows.assign(log2_value=words.log2_fold(rows[k.VALUE].astype(float), rows[k.FAMILY]))


def _panel_title(row: Mapping[Any, Any]) -> str:
    if is_missing(row[k.SOURCE]) or is_missing(row[k.TARGET]):
        name = str(row[k.FEATURE])
    else:
        name = f"{row[k.SOURCE]}\n{'→' if row[k.FAMILY] == k.FAMILY_DISTANCE else '–'} {row[k.TARGET]}"
    evidence = "no p" if is_missing(row["q"]) else f"q = {probability(row['q'])}"
    return f"{name}\n{row['family_name']}, {evidence}"


def _families(contrast: Contrast) -> pd.DataFrame:
    groups = contrast.effects.groupby(k.FAMILY, sort=False)
    table = groups.agg(
        features=(k.FEATURE, "size"), tested=("p", "count"), hits=("significant", "sum"), smallest_q=("q", "min")
    ).reset_index()
    table.insert(1, "name", table[k.FAMILY].map(words.family_name))
    return table.iloc[table[k.FAMILY].map(words.family_rank).to_numpy().argsort(kind="stable")]


def _method(found: list[Contrast]) -> list[str]:
    said = [
        "Each feature has one value per subject. For interactions it is log2 of the subject's contacts over those that "
        "chance expects, both added up over its ROIs; other features are means over its ROIs, weighted by cells. "
        "Groups were compared by a linear model of these values, whose residual variance is moderated over the "
        "features of a family by empirical Bayes. q is Benjamini and Hochberg's, within family.",
        "Beside it stands the permutation of subjects between the groups: p for one feature, and max-t over a family.",
    ]
    for contrast in found:
        facts = contrast.facts
        adjust = facts.get("adjust") or []
        extra = f", adjusted for {', '.join(adjust)}" if adjust else ""
        extra += f", paired by {facts['paired']}" if facts.get("paired") else ""
        priors = [
            f"{words.family_name(family[k.FAMILY])} {number(family['d0']) if family['d0'] != 'inf' else '∞'}"
            for family in facts.get("families", [])
            if family.get("d0") is not None
        ]
        learnt = f" Prior degrees of freedom: {', '.join(priors)}." if priors else ""
        said.append(
            f"{facts['name']}: {facts['group']} against {facts['reference']} of `{facts['column']}`{extra}; false "
            f"discovery rate {contrast.fdr:g}.{learnt}"
        )
    return said
