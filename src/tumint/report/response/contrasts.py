"""The contrasts of a cohort as the pages see them: facts of `effects.json`, rows of the tables, the values behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine import words
from tumint.report.engine.inputs import Inputs
from tumint.report.response.spread import fitting

FOREST_ROWS = 24
DOT_PANELS = 6


@dataclass(frozen=True)
class Contrast:
    """A contrast: its facts, its effects (see `prepared`), the values of all subjects and of their ROIs."""

    facts: Mapping[str, Any]
    effects: pd.DataFrame
    subjects: pd.DataFrame
    rois: pd.DataFrame
    fdr: float

    @property
    def name(self) -> str:
        """As in the config."""
        return str(self.facts["name"])

    @property
    def testable(self) -> bool:
        """Whether any feature has a p."""
        return bool(self.effects["p"].notna().any())

    @property
    def level_of(self) -> dict[str, str]:
        """Group of each compared subject."""
        sides = self.facts.get("subjects") or {}
        return {name: level for level, names in sides.items() for name in names}

    @property
    def primary(self) -> pd.DataFrame:
        """Effects of the families that findings come from."""
        return self.effects[words.is_primary(self.effects)]

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """Features whose subjects are drawn: the findings first, else the interactions of best evidence."""
        usable = self.primary[self.primary["log2_effect"].notna()]
        hits = usable[usable["significant"]]
        return (hits if len(hits) else usable[usable[k.FAMILY] == k.FAMILY_INTERACTION]).head(DOT_PANELS)

    @cached_property
    def ratios(self) -> pd.DataFrame:
        """Effects of the primary families that are ratios."""
        return self.primary[self.primary["log2_effect"].notna() & self.primary[k.FAMILY].isin(families.of_ratios())]

    @cached_property
    def forest(self) -> pd.DataFrame:
        """Findings, some of every kind, filled up with the best interactions: the rows of the forest plot, in order."""
        usable = self.ratios
        hits = usable[usable["significant"]]
        fill = [k.FAMILY_INTERACTION] if usable["p"].notna().any() else [k.FAMILY_INTERACTION, k.FAMILY_COMPOSITION]
        others = usable[~usable["significant"] & usable[k.FAMILY].isin(fill)]
        told = fitting(hits, FOREST_ROWS)
        chosen = pd.concat([told, others.head(max(0, min(FOREST_ROWS, 12) - len(told)))])
        order = {name: i for i, name in enumerate(dict.fromkeys(chosen["family_name"]))}
        rank = chosen.assign(_family=chosen["family_name"].map(order))
        rank = rank.sort_values(["_family", "log2_effect"], ascending=[True, False], kind="stable")
        return rank.drop(columns="_family")

    def figure_of(self, feature: str) -> str:
        """Name of the figure that shows a feature (its `id`) best."""
        if feature in set(self.drawn["id"]):
            return f"subjects_{self.name}"
        kind = "forest" if feature in set(self.forest["id"]) or not self.testable else "volcano"
        return f"{kind}_{self.name}"


def contrasts(inputs: Inputs) -> list[Contrast]:
    """Every contrast, in the order of the config; prepared once for all parts of a page."""
    if "contrasts" not in inputs.made:
        inputs.made["contrasts"] = _contrasts(inputs)
    found: list[Contrast] = inputs.made["contrasts"]
    return found


def _contrasts(inputs: Inputs) -> list[Contrast]:
    effects = _with_evidence(inputs, inputs.table("response/effects.parquet", contracts.EFFECTS))
    subjects = inputs.table("response/subjects.parquet", contracts.SUBJECTS)
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    features = features[features[k.STATUS] == k.TESTED]
    summary = inputs.json("response/effects.json")
    fdr = float(summary.get("fdr", 0.1))
    return [
        Contrast(facts, prepared(effects[effects["contrast"] == facts["name"]], fdr), subjects, features, fdr)
        for facts in words.contrasts_of(summary, effects)
    ]


def _with_evidence(inputs: Inputs, effects: pd.DataFrame) -> pd.DataFrame:
    """Effects with their share of the sensitivity grid and the subjects they would take; missing where none is."""
    key = ["contrast", k.FAMILY, k.FEATURE]
    grid = inputs.table("response/robustness.parquet", contracts.ROBUSTNESS, optional=True)
    power = inputs.table("response/power.parquet", contracts.POWER, optional=True)
    effects = effects.merge(grid[[*key, "robustness", "n_settings"]], how="left", on=key)
    return effects.merge(power[[*key, "detectable", "subjects_needed"]], how="left", on=key)


def prepared(effects: pd.DataFrame, fdr: float) -> pd.DataFrame:
    """Effects with names, ratios and log2 units, families in the order of a report, best evidence first."""
    table = pd.concat([words.ranked(effects), effects[effects["effect"].isna()]])
    rows = table.to_dict("records")
    family = table[k.FAMILY]
    return table.assign(
        id=table[k.FAMILY] + ":" + table[k.FEATURE],
        name=pd.Series([words.feature_name(row) for row in rows], index=table.index, dtype=object),
        family_name=family.map(families.title).astype(object),
        significant=((table["q"] < fdr) | (table.get("q_primary", table["q"]) < fdr)).astype(bool),
        versus=[f"{row['n_subjects_group']} v {row['n_subjects_reference']}" for row in rows],
        **{
            f"times{suffix}": [words.fold(row[column], row[k.FAMILY]) for row in rows]
            for suffix, column in (
                *(("", "effect"), ("_low", "ci_low"), ("_high", "ci_high")),
                ("_detectable", "detectable"),
            )
            if column in table
        },
        **{
            f"log2_{name}": families.log2_fold(table[column].astype(float), family)
            for name, column in (("effect", "effect"), ("low", "ci_low"), ("high", "ci_high"))
        },
    )


def values_of(contrast: Contrast, inputs: Inputs, ids: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values of the compared subjects, and of their ROIs, of these features: `id, subject, level, log2_value`, ...

    Levels come from the contrast; of a subject that is in both groups each half has its own.
    """
    level_of = contrast.level_of
    own = contrast.subjects["contrast"] == contrast.name
    mine = contrast.subjects[own if own.any() else contrast.subjects["contrast"] == ""]
    subjects, rois = (_picked(table, ids) for table in (mine, contrast.rois))
    rois[k.SUBJECT] = rois[k.SAMPLE].map(contrast.facts.get("unit_of_sample") or inputs.subject_of)
    for table in (subjects, rois):
        table["level"] = table[k.SUBJECT].map(level_of)
    return subjects.dropna(subset="level"), rois.dropna(subset=[k.SUBJECT, "level"])


def _picked(table: pd.DataFrame, ids: Collection[str]) -> pd.DataFrame:
    wanted = {name.split(":")[0] for name in ids}  # few families of many: names are put together for these alone
    rows = table[table[k.FAMILY].isin(wanted) & (table[k.STATUS] == k.TESTED)]
    rows = rows.assign(id=rows[k.FAMILY] + ":" + rows[k.FEATURE])
    rows = rows[rows["id"].isin(ids)]
    return rows.assign(log2_value=families.log2_fold(rows[k.VALUE].astype(float), rows[k.FAMILY]))
