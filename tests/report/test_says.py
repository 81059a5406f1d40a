"""What pages say is what the tables hold: sign, arms, significance, what ran, and whose data it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.report.engine import words
from tumint.report.engine.inline import signed
from tumint.report.engine.inputs import Inputs
from tumint.report.index import matters
from tumint.report.index import page as index
from tumint.report.neighbourhood import by_group
from tumint.report.neighbourhood import page as neighbourhood
from tumint.report.neighbourhood.summary import vanishing_words
from tumint.report.qc import page as qc
from tumint.report.response import page as response
from tumint.report.response.caveats import caveats
from tumint.report.response.contrasts import contrasts
from tumint.report.response.spread import spread
from tumint.text import a_fold, all_were

pytestmark = pytest.mark.long  # pages are drawn


def load(written) -> Inputs:
    return Inputs.load(written.params, written.results, written.sheet)


def odds(per_group: dict[str, dict[str, float]], spread: float, subjects: int = 4, seed: int = 0) -> pd.DataFrame:
    """Log contact odds ratios of subjects in groups: `{group: {"A|B": mean}}`."""
    rng = np.random.default_rng(seed)
    rows = [
        {"subject": f"{group}{i}", "group": group, k.SOURCE: a, k.TARGET: b, "log_odds": mean + noise}
        for group, pairs in per_group.items()
        for pair, mean in pairs.items()
        for i, noise in enumerate(rng.normal(0, spread, subjects))
        for a, b in ({tuple(pair.split("|")), tuple(reversed(pair.split("|")))})
    ]
    return pd.DataFrame(rows)


def test_pairs_that_live_apart_are_not_said_to_share_tissue():
    gone = pd.DataFrame({"pair": ["A – A", "A – B", "B – C"], f"{k.GLOBAL}_log2": [1.0, -1.2, -0.8]})
    said = vanishing_words(gone, "nearby")
    gone.loc[3] = ["B – unclassified", -2.0]
    assert vanishing_words(gone, "nearby") == said
    assert said == (
        "1 pair meets more than by chance over the whole image only because both types live in the same tissue: A – A. "
        "2 pairs meet less than by chance over the whole image only because the types live apart: A – B and B – C."
    )


def test_headlines_name_no_noise():
    noise = {f"{a}|{b}": 0.0 for a in "ABCD" for b in "ABCD" if a <= b}
    called = sum("No pair touches" not in by_group.in_words(odds({"": noise}, 0.3, 8, seed)) for seed in range(40))
    assert called <= 6  # 5 % of them, and what chance adds to it
    said = by_group.in_words(odds({"": {**noise, "A|B": 1.0}}, 0.3, 8))
    assert "more than by chance: A – B (" in said


def test_a_pair_that_turns_between_arms_is_told_by_arm():
    table = odds({"vehicle": {"A|B": np.log(0.7), "C|C": 0.5}, "treated": {"A|B": np.log(1.5), "C|C": 0.5}}, 0.02)
    assert by_group.differing(table, 1) == [("A", "B")]
    assert "in vehicle and" in by_group.in_words(table)
    figure = by_group.by_group(table, "arm")
    assert [panel.title for panel in figure.chart.panels] == ["arm: vehicle", "arm: treated", "treated / vehicle"]
    difference = figure.chart.panels[2].layers[0].matrix
    assert difference.loc["A", "B"] == pytest.approx(np.log2(1.5 / 0.7), abs=0.1)
    assert difference.loc["C", "C"] == pytest.approx(0, abs=0.1)


def test_linked_findings_and_simulated_data_are_explained(make):
    (contrast,) = contrasts(load(make(subjects=8, effect=1.5)))
    facts = {**contrast.facts, "findings": [{"linked_to": "A – B"}]}
    said = caveats(load(make(subjects=8, effect=1.5)), facts, contrast.effects)
    assert any(text.startswith("Findings of contact that share a type are linked") for text in said)
    assert not any("what differs was planted" in text for text in said)


def test_dissociated_cells_have_no_graph_in_the_methods(make):
    inputs = load(make(located=False))
    said = " ".join(text for text in index.build(inputs).method)
    assert "Delaunay" not in said
    assert "mask" not in said
    assert "pixels" not in said
    assert "touching cells" not in said
    assert "contact" not in said.lower().replace("no contact was scored", "")
    assert neighbourhood.method(inputs) == ["No contact was scored."]
    assert "Two cells touch where" in " ".join(neighbourhood.method(load(make())))


def test_a_cohort_without_places_claims_nothing_of_places(make):
    inputs = load(make(located=False))
    (contrast,) = contrasts(inputs)
    assert not any(
        "touching" in text or "domains" in text for text in caveats(inputs, contrast.facts, contrast.effects)
    )
    numbers = {number.label: number for number in index.build(inputs).numbers}
    assert "Cells scored" not in numbers
    assert int(numbers["Cells typed"].value.replace(",", "")) > 0
    scored = {number.label: number.value for number in neighbourhood.build(inputs).numbers}
    assert scored["Cells scored"] == "0"
    (stripes,) = (one for one in qc.build(inputs).sections if one.title == "Stripes")
    assert "could be looked for" in stripes.blocks[-1].text


def test_cells_without_a_signal_have_no_doublet_scores_in_the_methods():
    settings = {"doublets": True, "stripes": {"min_depth": 0.25}}
    assert "oublet" not in " ".join(qc._method(settings, signal=False))
    assert "Strips" not in " ".join(qc._method(settings, signal=False))
    assert "oublet" in " ".join(qc._method(settings))


def test_what_was_not_tested_is_called_no_finding(make):
    alone = load(make(subjects=2))
    assert not contrasts(alone)[0].testable
    page = response.build(alone)
    assert (page.findings_title, index.build(alone).findings_title) == ("In short", "In short")
    numbers = {number.label: number for number in page.numbers}
    assert numbers["Tests"].note == "no p can be given"
    assert int(numbers["Features compared"].value.replace(",", "")) > 0
    assert "linear model" not in " ".join(page.method)
    assert response.build(load(make())).findings_title == "Findings"


def test_families_that_are_not_named_are_not_counted_as_differences():
    said = words._families([f"1 of 4 in family {i}" for i in range(9)])
    assert said.endswith("1 of 4 in family 5, and more in 3 other families")
    assert words._families(["1 of 4 in contact"]) == "1 of 4 in contact"


def test_numbers_have_their_article():
    assert [a_fold(times) for times in ("1.71", "8.2", "11", "18", "80", "11.5", "110", "1.8")] == [
        *("a 1.71-fold", "an 8.2-fold", "an 11-fold", "an 18-fold", "an 80-fold", "an 11.5-fold", "a 110-fold"),
        "a 1.8-fold",
    ]


def test_one_is_not_called_all():
    assert all_were(1, "ROI", "ROIs", "scored") == "The one ROI was scored"
    assert all_were(24, "ROI", "ROIs", "scored") == "All 24 ROIs were scored"


def test_the_index_names_findings_by_grade_and_columns_that_were_not_compared(make):
    inputs = load(make(subjects=8, effect=1.5))
    (section,) = matters.sections(inputs)
    table = section.blocks[-1] if hasattr(section.blocks[-1], "frame") else section.blocks[-2]
    assert set(table.frame["grade"]) <= set(k.GRADES)
    assert list(table.frame["grade"].map(k.GRADES.index)) == sorted(table.frame["grade"].map(k.GRADES.index))
    (contrast,) = contrasts(inputs)
    assert len(table.frame) == int(contrast.primary["significant"].sum())


def test_a_figure_that_leaves_the_page_says_whose_data_it_is():
    bare = '<svg width="72pt" height="36pt" viewBox="0 0 72 36" version="1.1">\n<g/>\n</svg>'
    text = signed(bare, "demo · SIMULATED data")
    assert 'height="50pt" viewBox="0 0 72 50"' in text
    assert "demo · SIMULATED data</text>" in text
    assert signed(bare, "") == bare


def test_the_first_screen_tells_of_every_kind() -> None:
    """Half of the places are of contacts; the area of the tumour and two markers come before second ones of others."""
    rows = [
        *((k.FAMILY_INTERACTION, f"A|{name}") for name in "BCDEFG"),
        *((k.FAMILY_COMPOSITION, name) for name in "AB"),
        *((k.FAMILY_DENSITY, name) for name in "AB"),
        *((k.FAMILY_DOMAIN, name) for name in ("normal", k.TUMOUR)),
        *((k.FAMILY_MARKER, f"Casp3 of A{place}") for place in ("", " in normal")),
        *((k.FAMILY_MARKER, name) for name in ("CXCL9 of B", "Ki67 of A")),
        *((k.FAMILY_NICHE, name) for name in ("N01", "N02")),
    ]
    hits = pd.DataFrame(rows, columns=[k.FAMILY, k.FEATURE])
    hits["id"] = hits[k.FAMILY] + ":" + hits[k.FEATURE]
    assert [name.partition(":")[2] for name in spread(hits, 10)] == [
        *("A|B", "A|C", "A|D", "A|E", "A|F", "A", k.TUMOUR, "Casp3 of A", "CXCL9 of B", "N01")
    ]
