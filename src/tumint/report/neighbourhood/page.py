"""The report of the neighbourhood stage: who touches whom beyond chance, and what of it is only shared tissue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.page import (
    Block,
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
from tumint.report.neighbourhood import figures
from tumint.report.neighbourhood.by_group import by_group, differing, in_words, subject_odds
from tumint.report.neighbourhood.lineage import turned
from tumint.report.neighbourhood.pairs import MAPPED, border, pair_maps, strips, strongest, volcano
from tumint.report.neighbourhood.summary import (
    FEW,
    MANY,
    SIGNIFICANT,
    interactions,
    pair_columns,
    pair_table,
    primary_null,
    summarise,
    vanishing,
    vanishing_words,
)
from tumint.text import all_were, integer, listed, percent, plural, setting, share_setting

LEAST_TESTED = 0.5  # of the scores: below, a reader is told
MOST_DIFFERING = 4  # pairs whose groups lie furthest apart: they are in every figure of pairs
STATUS_COLUMNS = (
    Column(k.SAMPLE, "ROI"),
    Column(k.TESTED, "Tested", "int"),
    Column(k.TOO_FEW, "Too few cells", "int"),
    Column(k.ABSENT, "Absent", "int"),
)
FEATURE_COLUMNS = (
    Column("name", "Family"),
    Column("features", "Features", "int"),
    Column("rows", "ROIs × features", "int"),
    Column("tested", "With a value", "int"),
    Column("share", "Share", "percent"),
)


def stage_state(inputs: Inputs) -> State:
    """How scoring went."""
    scores = interactions(inputs)
    reasons: list[tuple[Light, str]] = []
    if scores.empty:
        return state([("red", "No pair of cell types was scored.")], "")
    if (scores[k.STATUS] == k.NO_COORDINATES).all():
        return state([("amber", "The cells came without coordinates, so nothing was scored.")], "")
    tested = scores[scores[k.STATUS] == k.TESTED]
    none = sorted(set(scores[k.SAMPLE]) - set(tested[k.SAMPLE]))
    if none:
        reasons.append(("amber", f"No pair could be tested in {plural(len(none), 'ROI')}: {listed(none)}"))
    tests = scores.loc[scores[k.NULL] == primary_null(scores), k.STATUS] == k.TESTED
    if tests.mean() < LEAST_TESTED:
        many = f"{integer(tests.sum())} of {integer(len(tests))}"
        reasons.append(("amber", f"Only {many} scores could be computed: elsewhere there are too few cells of a type"))
    types = sorted(set(scores[k.SOURCE]) - set(tested[k.SOURCE]))
    if types:
        reasons.append(("amber", f"In no ROI enough cells of {listed(types)}"))
    lacking = "" if tests.all() else f"; {integer((~tests).sum())} of {integer(len(tests))} scores lack cells of a type"
    return state(reasons, f"{all_were(scores[k.SAMPLE].nunique(), 'ROI', 'ROIs', 'scored')}{lacking}.")


def passed(inputs: Inputs) -> Passed:
    """What came out of the stage."""
    scores = interactions(inputs)
    return Passed(scores[k.SAMPLE], len(cells(inputs)), _cells(scores))


def build(inputs: Inputs) -> Page:
    """The page."""
    scores = interactions(inputs)
    nearest = inputs.table("neighbourhood/distances.parquet", contracts.DISTANCES)
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    summary = summarise(scores)
    primary = primary_null(scores)
    odds = subject_odds(inputs, scores)
    pairs = pair_table(summary, odds.groupby([k.SOURCE, k.TARGET])["log_odds"].median())
    chosen = strongest(summary, primary, MAPPED, differing(odds, MOST_DIFFERING))
    tested = int((scores.loc[scores[k.NULL] == primary, k.STATUS] == k.TESTED).sum())
    return Page(
        stage="neighbourhood",
        title="Neighbourhoods",
        lead="Which cell types touch more or less often than by chance, in every ROI, and how far apart types are.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(scores[k.SAMPLE].map(inputs.subject_of).nunique())),
            Number("ROIs", integer(scores[k.SAMPLE].nunique())),
            Number("Cells scored", integer(_cells(scores))),
            Number("Cell types", integer(scores[k.SOURCE].nunique())),
            Number(
                "Scores", integer(tested), f"of {integer(int((scores[k.NULL] == primary).sum()))}: ROIs × ordered pairs"
            ),
        ),
        findings=[*_findings(pairs, odds, primary), *_turned(inputs, scores)],
        sections=(
            Section(
                "Who touches whom",
                [*_enrichment(summary, primary), *_by_group(inputs, odds), *volcano(scores, summary, SIGNIFICANT)],
            ),
            Section("Shared tissue, not contact", _vanishing(pairs, primary)),
            Section(
                "ROI by ROI",
                strips(inputs, scores, strongest(summary, primary, also=differing(odds, MOST_DIFFERING)), primary),
            ),
            Section("In the tissue", pair_maps(inputs, scores, chosen, primary)),
            Section("Distances", _distances(nearest)),
            Section("What could be tested", _tested(inputs, scores, features, primary)),
            Section("Edge of the image", border(scores, primary)),
            Section("All pairs", [_all_pairs(pairs, primary)] if len(pairs) else [Notice("There is no pair.")]),
        ),
        method=_method(inputs, sorted(set(scores[k.NULL])), p_laws(scores)),
        citations=(
            "Besag 1974, J R Stat Soc B 36:192 (auto-logistic models)",
            "Cliff & Ord 1981, Spatial Processes (moments of join counts)",
            "Schapiro et al. 2017, Nat Methods 14:873 (histoCAT)",
            "Benjamini & Hochberg 1995, J R Stat Soc B 57:289",
        ),
    )


def _cells(scores: pd.DataFrame) -> int:
    counts = scores[scores[k.STATUS] != k.NO_COORDINATES].drop_duplicates([k.SAMPLE, k.SOURCE])
    return int(counts["n_source"].sum())


def _findings(pairs: pd.DataFrame, odds: pd.DataFrame, primary: str) -> list[str]:
    if pairs.empty or not pairs[f"{primary}_log2"].notna().any():
        return ["No pair of cell types could be tested."]
    found = [in_words(odds)] if len(odds) else []
    if primary != k.GLOBAL:
        found.append(vanishing_words(vanishing(pairs, primary), figures.NULLS[primary]))
    return found


def _turned(inputs: Inputs, scores: pd.DataFrame) -> list[str]:
    """The pair that looks like contact over the whole image and is the opposite among the cells of its lineage."""
    params = inputs.metas.get("neighbourhood", {}).get("params", {})
    parents = (params.get("neighbourhood") or {}).get("parents") or {}
    subjects = {
        sample: inputs.subject_of[sample] for sample in scores[k.SAMPLE].unique() if sample in inputs.subject_of
    }
    return turned(scores, parents, subjects)


def _enrichment(summary: pd.DataFrame, primary: str) -> list[Block]:
    figure = figures.enrichment(summary)
    if figure is None:
        return [Notice("No pair could be tested, so there is nothing to draw.")]
    if primary == k.GLOBAL:
        said = (
            "Chance is over the whole image only: a pair may look like an interaction because both types live in the "
        )
        return [Notice(said + "same compartment."), figure]
    if k.WITHIN_DOMAIN not in set(summary[k.NULL]):
        said = "These cells come without tissue domains: what two types share is told from their surroundings alone."
        return [Text(said), figure]
    return [figure]


def _by_group(inputs: Inputs, odds: pd.DataFrame) -> list[Block]:
    figure = by_group(odds, inputs.group_column) if len(odds) else None
    return [figure] if figure is not None else []


def _vanishing(pairs: pd.DataFrame, primary: str) -> list[Block]:
    if primary == k.GLOBAL:
        return [Text("Chance over the whole image alone cannot tell contact from shared tissue.")]
    gone = vanishing(pairs, primary)
    apart = int((gone[f"{k.GLOBAL}_log2"] < 0).sum())
    said = (
        [f"{plural(len(gone) - apart, 'pair')} share a compartment and do not seek each other"]
        if len(gone) > apart
        else []
    )
    said += [f"{plural(apart, 'pair')} live in different compartments and do not avoid each other"] if apart else []
    caption = (
        f"Far from chance (q < {setting(SIGNIFICANT)} in the image) over the whole image in at least "
        f"{share_setting(MANY)} of the ROIs, {figures.NULLS[primary]} in at most {share_setting(FEW)}, with less "
        "than half the effect" + (f": {listed(said)}." if said else ".")
    )
    return [Table("vanishing", caption, pair_columns(pairs), gone)]


def _distances(nearest: pd.DataFrame) -> list[Block]:
    tested = nearest[nearest[k.STATUS] == k.TESTED]
    rows = tested.groupby([k.SOURCE, k.TARGET], sort=True)
    summary = rows.agg(median_um=("median_um", "median"), n_rois=(k.SAMPLE, "nunique")).reset_index()
    figure = figures.distances(summary)
    return [figure] if figure is not None else [Notice("No distance could be measured.")]


def _tested(inputs: Inputs, scores: pd.DataFrame, features: pd.DataFrame, primary: str) -> list[Block]:
    mine = scores[scores[k.NULL] == primary]
    counts = mine.groupby([k.SAMPLE, k.STATUS], sort=False).size().rename("n").reset_index()
    order = {sample: i for i, sample in enumerate(inputs.rows[k.SAMPLE])}
    counts = counts.iloc[counts[k.SAMPLE].map(order).fillna(len(order)).to_numpy().argsort(kind="stable")]
    figure = figures.tested_pairs(counts) if (counts[k.STATUS] != k.TESTED).any() else None
    blocks: list[Block] = [Notice("There is no score.") if counts.empty else Text("Every pair, in every ROI.")]
    if figure is not None:
        blocks = [figure]
    if len(features):
        by_family = features.assign(hit=features[k.STATUS] == k.TESTED).groupby(k.FAMILY, sort=True)
        table = by_family.agg(
            features=(k.FEATURE, "nunique"), rows=(k.SAMPLE, "size"), tested=("hit", "sum")
        ).reset_index()
        table.insert(1, "name", table[k.FAMILY].map(families.title))
        table["share"] = table["tested"] / table["rows"].clip(lower=1)
        blocks.append(Table("families", "What goes on to the comparison of subjects.", FEATURE_COLUMNS, table))
    return blocks


def _all_pairs(pairs: pd.DataFrame, primary: str) -> Table:
    caption = (
        "Medians over the ROIs where the pair was tested. Every single score is in neighbourhood/interactions.parquet."
    )
    key = pairs[f"{primary}_log2"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    return Table("pairs", caption, pair_columns(pairs), pairs.loc[key], fold=True)


def p_laws(scores: pd.DataFrame) -> str:
    """Which law gave how many of the p, in words."""
    words = {
        "pearson3": "a Pearson III law with the exact mean, variance and skewness",
        "panjer": "the law with the exact mean and variance (binomial, Poisson or negative binomial)",
        "permutation": "permutations, where few contacts are expected",
    }
    shares = scores.loc[scores[k.STATUS] == k.TESTED, "p_method"].value_counts(normalize=True, sort=True)
    return listed([f"{percent(share)} by {words.get(str(law), str(law))}" for law, share in shares.items()])


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    scores = interactions(inputs)
    return _method(inputs, sorted(set(scores[k.NULL])), p_laws(scores))


def _method(inputs: Inputs, nulls: Sequence[str], laws: str) -> list[str]:
    if not laws:
        return ["No contact was scored."]
    params = inputs.metas.get("neighbourhood", {}).get("params", {})
    settings: dict[str, Any] = dict(params.get("neighbourhood") or {})
    graph = dict(settings.get("graph") or {})
    kinds = {
        "delaunay": "joined by a Delaunay edge"
        + (f" of at most {setting(graph['max_edge_um'])} µm" if graph.get("max_edge_um") else ""),
        "knn": f"among the {graph.get('k')} nearest" + (" of either" if graph.get("symmetric") else ""),
        "radius": f"at most {setting(graph.get('radius_um') or 0)} µm apart",
        "provided": "neighbours in the source's own segmentation",
    }
    who = kinds.get(str(graph.get("kind")), "neighbours in the graph")
    within = [
        "over the whole image",
        *(["within each tissue domain"] if k.WITHIN_DOMAIN in nulls else []),
        *([f"within tiles of {setting(settings.get('local_um') or 0)} µm of it"] if k.LOCAL in nulls else []),
        *(["among the cells of one parent type"] if k.PARENT in nulls else []),
    ]
    said = [
        f"Two cells touch where they are {who}. The contacts of each ordered pair of types were counted in each ROI "
        "and compared with what they would be if the types were dealt out at random over the same cells and graph, "
        f"{listed(within)}. Mean and variance under that chance are exact, not sampled. Benjamini and Hochberg's q is "
        "over the pairs of an image."
    ]
    if k.LOCAL in nulls:
        said.append(
            "Contact is measured by odds ratios: by how much a neighbour of one type multiplies the odds that a cell "
            "is of another, in an auto-logistic model of all pairs of types together (Besag 1974), fitted by "
            "conditional logistic regression to exchanges of labels between cells of one domain at most "
            f"{setting(settings.get('local_um') or 0)} µm apart. The cells within "
            f"{setting(settings.get('around_um') or 0)} µm, weighed by how near they are, are accounted for beside "
            "the contacts, so that what two types share by living nearby is not taken for contact. The ROIs of a "
            "subject are fitted as one."
        )
    said.append(f"p: {laws}.")
    if "min_cells" in settings:
        said.append(f"A type with fewer than {settings['min_cells']} cells in a ROI was not tested there.")
    return said
