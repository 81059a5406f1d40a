"""Findings and their lack in words, with the numbers of their rows."""

from __future__ import annotations

import math

import pytest

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.families import ratio
from tumint.response.compare import compare
from tumint.response.design import groups as design
from tumint.response.summary import summarise
from tumint.response.wording import finding, nothing, relation

CONTRAST = {"group": "treated", "reference": "vehicle", "coefficient": None}
ROW = {
    **{k.FAMILY: k.FAMILY_INTERACTION, k.FEATURE: "Treg|CD8", k.SOURCE: "Treg", k.TARGET: "CD8", "q": 0.02},
    **{"effect": math.log(1.8), "ci_low": math.log(1.3), "ci_high": math.log(2.5)},
    **{"mean_group": math.log(0.9), "mean_reference": math.log(0.5)},
    **{"effect_low": math.log(1.5), "effect_high": math.log(2.0), "n_subjects_group": 4, "n_subjects_reference": 3},
}


def test_a_finding_is_a_ratio_with_its_interval_and_what_leaving_one_out_does() -> None:
    found = finding(ROW, CONTRAST)
    assert [found[name] for name in ("ratio", "ratio_low", "without_one_high")] == pytest.approx([1.8, 1.3, 2.0])
    assert found["words"] == (
        "In treated, Treg contact CD8 more than in vehicle within shared tissue: contact odds ratio 0.90 against 0.50, "
        "a ratio of 1.80× (1.30 to 2.50) (q = 0.02, 4 v 3 subjects, 1.50 to 2.00 with any one left out)."
    )
    other = finding({**ROW, k.FAMILY: "texture", "effect": -0.5, "ci_low": math.nan}, CONTRAST)
    assert other["ratio"] is None
    assert other["words"].startswith("Treg|CD8 (texture) differs by −0.50 between treated and vehicle (q = 0.02")
    assert ratio(math.log(3), k.FAMILY_DENSITY) == pytest.approx(3)


@pytest.mark.parametrize(
    ("family", "feature", "size", "said"),
    [
        (
            *(k.FAMILY_INTERACTION, "B|B", math.log(2)),
            "In treated, B contact one another more than in vehicle within shared tissue: contact odds ratio 0.90 "
            "against 0.50, a ratio of 2.00× (1.21 to 3.30) (EVIDENCE).",
        ),
        (
            *(k.FAMILY_MIXING, "A|B", math.log(2)),
            "In treated, A and B mix more than in vehicle, beyond how much each keeps to itself: contact odds ratio "
            "0.90 against 0.50, a ratio of 2.00× (1.21 to 3.30) (EVIDENCE).",
        ),
        (
            *(k.FAMILY_TOTAL, "A|B", 1.0),
            "A and B are in contact 2.00× (1.41 to 2.83) as often in treated as in vehicle, relative to chance "
            "in the whole image (EVIDENCE).",
        ),
        (
            *("interaction_histocat", "A|B", -1.0),
            "A → B by `histocat` is 0.50× (0.35 to 0.71) as high in treated as in vehicle, relative to chance "
            "nearby (EVIDENCE).",
        ),
        (
            *(k.FAMILY_COMPOSITION, "CD8", math.log(2)),
            "The odds that a cell belongs to CD8 are 2.00× (1.21 to 3.30) as high in treated as in vehicle "
            "(47.4\u00a0% against 33.3\u00a0%) (EVIDENCE).",
        ),
        (
            *(k.FAMILY_DENSITY, "CD8", math.log(2)),
            "There are 2.00× (1.21 to 3.30) as many CD8 per mm² in treated as in vehicle (EVIDENCE).",
        ),
        (
            *(k.FAMILY_NETWORK, "cells in nests", 1.0),
            "Cells in nests: 2.00× (1.41 to 2.83) as many in treated as in vehicle, relative to chance within tissue "
            "domains (EVIDENCE).",
        ),
        (
            *(k.FAMILY_MARKER, "pS6 of CD8 in tumour", math.log(2)),
            "pS6 of CD8 in the tumour domain is 2.00× (1.21 to 3.30) as high in treated as in vehicle (EVIDENCE).",
        ),
        (
            *(k.FAMILY_MARKER, "pS6 of cells in cycle", math.log(2)),
            "pS6 of cells in cycle is 2.00× (1.21 to 3.30) as high in treated as in vehicle (EVIDENCE).",
        ),
        (
            *(k.FAMILY_DISTANCE, "A|B", -0.7),
            "A are nearer to B in treated than in vehicle: the chance that another cell nearby is nearer differs by "
            "−0.70 (−1.20 to −0.20) (EVIDENCE).",
        ),
        (
            *(k.FAMILY_ALLOCATION, "A|B", 1.0),
            "B lie beside A 2.00× (1.41 to 2.83) as often in treated as in vehicle, relative to chance nearby "
            "(EVIDENCE).",
        ),
    ],
)
def test_sentences_of_the_families(family: str, feature: str, size: float, said: str) -> None:
    source, _, target = feature.partition("|")
    row = {**ROW, k.FAMILY: family, k.FEATURE: feature, k.SOURCE: source if target else "", k.TARGET: target}
    row |= {
        "effect": size,
        "ci_low": size - 0.5,
        "ci_high": size + 0.5,
        "effect_low": math.nan,
        "effect_high": math.nan,
    }
    row |= {"robustness": 0.9, "n_settings": 10.0}
    evidence = "q = 0.02, 4 v 3 subjects, holds on 9 of 10 other settings"
    assert finding(row, {**CONTRAST, "domains": ["tumour"]})["words"] == said.replace("EVIDENCE", evidence)
    bare = finding({**row, "q": math.nan}, CONTRAST)["words"]
    assert bare.endswith("(4 v 3 subjects, no p).")


