"""What stands beside an effect: what could have been found, how much one subject carries, relations to outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine import words
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Block, Column, Section, Table, Text
from tumint.report.response import figures
from tumint.report.response.contrasts import FOREST_ROWS, Contrast
from tumint.text import fixed, integer, listed, plural, probability, ratio, setting

VERDICTS = {
    "remains": "remaining at equal shares of both types",
    "not apart from composition": "not to be told from the shares of their types in a cohort of this size",
    "not adjusted": "not adjusted for composition",
    "shared tissue": "more or fewer contacts, because the two types share tissue, not by contact",
    "undecided": "more or fewer contacts, and whether by contact or by shared tissue is undecided",
}
REMAINING_COLUMNS = (
    Column("name", "Pair"),
    Column("verdict", "Verdict"),
    Column("times_effect", "Odds ratio", "ratio", "contact odds ratio, group / reference"),
    Column("q", "q", "p"),
    Column("times_effect_total", "Contacts in all", "ratio", "relative to chance in the whole image"),
    Column("q_total", "q", "p"),
    Column("times_effect_contact", "By contact", "ratio", "relative to chance nearby"),
    Column("p_shared", "p of the rest", "p", "of what is shared without contact, subject by subject"),
    Column(
        "times_effect_adjusted", "At equal shares", "ratio", "odds ratio with the shares of both types as covariates"
    ),
    Column("times_ci_low_adjusted", "95 % from", "ratio"),
    Column("times_ci_high_adjusted", "to", "ratio"),
    Column("times_source", "Odds of first", "ratio", "share of the first type, group / reference"),
    Column("q_source", "q", "p"),
    Column("times_target", "Odds of second", "ratio", "share of the second type, group / reference"),
    Column("q_target", "q", "p"),
)
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
    Column("p_without", "p without it", "p", "moderated: the variance is learnt from all features of the family"),
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


def blocks(inputs: Inputs, contrast: Contrast) -> list[Block]:
    """What remains of interactions, power, influence and prediction of one contrast, where the stage wrote them."""
    facts, effects = contrast.facts, contrast.effects
    return [
        *_remaining(inputs, contrast),
        *_power(inputs, facts),
        *_influence(inputs, facts, effects),
        *_prediction(facts),
    ]


def _remaining(inputs: Inputs, contrast: Contrast) -> list[Block]:
    """Interactions that differ, here or over the whole image, beside what could explain them away."""
    table = inputs.table("response/remaining.parquet", contracts.REMAINING, optional=True)
    table = table[(table["contrast"] == contrast.name) & (table["verdict"] != "no difference")]
    if table.empty:
        return []
    rows = table.assign(name=table[k.SOURCE] + " – " + table[k.TARGET])
    for column in ("effect", "effect_adjusted", "ci_low_adjusted", "ci_high_adjusted"):
        rows[f"times_{column}"] = [words.fold(value, k.FAMILY_INTERACTION) for value in rows[column]]
    for column in ("effect_total", "effect_contact"):
        rows[f"times_{column}"] = [words.fold(value, k.FAMILY_TOTAL) for value in rows[column]]
    for side in (k.SOURCE, k.TARGET):
        rows[f"times_{side}"] = [words.fold(value, k.FAMILY_COMPOSITION) for value in rows[f"effect_{side}"]]
    rows = rows.sort_values(["q", "q_total", k.FEATURE], kind="stable", na_position="last")
    counts = rows["verdict"].value_counts()
    said = [f"{meant} ({integer(counts[word])})" for word, meant in VERDICTS.items() if word in counts]
    empty = [c for c in REMAINING_COLUMNS if c.kind != "text" and not rows[c.key].notna().any()]
    columns = [column for column in REMAINING_COLUMNS if column not in empty]
    caption = "Pairs that differ in contact or in contacts, beside what could explain it."
    return [
        Text(f"Differences of contact when composition and tissue are accounted for: {'; '.join(said)}."),
        Table(f"remaining_{contrast.name}", caption, columns, rows, fold=True),
    ]


def _prediction(facts: Mapping[str, Any]) -> list[Block]:
    found = facts.get("prediction") or {}
    if found.get("reason"):
        return [Text(f"No prediction of the group from the features: {found['reason']}.")]
    if found.get("auc") is None:
        return []
    most = [f"{row[k.FEATURE]} ({row[k.FAMILY]}, {row['models']})" for row in found.get("chosen", [])[:3]]
    said = (
        f"Prediction: with each subject left out once and every choice made without it, the features tell "
        f"{facts['group']} from {facts['reference']} with an area under the ROC curve of {fixed(found['auc'])} "
        f"(p = {probability(found['p'])} among {integer(found['permutations'])} random groupings)."
    )
    if most:
        said += f" Features used in most of the {found['n_models']} models: {listed(most)}."
    return [Text(said)]


def _power(inputs: Inputs, facts: Mapping[str, Any]) -> list[Block]:
    table = inputs.table("response/power.parquet", contracts.POWER, optional=True)
    table = table[(table["contrast"] == facts["name"]) & table[k.FAMILY].isin(families.of_ratios())]
    least = table.groupby(k.FAMILY)["detectable"].median().dropna()
    if least.empty:
        return []
    settings = inputs.metas.get("response", {}).get("params", {}).get("response") or {}
    said = [
        f"{families.title(family)} {ratio(words.fold(least[family], family))}"
        for family in sorted(least.index, key=families.rank)
    ]
    return [
        Text(
            "What could have been found: for half of the features of a family, a difference has to reach this many "
            f"times to have p < 0.05 with a power of {setting(settings.get('power', 0.8))}: {listed(said, 9)}. "
            "That is a test by itself. Where a family has no finding, the larger number there is what would have "
            "passed q, as the only finding of its family."
        )
    ]


def _influence(inputs: Inputs, facts: Mapping[str, Any], effects: pd.DataFrame) -> list[Block]:
    table = inputs.table("response/influence.parquet", contracts.INFLUENCE, optional=True)
    table = table[table["contrast"] == facts["name"]].drop(columns=["contrast", "effect"])
    primary = effects[words.is_primary(effects)]
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
    return [Table(f"influence_{facts['name']}", caption, INFLUENCE_COLUMNS, rows, fold=True)]


def outcome_sections(inputs: Inputs, fdr: float) -> list[Section]:
    """A section per outcome that is a number or a survival time."""
    table = inputs.table("response/outcomes.parquet", contracts.OUTCOMES, optional=True)
    return [_outcome(str(name), part, fdr) for name, part in table.groupby("outcome", sort=False)]


def _outcome(name: str, part: pd.DataFrame, fdr: float) -> Section:
    survival = part["kind"].iloc[0] == "survival"
    rows = part.assign(
        family_name=part[k.FAMILY].map(families.title),
        name=[words.feature_name(row) for row in part.to_dict("records")],
        significant=part["q"] < fdr,
    ).sort_values("p", kind="stable", na_position="last")
    for column, source in (("effect", "effect"), ("low", "ci_low"), ("high", "ci_high")):
        effect = rows[source].astype(float)
        rows[f"log2_{column}"] = effect / math.log(2) if survival else families.log2_fold(effect, rows[k.FAMILY])
    usable = rows[rows["p"].notna() & (survival | rows[k.FAMILY].isin(families.of_ratios()))]
    # the best evidence, families together
    best = usable.head(FOREST_ROWS).assign(_rank=lambda t: t[k.FAMILY].map(families.rank))
    best = best.sort_values(["_rank", "log2_effect"], ascending=[True, False], kind="stable").drop(columns="_rank")
    unit = (
        "log hazard ratio per standard deviation of the feature"
        if survival
        else "change of the feature per standard deviation of the outcome"
    )
    tested = plural(int(rows["p"].notna().sum()), "feature")
    said = f"{integer(int(rows['significant'].sum()))} of {tested} tested have q < {setting(fdr)}. Effect: {unit}."
    columns = OUTCOME_COLUMNS if survival else [c for c in OUTCOME_COLUMNS if c.key != "n_events"]
    shown = rows.drop(columns=["log2_effect", "log2_low", "log2_high", "significant"])
    figure = figures.outcome_forest(best, name, survival=survival)
    blocks: list[Block] = [Text(said), Table(f"outcome_{name}", f"Features against {name}.", columns, shown, fold=True)]
    return Section(f"Outcome: {name}", blocks if figure is None else [blocks[0], figure, blocks[1]])
