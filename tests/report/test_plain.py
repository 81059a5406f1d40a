"""What every page says is plain English: no name from the code, no raw markup, no wrong plural, one way to write %."""

from __future__ import annotations

import base64
import re
import zlib
from html import unescape

import pytest

from tumint.report.engine.glossary import TERMS

pytestmark = pytest.mark.long  # pages are drawn

PAGES = ("index", "ingest", "qc", "cluster", "neighbourhood", "response")
_NOT_READ = re.compile(r"<(script|style|svg|pre|code)\b.*?</\1>", re.DOTALL)
_PACKED = re.compile(r'class="rows">([^<]*)<')
_SPOKEN = re.compile(r'(?: title| aria-label)="([^"]*)"')
_BLOCK = re.compile(r"</?(?:p|li|td|th|tr|h\d|dt|dd|div|section|summary|label|span|a|ul|figcaption|title)\b[^>]*>")
_NOUNS = "subjects|ROIs|cells|features|pairs|findings|contrasts|stripes|types|clusters|markers|rows|groups|scores"
FAULTS = {
    "a plural of one": re.compile(rf"(?<![\d.,×–-])(?<!v )1 (?:{_NOUNS})\b"),
    "a per cent sign without its space": re.compile(r"\d%"),
    "a backtick": re.compile("`"),
    "a name from the code": re.compile(r"\b(?:no_p|too_few|no_variation|no_coordinates|nan|None(?! of)|NaN|inf)\b"),
    "lower case after a full stop": re.compile(r"(?<!e\.g)(?<!i\.e)(?<! al)(?<! v)(?<!\bvs)[a-z)]\. [a-z]"),
    "a word twice": re.compile(r"\b([A-Za-z]+) \1\b"),
}
RIDDLES = (
    "all the same:",
    "does as well",
    "a fault of ours",
    "cells in the median",
    "nearest to the subject's",
    "relative to what",
)


def texts(page: str) -> list[str]:
    """What a person reads of a page, part by part."""
    packed = "".join(zlib.decompress(base64.b64decode(rows)).decode() for rows in _PACKED.findall(page))
    body = _NOT_READ.sub("", page) + packed
    parts = [*_SPOKEN.findall(body), *_BLOCK.sub("\n", body).split("\n")]
    plain = (re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", part))).strip() for part in parts)
    return [part for part in plain if part]


def faults(page: str) -> list[str]:
    found = [
        f"{what}: {text[:160]}"
        for text in texts(page)
        for what, pattern in FAULTS.items()
        if pattern.search(text) and not text.startswith(("SHA", "/"))
    ]
    return found + [f"a riddle: {text[:160]}" for text in texts(page) for riddle in RIDDLES if riddle in text]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        pytest.param({"subjects": 2, "rois": 1}, marks=pytest.mark.slow),
        pytest.param({"markers": False, "domains": False, "edges": False}, marks=pytest.mark.slow),
    ],
)
def test_every_page_is_plain(make, page, fields: dict) -> None:
    written = make(**fields)
    said = {stage: faults(page(written, stage)) for stage in PAGES}
    assert {stage: found for stage, found in said.items() if found} == {}


def test_the_test_sees_what_it_looks_for() -> None:
    bad = "<p>1 subjects. found 80% of `x`</p><td>no_p</td><p>the the</p>"
    assert {fault.split(":")[0] for fault in faults(bad)} == set(FAULTS)


def test_the_glossary_defines_the_terms_of_the_pages() -> None:
    terms = [term for term, _ in TERMS]
    assert len(terms) == len(set(terms))
    assert {"Contact", "Domain", "Chance", "Subject", "ROI", "q", "Grade"} <= set(terms)
    assert all(meaning.endswith(".") for _, meaning in TERMS)
