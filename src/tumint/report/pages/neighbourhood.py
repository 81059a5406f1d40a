"""The report of the neighbourhood stage: who touches whom beyond chance, and what of it is only shared tissue."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.neighbourhood import figures
from tumint.report.formats import integer, listed, percent, plural, ratio, setting, share_setting
from tumint.report.inputs import Inputs
from tumint.report.page import Block, Column, Light, Notice, Number, Page, Section, State, Table, Text, state
from tumint.report.pages.pairs import MAPPED, border, is_symmetric, pair_maps, strips, strongest, volcano
from tumint.report.words import family_name

SIGNIFICANT = 0.05  # q within an image, for the shares of ROIs
MANY, FEW = 0.5, 0.2  # a pair vanishes: significant globally in at least MANY of the ROIs, within domain in at most FEW

PAIR_COLUMNS = (
    Column("pair", "Pair"),
    Column("n_tested", "ROIs tested", "int"),
    Column("domain_log2", "Within domain: median log2", "log2"),
    Column("domain_times", "times", "ratio", "2 to the power of the median log2"),
    Column("domain_share", "ROIs q<0.05", "percent"),
    Column("global_log2", "Whole image: median log2", "log2"),
    Column("global_times", "times", "ratio"),
    Column("global_share", "ROIs q<0.05", "percent"),
)
ONE_NULL = tuple(column for column in PAIR_COLUMNS if not column.key.startswith("domain_"))
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


def interactions(inputs: Inputs) -> pd.DataFrame:
    """All scores of edges; what other statistics say goes on to the comparison."""
    scores = inputs.table("neighbourhood/interactions.parquet", contracts.INTERACTIONS)
    return scores[scores["statistic"] == "edges"]


def stage_state(inputs: Inputs) -> State:
    """How scoring went."""
    scores = interactions(inputs)
    reasons: list[tuple[Light, str]] = []
    if scores.empty:
        return state([("red", "No pair of cell types was scored.")], "")
    if (scores[k.STATUS] == k.NO_COORDINATES).all():
        return state([("amber", "The cells came without coordinates, so nothing was scored")], "")
    tested = scores[scores[k.STATUS] == k.TESTED]
    none = sorted(set(scores[k.SAMPLE]) - set(tested[k.SAMPLE]))
    if none:
        reasons.append(("amber", f"No pair could be tested in {plural(len(none), 'ROI')}: {listed(none)}"))
    types = sorted(set(scores[k.SOURCE]) - set(tested[k.SOURCE]))
    if types:
        reasons.append(("amber", f"In no ROI enough cells of {listed(types)}"))
    return state(reasons, f"All {plural(scores[k.SAMPLE].nunique(), 'ROI')} were scored.")


def build(inputs: Inputs) -> Page:
    """The page."""
    scores = interactions(inputs)
    nearest = inputs.table("neighbourhood/distances.parquet", contracts.DISTANCES)
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    summary = summarise(scores)
    primary = "domain" if "domain" in set(scores[k.NULL]) else "global"
    pairs = pair_table(summary)
    tested = int((scores.loc[scores[k.NULL] == primary, k.STATUS] == k.TESTED).sum())
    return Page(
        stage="neighbourhood",
        title="Neighbourhoods",
        lead="Which cell types touch more or less often than chance, in every ROI, and how far apart types are.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(scores[k.SAMPLE].map(inputs.subject_of).nunique())),
            Number("ROIs", integer(scores[k.SAMPLE].nunique())),
            Number("Cells scored", integer(_cells(scores))),
            Number("Cell types", integer(scores[k.SOURCE].nunique())),
            Number("Scores", integer(tested), f"of {int((scores[k.NULL] == primary).sum()):,}: ROIs × ordered pairs"),
        ),
        findings=_findings(scores, pairs, primary),
        sections=(
            Section("Who touches whom", [*_enrichment(summary, primary), *volcano(scores, summary, SIGNIFICANT)]),
            Section("Only shared tissue", _vanishing(pairs, primary)),
            Section("ROI by ROI", strips(inputs, scores, summary, primary)),
            Section("In the tissue", pair_maps(inputs, scores, strongest(summary, primary, MAPPED), primary)),
            Section("Distances", _distances(nearest)),
            Section("What could be tested", _tested(inputs, scores, features, primary)),
            Section("Edge of the image", border(scores, primary)),
            Section("All pairs", [_all_pairs(pairs, primary)] if len(pairs) else [Notice("There is no pair.")]),
        ),
        method=_method(inputs, primary, p_laws(scores)),
        citations=(
            "Cliff & Ord 1981, Spatial Processes (moments of join counts)",
            "Schapiro et al. 2017, Nat Methods 14:873 (histoCAT)",
            "Benjamini & Hochberg 1995, J R Stat Soc B 57:289",
        ),
    )


def _cells(scores: pd.DataFrame) -> int:
    counts = scores.drop_duplicates([k.SAMPLE, k.SOURCE])
    return int(counts["n_source"].sum())


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """`null, source, target, median_log2, n_tested, significant`, medians and shares over the ROIs where tested."""
    key = [k.NULL, k.SOURCE, k.TARGET]
    columns = [*key, "median_log2", "n_tested", "significant"]
    if scores.empty:
        return pd.DataFrame(columns=columns)
    tested = scores[scores[k.STATUS] == k.TESTED]
    rows = tested.assign(hit=tested["q"] < SIGNIFICANT).groupby(key, sort=True)
    found = rows.agg(
        median_log2=("log2_enrichment", "median"), n_tested=(k.SAMPLE, "nunique"), significant=("hit", "mean")
    ).reset_index()
    every = scores[key].drop_duplicates()
    return every.merge(found, on=key, how="left").fillna({"n_tested": 0}).astype({"n_tested": int})[columns]


def pair_table(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per pair with both nulls; where all pairs are symmetric, a–b stands for b–a too."""
    parts = []
    for null in ("domain", "global"):
        rows = summary[summary[k.NULL] == null].set_index([k.SOURCE, k.TARGET])
        parts.append(
            pd.DataFrame(
                {
                    f"{null}_log2": rows["median_log2"].astype(float),
                    f"{null}_times": 2.0 ** rows["median_log2"].astype(float),
                    f"{null}_share": rows["significant"].astype(float),
                    f"{null}_tested": rows["n_tested"],
                }
            )
        )
    table = parts[0].join(parts[1], how="outer").reset_index()
    if table.empty:
        return table.assign(pair=[], n_tested=[])
    tested = table[["domain_tested", "global_tested"]].max(axis=1).fillna(0).astype(int)
    symmetric = is_symmetric(summary)
    if symmetric:
        keep = table[k.SOURCE] <= table[k.TARGET]
        table, tested = table[keep], tested[keep]
    sign = " – " if symmetric else " → "
    names = table[k.SOURCE] + sign + table[k.TARGET]
    return table.drop(columns=["domain_tested", "global_tested"]).assign(pair=names, n_tested=tested)


