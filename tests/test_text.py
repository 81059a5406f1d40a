"""Numbers, lists and plurals as people read them."""

from __future__ import annotations

import math

import pytest

from tumint import text
from tumint.errors import Fault


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (text.integer(12345.9), "12,345"),
        (text.number(1234.5), "1,234"),
        (text.number(-0.004843), "−0.00484"),
        (text.number(0.00012), "1.20e-4"),
        (text.number(2.5e7, 2), "2.5e7"),
        (text.number(-math.inf), "−∞"),
        (text.number(0.0), "0"),
        (text.fixed(-0.299), "−0.30"),
        (text.fixed(18.6, 0, plus=True), "+19"),
        (text.ratio(0.4063), "0.41"),
        (text.ratio(0.0412), "0.041"),
        (text.ratio(9.994), "9.99"),
        (text.ratio(9.996), "10"),
        (text.ratio(12.34), "12"),
        (text.ratio(1234.5), "1,234"),
        (text.ratio(-0.5), "−0.50"),
        (text.probability(0.0291), "0.029"),
        (text.probability(0.001), "0.001"),
        (text.probability(2.24e-5), "2.2e-5"),
        (text.probability(0.0), "0"),
        (text.percent(0.98368), "98.4 %"),
        (text.percent(0.0004), "<0.1 %"),
        (text.percent(0.9999), ">99.9 %"),
        (text.percent(1.0), "100 %"),
        (text.setting(0.1), "0.1"),
        (text.setting(2000.0), "2,000"),
        (text.setting(0.12345), "0.12345"),
        (text.setting(0.750001, 3), "0.75"),
        (text.setting(1234.5, 3), "1,230"),
        (text.share_setting(0.125), "12.5 %"),
        (text.plural(1, "ROI"), "1 ROI"),
        (text.plural(1200, "ROI"), "1,200 ROIs"),
        (text.plural(0, "sample"), "0 samples"),
        (text.plural(0, "subject", none="no"), "no subjects"),
        (text.plural(2, "batch", "batches"), "2 batches"),
        (text.listed([]), ""),
        (text.listed(["a"]), "a"),
        (text.listed(["a", "b", "c"]), "a, b and c"),
        (text.listed(list("abcdefgh")), "a, b, c, d, e, f and 2 more"),
        (text.listed(["a", "b"], 1), "a and 1 more"),
        (text.together(["x 1, below 2", "y 3, above 4"]), "x 1, below 2 and y 3, above 4"),
        (text.either([1, 2, 3]), "1 or 2 or 3"),
        (text.and_more(0, "row"), ""),
        (text.and_more(1, "row"), " (and 1 more row)"),
        (text.and_more(1500, "row"), " (and 1,500 more rows)"),
    ],
)
def test_as_people_read_it(said: str, wanted: str) -> None:
    assert said.replace(text.NBSP, " ") == wanted


def test_a_number_and_its_sign_of_per_cent_stay_on_one_line_of_a_page_and_are_plain_in_a_message() -> None:
    assert text.percent(0.031) == "3.1\u00a0%"
    assert str(Fault("sample A", "less", text.percent(0.031))) == "sample A: expected less, found 3.1 %."
