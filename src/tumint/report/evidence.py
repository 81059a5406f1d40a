"""What stands beside an effect: what could have been found, how much one subject carries, relations to outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report import words
from tumint.report.formats import listed, plural, ratio, setting
from tumint.report.inputs import Inputs
from tumint.report.page import Block, Column, Section, Table, Text

MOST = 40  # features whose dependence on single subjects is shown
INFLUENCE_COLUMNS = (
    Column("family_name", "Family"),
    Column("name", "Feature"),
    Column("times", "Ratio", "ratio"),
    Column("times_low", "Least", "ratio", "with one subject left out"),
    Column("times_high", "Most", "ratio", "with one subject left out"),
    Column("largest_p", "Largest p", "p", "with one subject left out"),
    Column(k.SUBJECT, "Most moved by"),
    Column("times_without", "Ratio without it", "ratio"),
    Column("p_without", "p without it", "p"),
)
OUTCOME_COLUMNS = (
    Column("family_name", "Family"),
    Column("name", "Feature"),
    Column("effect", "Effect", "log2"),
    Column("ci_low", "95 % from", "log2"),
    Column("ci_high", "to", "log2"),
    Column("p", "p", "p"),
    Column("q", "q", "p"),
    Column("n_subjects", "Subjects", "int"),
    Column("n_events", "Events", "int"),
    Column(k.STATUS, "Status", "light"),
    Column(k.REASON, "Reason"),
)


def blocks(inputs: Inputs, facts: Mapping[str, Any], effects: pd.DataFrame) -> list[Block]:
    """Power and influence of one contrast, where the stage wrote them."""
    return [*_power(inputs, facts), *_influence(inputs, facts, effects)]


def _power(inputs: Inputs, facts: Mapping[str, Any]) -> list[Block]:
    table = inputs.table("response/power.parquet", contracts.POWER, optional=True)
    table = table[(table["contrast"] == facts["name"]) & table[k.FAMILY].isin(words.KNOWN)]
    least = table.groupby(k.FAMILY)["detectable"].median().dropna()
    if least.empty:
        return []
    settings = inputs.metas.get("response", {}).get("params", {}).get("response") or {}
    said = [
        f"{words.family_name(family)} {ratio(words.fold(least[family], family))}"
        for family in sorted(least.index, key=words.family_rank)
    ]
    return [
        Text(
            "What could have been found: for half of the features of a family, a difference has to reach this many "
            f"times to have p < 0.05 with a power of {setting(settings.get('power', 0.8))}: {listed(said, 9)}."
        )
    ]


def _influence(inputs: Inputs, facts: Mapping[str, Any], effects: pd.DataFrame) -> list[Block]:
    table = inputs.table("response/influence.parquet", contracts.INFLUENCE, optional=True)
    table = table[table["contrast"] == facts["name"]].drop(columns=["contrast", "effect"])
    primary = effects[effects[k.FAMILY] != k.FAMILY_INTERACTION_GLOBAL]
    hits = primary[primary["significant"]]
    chosen = (hits if len(hits) else primary[primary["p"].notna()]).head(MOST)
    rows = chosen[[k.FAMILY, k.FEATURE, "family_name", "name", "times"]].merge(table, on=[k.FAMILY, k.FEATURE])
    if rows.empty:
        return []
    for column, source in (("low", "effect_low"), ("high", "effect_high"), ("without", "effect_without")):
        pairs = zip(rows[source], rows[k.FAMILY], strict=True)
        rows[f"times_{column}"] = [words.fold(effect, family) for effect, family in pairs]
    turned = int((~rows["sign_kept"].astype(bool)).sum())
    caption = f"How much one subject carries: {plural(len(rows), 'feature')} with each subject left out once. "
    caption += f"{turned} of them change direction." if turned else "None of them changes direction."
    return [Table(f"influence_{facts['name']}", caption, INFLUENCE_COLUMNS, rows)]


def outcome_sections(inputs: Inputs, fdr: float) -> list[Section]:
    """A section per outcome that is a number or a survival time."""
    table = inputs.table("response/outcomes.parquet", contracts.OUTCOMES, optional=True)
    sections = []
    for name, part in table.groupby("outcome", sort=False):
        survival = part["kind"].iloc[0] == "survival"
        rows = part.assign(
            family_name=part[k.FAMILY].map(words.family_name),
            name=[words.feature_name(row) for row in part.to_dict("records")],
        ).sort_values("p", kind="stable", na_position="last")
        hits = int((rows["q"] < fdr).sum())
        unit = (
            "log hazard ratio per standard deviation of the feature"
            if survival
            else "change of the feature per standard deviation of the outcome"
        )
        said = f"{hits:,} of {plural(int(rows['p'].notna().sum()), 'feature')} tested have q < {fdr:g}. Effect: {unit}."
        columns = OUTCOME_COLUMNS if survival else [c for c in OUTCOME_COLUMNS if c.key != "n_events"]
        shown = Table(f"outcome_{name}", f"Features against {name}.", columns, rows)
        sections.append(Section(f"Outcome: {name}", [Text(said), shown]))
    return sections
