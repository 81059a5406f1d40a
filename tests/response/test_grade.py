"""Grades of findings: each from the evidence that it names, what explains a finding away first."""

from __future__ import annotations

import math

import pytest

from tumint import keys as k
from tumint.response.grade import grade, linked

SOUND = {
    **{k.FAMILY: k.FAMILY_INTERACTION, k.SOURCE: "A", k.TARGET: "B", "effect": 0.6, k.SUBJECT: "M3"},
    **{"effect_low": 0.5, "effect_high": 0.7, "sign_kept": True, "largest_p": 0.01},
    **{"robustness": 0.9, "n_settings": 10.0, "setting_low": 0.2, "setting_high": 0.8},
    **{"verdict": k.REMAINS, "effect_adjusted": 0.55},
}


@pytest.mark.parametrize(
    ("change", "grade_and_why"),
    [
        ({}, (k.SOLID, "")),
        ({"sign_kept": False}, (k.FRAGILE, "its direction reverses without M3")),
        ({"largest_p": 0.12}, (k.FRAGILE, "with one subject left out p rises to 0.12")),
        ({"setting_low": -0.1}, (k.FRAGILE, "its direction changes over 10 other settings")),
        ({"robustness": 0.4}, (k.FRAGILE, "it holds on only 4 of 10 other settings")),
        ({"robustness": math.nan, "n_settings": math.nan}, (k.SOLID, "")),
        (
            {"verdict": k.NOT_APART, "effect_adjusted": 0.5},
            (k.FRAGILE, "at equal shares of both types its interval includes no difference"),
        ),
        (
            {"verdict": k.NOT_APART, "effect_adjusted": 0.2, "sign_kept": False},
            (k.BY_COMPOSITION, "at equal shares of both types less than half of it remains"),
        ),
        ({"verdict": k.NOT_APART, "effect_adjusted": -0.5}, (k.BY_COMPOSITION, None)),
        # composition is no explanation of itself
        ({k.FAMILY: k.FAMILY_COMPOSITION, "verdict": math.nan, "effect_adjusted": math.nan}, (k.SOLID, "")),
    ],
)
def test_grades(change, grade_and_why):
    word, why = grade({**SOUND, **change})
    assert word == grade_and_why[0]
    assert grade_and_why[1] in (None, why)


@pytest.mark.parametrize(
    ("carried_by", "contact", "word"),
    [
        (k.FAMILY_SHARED_DOMAIN, (0.02, -0.1, 0.2), k.BY_TISSUE),
        (k.FAMILY_SHARED_REGION, (0.02, -0.1, 0.2), k.BY_TISSUE),
        (k.FAMILY_SHARED_DOMAIN, (0.4, 0.1, 0.7), k.SOLID),
        (k.FAMILY_CONTACT, (0.4, -0.1, 0.9), k.SOLID),
        (k.FAMILY_SHARED_DOMAIN, (0.02, math.nan, math.nan), k.SOLID),
    ],
)
def test_shared_tissue_explains_what_it_carries_and_contact_does_not(carried_by, contact, word):
    assert grade(SOUND, {k.FAMILY_CONTACT: contact, "carried_by": carried_by})[0] == word


def test_pairs_that_share_a_type_are_linked_to_the_stronger_finding():
    def pair(source: str, target: str, family: str = k.FAMILY_INTERACTION) -> dict[str, object]:
        return {k.FAMILY: family, k.SOURCE: source, k.TARGET: target}

    rows = [pair("A", "B"), pair("", "", k.FAMILY_DENSITY), pair("B", "C"), pair("D", "E"), pair("E", "E")]
    assert linked(rows) == ["", "", "A – B", "", "D – E"]
