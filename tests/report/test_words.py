"""Sentences and numbers of the reports equal the tables."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from tumint import families
from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io.tables import read_table
from tumint.report.engine import formats, words
from tumint.report.engine.cellmaps import packed
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Kind
from tumint.report.index import page as index
from tumint.report.neighbourhood import summary
from tumint.report.qc import dropped
from tumint.report.qc import page as qc
from tumint.report.response import cells as tissue
from tumint.report.response import findings, tour
from tumint.report.response import page as response
from tumint.report.response.caveats import caveats
from tumint.report.response.contrasts import Contrast, contrasts, prepared, values_of
from tumint.response.stage import run as run_response

pytestmark = pytest.mark.long  # pages are drawn

CONTRAST = {
    **{"name": "arms", "column": "arm", "reference": "vehicle", "group": "treated", "reason": ""},
    **{"subjects": {"vehicle": ["a", "b", "c", "d"], "treated": ["e", "f", "g", "h"]}},
    **{"permutation": {"smallest_p": 2 / 70, "exact": True, "used": 70, "reason": ""}},
}


def effect(family: str, feature: str, size: float, q: float = 0.02, **fields: object) -> dict[str, object]:
    source, _, target = feature.partition("|")
    row = {
        **{"contrast": "arms", k.FAMILY: family, k.FEATURE: feature},
        **{k.SOURCE: source if target else "", k.TARGET: target, "effect": size, k.SE: 0.1},
        **{"ci_low": size - 0.5, "ci_high": size + 0.5, "p": q / 2, "q": q},
        **{"n_subjects_reference": 4, "n_subjects_group": 4, "n_samples": 24, k.STATUS: k.TESTED, k.REASON: ""},
    }
    return {**row, **fields}


def test_nothing_significant_is_said_with_the_smallest_attainable_p() -> None:
    effects = pd.DataFrame(
        [effect(k.FAMILY_INTERACTION, "A|B", 0.3, q=0.31), effect(k.FAMILY_DENSITY, "A", 0.3, q=0.5)]
    )
    assert words.contrast_head(effects, CONTRAST, 0.1) == (
        "arms (arm: treated against vehicle): no difference was found at q < 0.1 among 2 features compared "
        "(smallest q = 0.31). The smallest p that a permutation of subjects can give at 4 v 4 subjects is 0.029."
    )


def test_findings_start_with_the_interactions_count_all_and_lead_to_their_figure() -> None:
    rows = [
        effect(k.FAMILY_DISTANCE, "A|B", 0.9, q=1e-6),
        effect(k.FAMILY_TOTAL, "A|B", 0.9, q=1e-6),
        effect(k.FAMILY_INTERACTION, "A|C", 0.9, q=0.01),
        effect(k.FAMILY_INTERACTION, "A|D", 0.9, q=0.001),
        effect(k.FAMILY_INTERACTION, "A|E", 0.9, q=0.2),
    ]
    found = [{k.FAMILY: row[k.FAMILY], k.FEATURE: row[k.FEATURE], "words": f"about {row[k.FEATURE]}"} for row in rows]
    facts = {**CONTRAST, "findings": found[:4]}
    contrast = Contrast(facts, prepared(pd.DataFrame(rows), 0.1), pd.DataFrame(), pd.DataFrame(), 0.1)
    head, *said = findings.of_contrast(contrast, most=2)
    assert "3 differences at q < 0.1: 2 of 3 in contact and 1 of 1 in nearest distance." in head.text
    assert [text.text for text in said] == ["about A|D", "about A|B", "And 1 more, by q within their families."]
    assert [text.figure for text in said] == ["subjects_arms", "volcano_arms", "findings_arms"]
    # contacts in all are no primary family: it is neither drawn among the dots nor in the forest
    assert contrast.figure_of(f"{k.FAMILY_TOTAL}:A|B") == "volcano_arms"
    assert contrast.figure_of(f"{k.FAMILY_INTERACTION}:A|E") == "forest_arms"


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (float("nan"), "p", "–"),
        (None, "int", "–"),
        (12345, "int", "12,345"),
        (0.0291, "number", "0.0291"),
        (-0.3, "log2", "−0.30"),
        (12.34, "ratio", "12"),
        (0.98368, "percent", "98.4\u00a0%"),
        (2.24e-4, "p", "2.2e-4"),
        (2.24e-5, "p", "<0.0001"),
        ("M1", "text", "M1"),
    ],
)
def test_a_cell_of_a_table(value: object, kind: Kind, wanted: str) -> None:
    assert formats.cell(value, kind) == wanted


def load(written: object) -> Inputs:
    return Inputs.load(written.params, written.results, written.sheet)


def test_the_index_counts_what_the_tables_hold(make) -> None:
    inputs = load(make())
    sections = {section.title: section for section in index.build(inputs).sections}
    table = sections["From raw tables to findings"].blocks[0].frame.set_index("stage")
    verdicts = pd.concat([read_table(path) for path in inputs.files("qc/{batch}.cells.parquet")])
    typed = read_table(inputs.results / "cluster/cells.parquet")
    n_in, n_out = len(verdicts), int((verdicts[k.VERDICT] == "pass").sum())
    assert 0 < n_out < n_in
    assert table.loc["Ingest", "cells_out"] == n_in
    assert list(table.loc["Quality control", ["cells_in", "cells_out"]]) == [n_in, n_out]
    assert table.loc["Clusters and cell types", "cells_out"] == (typed[k.CELL_TYPE] != k.UNCLASSIFIED).sum()
    assert table.loc["Neighbourhoods", "cells_out"] == n_out == len(typed)
    assert list(table["rois"]) == [12] * 5
    assert list(table["subjects"]) == [6] * 5


def test_quality_control_counts_every_dropped_cell_once(make) -> None:
    inputs = load(make())
    found = qc.build(inputs)
    verdicts = pd.concat([read_table(path) for path in inputs.files("qc/{batch}.cells.parquet")])
    dropped = int((verdicts[k.VERDICT] == "drop").sum())
    assert f"; {dropped:,} are dropped." in found.findings[0]
    bars = found.sections[0].blocks[0].table
    assert bars["n"].sum() == dropped
    assert (
        dict(zip(bars[k.SAMPLE], bars["n"], strict=True))
        == verdicts[verdicts[k.VERDICT] == "drop"][k.SAMPLE].value_counts().to_dict()
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", ""),
        ("dna_low", "too little DNA"),
        ("area_um2_low;dna_low", "area too small, too little DNA"),
        ("dna_low;sample failed: 3 cells pass", "the ROI failed"),
        ("odd", "odd"),
    ],
)
def test_reasons_in_words(reason: str, said: str) -> None:
    assert dropped.spoken(reason) == said


def test_effects_of_the_page_equal_the_table(make) -> None:
    inputs = load(make())
    (contrast,) = contrasts(inputs)
    effects = read_table(inputs.results / "response/effects.parquet").set_index([k.FAMILY, k.FEATURE])
    shown = contrast.effects.set_index([k.FAMILY, k.FEATURE])
    assert len(shown) == len(effects)
    assert shown["q"].reindex(effects.index).equals(effects["q"])
    one = shown.loc[(k.FAMILY_INTERACTION, "B cells|CD8 T cells")]
    assert one["times"] == pytest.approx(math.exp(effects.loc[(k.FAMILY_INTERACTION, "B cells|CD8 T cells"), "effect"]))
    other = shown.loc[(k.FAMILY_COMPOSITION, "CD8 T cells")]
    assert other["log2_effect"] == pytest.approx(other["effect"] / math.log(2))
    primary = effects[~effects.index.get_level_values(k.FAMILY).isin(families.names(lambda one: not one.primary))]
    hits = int((primary["q"] < 0.1).sum())
    assert hits > 0
    numbers = {number.label: number.value for number in response.build(load(make())).numbers}
    assert numbers["Differences found"] == str(hits)
    assert numbers["Features compared"] == str(int(primary["p"].notna().sum()))


def test_findings_in_words_hold_the_numbers_of_the_table(make) -> None:
    inputs = load(make())
    effects = read_table(inputs.results / "response/effects.parquet")
    composition = effects[(effects[k.FAMILY] == k.FAMILY_COMPOSITION) & (effects[k.FEATURE] == "CD8 T cells")].iloc[0]
    assert composition["q"] < 0.1, "the planted difference"
    found = [f for f in findings.findings(inputs) if f.text.startswith("The odds that a cell belongs to CD8 T cells ")]
    times, low, high = (float(x) for x in re.findall(r"\d+\.\d\d", found[0].text)[:3])
    assert times == round(math.exp(composition["effect"]), 2)
    assert (low, high) == (round(math.exp(composition["ci_low"]), 2), round(math.exp(composition["ci_high"]), 2))
    assert found[0].figure == "subjects_arms"
    shown = findings.table(contrasts(inputs)[0])
    assert len(shown) == (effects["q"] < 0.1).sum()
    assert found[0].text in set(shown["words"])


def test_the_tour_shows_the_subjects_at_the_ends_and_the_contacts_of_the_graph(make) -> None:
    inputs = load(make(effect=2.5))
    (contrast,) = contrasts(inputs)
    stops = tour.stops_of(inputs, contrast)
    cells = tour.located(inputs)
    values = read_table(inputs.results / "response/subjects.parquet")
    graph = read_table(inputs.files("neighbourhood/{group}/graph.parquet")[0])
    kind = {(s, c): t for s, c, t in cells[[k.SAMPLE, k.CELL_ID, k.CELL_TYPE]].itertuples(index=False)}
    pairs = [
        replace(stops[0], types=("CD8 T cells", "Tumour cells"), touching=True),
        replace(stops[0], types=("B cells",), touching=True),
    ]
    kept = packed(cells, tissue._samples(inputs), tissue.colours_of(inputs, cells))
    for stop, fact in zip(pairs, tour.facts_of(inputs, pairs, cells, kept), strict=True):
        for end, side in zip((stop.ends.left, stop.ends.right), fact["sides"], strict=True):
            mine = graph[graph[k.SAMPLE] == end.sample][[k.SOURCE_CELL, k.TARGET_CELL]].itertuples(index=False)
            ends = {frozenset(pair) for pair in mine}
            wanted = sorted((stop.types[0], stop.types[-1]))
            n = sum(sorted(kind[end.sample, cell] for cell in pair) == wanted for pair in ends)
            assert n > 0
            assert side["n"] == n
    for stop in stops:
        family, feature = stop.name.removeprefix("tour_arms_").split(":", 1)
        mine = values[(values[k.FAMILY] == family) & (values[k.FEATURE] == feature)].sort_values(k.VALUE)
        if not stop.ends.note:
            shown = {stop.ends.left.subject, stop.ends.right.subject}
            assert shown == {mine[k.SUBJECT].iloc[0], mine[k.SUBJECT].iloc[-1]}
        assert (stop.ends.left.level, stop.ends.right.level) == ("vehicle", "treated")


def test_dots_of_subjects_equal_the_subject_values(make) -> None:
    inputs = load(make())
    (contrast,) = contrasts(inputs)
    figure = response._dots(contrast, inputs)
    large = figure.table[figure.table["what"] == "subject"]
    small = figure.table[figure.table["what"] == "roi"]
    assert set(large.groupby("id").size()) == {6}
    assert set(small.groupby("id").size()) == {12}
    assert set(large["level"]) == {"vehicle", "treated"}


def scores(values: dict[tuple[str, str], tuple[float, float, float, float]]) -> pd.DataFrame:
    """`{pair: (log2 nearby, q nearby, log2 global, q global)}` in one ROI."""
    rows = []
    for (a, b), (near, q_near, overall, q_overall) in values.items():
        for null, value, q in (("local", near, q_near), ("global", overall, q_overall)):
            for source, target in {(a, b), (b, a)}:
                rows.append((null, "s1", source, target, value, 5 * value, q, k.TESTED))
    names = [k.NULL, k.SAMPLE, k.SOURCE, k.TARGET, "log2_enrichment", "z", "q", k.STATUS]
    return pd.DataFrame(rows, columns=names)


def test_pairs_that_only_share_tissue() -> None:
    table = scores(
        {
            ("A", "B"): (0.05, 0.8, 1.5, 1e-9),
            ("A", "C"): (1.2, 1e-6, 1.5, 1e-9),
            ("B", "C"): (0.0, 0.9, 0.1, 0.7),
        }
    )
    pairs = summary.pair_table(summary.summarise(table))
    assert len(pairs) == 3
    assert list(summary.vanishing(pairs, k.LOCAL)["pair"]) == ["A – B"]


def test_a_column_that_differs_as_the_groups_do_is_named(tmp_path) -> None:
    rows = ["sample\tsubject\tpath\tarm\tbatch\tsex"]
    rows += [f"s{i}\tm{i}\tx\t{'treated' if i > 1 else 'vehicle'}\tb{i > 1}\t{'FM'[i % 2]}" for i in range(4)]
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    inputs = Inputs.load(StageParams(), tmp_path, tmp_path / "samples.tsv")
    facts = {**CONTRAST, "subjects": {"vehicle": ["m0", "m1"], "treated": ["m2", "m3"]}}
    effects = pd.DataFrame([effect(k.FAMILY_INTERACTION, "A|B", 0.3)])
    said = caveats(inputs, facts, effects)
    assert "batch differs exactly as the groups do: they cannot be told apart." in said
    assert not any("sex" in text for text in said)


def test_design_columns_that_can_be_compared_come_first(tmp_path) -> None:
    rows = ["sample\tsubject\tpath\tid\tstage\tarm\tvaries"]
    rows += [f"s{i}{j}\tm{i}\tx\t{i}\t{min(i, 2)}\t{'ab'[i % 2]}\t{j}" for i in range(8) for j in range(2)]
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    inputs = Inputs.load(StageParams(), tmp_path, tmp_path / "samples.tsv")
    assert inputs.design == ["arm", "stage"]
    assert inputs.group_column == "arm"


def test_facts_of_the_comparison_are_on_the_page(make) -> None:
    inputs = load(make())
    facts = json.loads((inputs.results / "response/effects.json").read_text())["contrasts"][0]
    assert facts["permutation"]["smallest_p"] == pytest.approx(0.1)
    blocks = [b for section in response.build(inputs).sections for b in section.blocks]
    text = " ".join(item for block in blocks for item in getattr(block, "items", []))
    assert "The smallest p that a permutation of subjects can give here is 0.1 (exact, 20 assignments)" in text


def test_no_contrast_asked_for_is_no_fault(make, tmp_path) -> None:
    written = make()
    stage = StageParams.model_validate({"response": {"contrasts": []}})
    features = written.results / "neighbourhood/features.parquet"
    run_response(stage, features, written.sheet, tmp_path / "response")
    page = response.build(Inputs.load(written.params, tmp_path, written.sheet))
    assert page.state.light == "green"
    assert page.state.reasons == ("No contrast was asked for: the features are described in the other reports.",)
    assert page.method == ["Nothing was compared."]


def test_outcomes_subsets_and_what_remains_are_on_the_page(make, tmp_path) -> None:
    written = make()
    sheet = pd.read_csv(written.sheet, sep="\t", dtype=str)
    order = pd.factorize(sheet["subject"])[0]
    sheet = sheet.assign(growth=(order * 1.5 - 4).astype(str), days=(order * 7 + 3).astype(str), died="1")
    sheet.to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    arms = {"column": "arm", "reference": "vehicle", "group": "treated"}
    rich = {"feature": "CD8 T cells", "quantile": 0.2, "keep": "high"}
    outcomes = [{"name": "growth", "column": "growth"}, {"name": "death", "column": "days", "event": "died"}]
    contrasts_ = [{"name": "arms", **arms}, {"name": "rich", "subset": [rich], **arms}]
    stage = StageParams.model_validate({"response": {"contrasts": contrasts_, "outcomes": outcomes, "fdr": 0.2}})
    features = written.results / "neighbourhood/features.parquet"
    run_response(stage, features, tmp_path / "s.tsv", tmp_path / "response")
    (tmp_path / "neighbourhood").mkdir()
    (tmp_path / "neighbourhood/features.parquet").write_bytes(features.read_bytes())
    inputs = Inputs.load(written.params, tmp_path, tmp_path / "s.tsv")
    page = response.build(inputs)
    assert [section.title for section in page.sections][2:] == ["Outcome: growth", "Outcome: death"]
    table = read_table(tmp_path / "response/outcomes.parquet")
    growth = page.sections[2].blocks
    hits = int((table.loc[table["outcome"] == "growth", "q"] < 0.2).sum())
    assert growth[0].text.startswith(f"{hits} of ")
    assert growth[1].name == "forest_growth"
    best = table[(table["outcome"] == "death") & table["p"].notna()].sort_values("p").iloc[0]
    drawn = page.sections[3].blocks[1].table.set_index(["family", "feature"])
    assert drawn.loc[(best["family"], best["feature"]), "log2_effect"] == pytest.approx(best["effect"] / math.log(2))
    rows = {block.name: block.frame for section in page.sections for block in section.blocks if hasattr(block, "frame")}
    left = read_table(tmp_path / "response/remaining.parquet")
    kept = left[(left["contrast"] == "arms") & (left["verdict"] != "no difference")]
    assert ("remaining_arms" in rows) == bool(len(kept))
    if len(kept):
        assert sorted(rows["remaining_arms"]["verdict"]) == sorted(kept["verdict"])
    said = " ".join(item for block in page.sections[1].blocks for item in getattr(block, "items", []))
    assert "Only ROIs in which CD8 T cells (composition) is at or above the 0.2 quantile of both groups" in said
    texts = [block.text for block in page.sections[0].blocks if hasattr(block, "text")]
    assert any(text.startswith("No prediction of the group from the features: 3 subjects in") for text in texts)
    own = response.contrasts_of(inputs)[1]
    dots, rois = values_of(own, inputs, [own.drawn["id"].iloc[0]])
    values = read_table(tmp_path / "response/subjects.parquet").query("contrast == 'rich'")
    assert set(dots[k.VALUE]) <= set(values[k.VALUE])
    assert len(rois) < len(sheet)  # those outside the subset are not drawn