def test_relations_to_outcomes_in_words() -> None:
    row = {**ROW, "kind": "survival", "outcome": "death", "n_subjects": 20, "n_events": 11, "q": 4.2e-5}
    row |= {"effect": math.log(1.5), "ci_low": math.log(1.2), "ci_high": math.log(1.9)}
    assert relation(row) == (
        "With one standard deviation more of Treg with CD8 (contact) the hazard is 1.50 (1.20 to 1.90) times as "
        "high (q < 0.001, 20 subjects, 11 events)."
    )
    slope = {**row, "kind": "number", "outcome": "growth", "effect": 1.0, "ci_low": 0.0, "ci_high": 2.0}
    assert relation(slope) == (
        "With one standard deviation more of growth, Treg with CD8 (contact) changes by 2.72 (1.00 to 7.39) times "
        "(q < 0.001, 20 subjects)."
    )


def test_nothing_says_what_could_have_been_seen() -> None:
    family = {k.FAMILY: k.FAMILY_INTERACTION, "n_tested": 105, "smallest_q": 0.412, "detectable_alone": 1.0}
    assert nothing(family, CONTRAST, fdr=0.1, power=0.8) == (
        "No difference was found at q < 0.1 between treated and vehicle among 105 features of contact (smallest "
        "q = 0.41). In a typical feature, 80\u00a0% of such cohorts would have found a 2.72-fold increase or a fall to "
        "0.37×."
    )


def test_every_family_has_findings_or_says_nothing(cohort) -> None:
    for shift in (0.0, 5.0):
        sheet, features = cohort({"v": 5, "t": 5}, shift=shift)
        config = ResponseConfig(contrasts=[Contrast(name="c", column="arm", reference="v", group="t")])
        result = compare(features, design.build(sheet, config.contrasts[0], "sheet"), config, 0)
        (said,) = summarise([result], [{}], config, [])["contrasts"]
        assert bool(said["findings"]) == (shift > 0) == (said["families"][0]["nothing"] == "")
    first = said["findings"][0]
    assert first["ratio"] == pytest.approx(math.exp(first["effect"]))
    assert f"{first['n_subjects_group']} v {first['n_subjects_reference']} subjects" in first["words"]


def test_doubt_stands_in_the_sentence() -> None:
    row = {**ROW, "grade": k.FRAGILE, "why": "its direction reverses without M3", "linked_to": "B – CD8"}
    row |= {"robustness": 0.5, "n_settings": 14.0, "setting_low": math.log2(0.4), "setting_high": math.log2(1.6)}
    assert finding(row, CONTRAST)["words"].endswith(
        "(fragile: its direction reverses without M3; q = 0.02, 4 v 3 subjects, 1.50 to 2.00 with any one left out, "
        "0.40 to 1.60 in contacts over chance with other settings, holds on 7 of 14 other settings, shares a type with "
        "B – CD8, the stronger finding)."
    )