def _findings(scores: pd.DataFrame, pairs: pd.DataFrame, primary: str) -> list[str]:
    if scores.empty or pairs.empty or not pairs[f"{primary}_log2"].notna().any():
        return ["No pair of cell types could be tested."]
    where = "within tissue domain" if primary == "domain" else "over the whole image"
    least = max(1, int(pairs["n_tested"].max()) // 2)
    sure = pairs[pairs["n_tested"] >= least].sort_values(f"{primary}_log2", kind="stable")
    found = [f"Against chance {where}, in the median ROI:"]
    for title, rows in (("closest", sure.iloc[::-1].head(3)), ("most apart", sure.head(3))):
        said = [f"{row['pair']} ({ratio(row[f'{primary}_times'])}×)" for row in rows.to_dict("records")]
        found.append(f"{title.capitalize()}: {listed(said)}.")
    if primary == "domain":
        gone = vanishing(pairs)
        names = listed(list(gone["pair"]), 4)
        found.append(
            f"{plural(len(gone), 'pair')} that look like interactions over the whole image are only shared tissue: "
            f"{names}."
            if len(gone)
            else "No pair that is clear over the whole image vanishes within domain."
        )
    return [f"{found[0]} {found[1][0].lower()}{found[1][1:]}", *found[2:]]


def vanishing(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs that are significant globally in many ROIs and within domain in few, and whose effect halves at least."""
    smaller = pairs["domain_log2"].abs() < 0.5 * pairs["global_log2"].abs()
    rows = pairs[(pairs["global_share"] >= MANY) & (pairs["domain_share"] <= FEW) & smaller]
    order = (rows["global_log2"].abs() - rows["domain_log2"].abs()).sort_values(ascending=False, kind="stable").index
    return rows.loc[order]


def _enrichment(summary: pd.DataFrame, primary: str) -> list[Block]:
    figure = figures.enrichment(summary)
    if figure is None:
        return [Notice("No pair could be tested, so there is nothing to draw.")]
    if primary == "domain":
        return [figure]
    said = "These cells come without tissue domains, so chance is over the whole image only: a pair may look like an "
    return [Notice(said + "interaction because both types live in the same compartment."), figure]


def _vanishing(pairs: pd.DataFrame, primary: str) -> list[Block]:
    if primary != "domain":
        return [Text("Without tissue domains this cannot be told.")]
    caption = (
        f"Significant (q < {SIGNIFICANT:g} in the image) over the whole image in at least {share_setting(MANY)} of the "
        f"ROIs, within domain in at most {share_setting(FEW)}, with less than half the effect: these types share a "
        "compartment, they do not seek each other."
    )
    return [Table("vanishing", caption, PAIR_COLUMNS, vanishing(pairs))]


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
        families = features.assign(hit=features[k.STATUS] == k.TESTED).groupby(k.FAMILY, sort=True)
        table = families.agg(
            features=(k.FEATURE, "nunique"), rows=(k.SAMPLE, "size"), tested=("hit", "sum")
        ).reset_index()
        table.insert(1, "name", table[k.FAMILY].map(family_name))
        table["share"] = table["tested"] / table["rows"].clip(lower=1)
        blocks.append(Table("families", "What goes on to the comparison of subjects.", FEATURE_COLUMNS, table))
    return blocks


def _all_pairs(pairs: pd.DataFrame, primary: str) -> Table:
    caption = (
        "Medians over the ROIs where the pair was tested. Every single score is in neighbourhood/interactions.parquet."
    )
    key = pairs[f"{primary}_log2"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    columns = PAIR_COLUMNS if primary == "domain" else ONE_NULL
    return Table("pairs", caption, columns, pairs.loc[key])


def p_laws(scores: pd.DataFrame) -> str:
    """Which law gave how many of the p, in words."""
    words = {
        "pearson3": "a Pearson III law with the exact mean, variance and skewness",
        "normal": "the normal law",
        "permutation": "permutations, where few contacts are expected",
    }
    shares = scores.loc[scores[k.STATUS] == k.TESTED, "p_method"].value_counts(normalize=True, sort=True)
    return listed([f"{percent(share)} by {words.get(str(law), str(law))}" for law, share in shares.items()])


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    scores = interactions(inputs)
    return _method(inputs, "domain" if "domain" in set(scores[k.NULL]) else "global", p_laws(scores))


def _method(inputs: Inputs, primary: str, laws: str) -> list[str]:
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
    said = [
        f"Two cells touch where they are {who}. The contacts of each ordered pair of types were counted in each ROI "
        "and compared with what they would be if the types were dealt out at random over the same cells and graph, "
        + (
            "once within each tissue domain and once over the whole image. "
            if primary == "domain"
            else "over the whole image. "
        )
        + "Mean and variance under that chance are exact, not sampled. log2((C + ½) / (E + ½)) is the score, Benjamini "
        "and Hochberg's q is over the pairs of an image."
    ]
    if laws:
        said.append(f"p: {laws}.")
    if "min_cells" in settings:
        said.append(f"A type with fewer than {settings['min_cells']} cells in a ROI was not tested there.")
    return said
