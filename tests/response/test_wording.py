"""Findings and their lack in words, with the numbers of their rows."""

from __future__ import annotations

import math

import pytest

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.response import design
from tumint.response.compare import compare
from tumint.response.summary import summarise
from tumint.response.wording import finding, nothing, ratio

CONTRAST = {"group": "treated", "reference": "vehicle", "coefficient": None}
ROW = {
    **{k.FAMILY: k.FAMILY_INTERACTION, k.FEATURE: "Treg|CD8", k.SOURCE: "Treg", k.TARGET: "CD8", "q": 0.02},
    **{"effect": math.log2(1.8), "ci_low": math.log2(1.3), "ci_high": math.log2(2.5)},
    **{"effect_low": math.log2(1.5), "effect_high": math.log2(2.0), "n_subjects_group": 4, "n_subjects_reference": 3},
}


def test_a_finding_is_a_ratio_with_its_interval_and_what_leaving_one_out_does() -> None:
    found = finding(ROW, CONTRAST, domains=True)
    assert [found[name] for name in ("ratio", "ratio_low", "without_one_high")] == pytest.approx([1.8, 1.3, 2.0])
    assert found["words"] == (
        "Treg touch CD8 1.80 times (1.30 to 2.50) as often, relative to what is expected within tissue domains, in "
        "treated as in vehicle (q = 0.02, 4 v 3 subjects, 1.50 to 2.00 with any one left out)."
    )
    other = finding({**ROW, k.FAMILY: "texture", "effect": -0.5, "ci_low": math.nan}, CONTRAST, domains=False)
    assert other["ratio"] is None
    assert other["words"].startswith("Treg|CD8 (texture) differs by -0.50 between treated and vehicle (q = 0.02")
    assert ratio(math.log(3), k.FAMILY_DENSITY) == pytest.approx(3)


def test_nothing_says_what_could_have_been_seen() -> None:
    family = {k.FAMILY: k.FAMILY_INTERACTION, "n_tested": 105, "smallest_q": 0.412, "detectable_alone": 1.0}
    assert nothing(family, CONTRAST, fdr=0.1, power=0.8) == (
        "Nothing differs at q < 0.1 between treated and vehicle among 105 features of interaction (smallest q = 0.41). "
        "A difference by 2.00 times, or to 0.50 of it, in a typical feature would have been found in 80% of such "
        "cohorts."
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
