"""The findings on one page: two widths, text that is text, whose data it is; and drawings that stay as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tumint.report.engine import tight
from tumint.report.engine.files import SUMMARY_MM, summary_names
from tumint.report.engine.inputs import Inputs
from tumint.report.index import onepage
from tumint.report.index import page as index

pytestmark = pytest.mark.long  # pages are drawn


@pytest.mark.parametrize("fields", [{"subjects": 8, "cells": 400}, {"subjects": 2, "rois": 1}])
def test_the_page_says_whose_data_it_shows_and_what_was_found(make, tmp_path: Path, fields: dict) -> None:
    written = make(**fields)
    inputs = Inputs.load(written.params, written.results, written.sheet)
    built = index.build(inputs)
    page = onepage.with_summary(built, inputs, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(summary_names("tiny"))
    for width in SUMMARY_MM:
        svg = (tmp_path / f"tiny_summary_{width}mm.svg").read_text(encoding="utf-8")
        points = re.search(r'width="([\d.]+)pt"', svg)
        assert points is not None
        assert float(points[1]) == pytest.approx(width / 25.4 * 72, abs=0.5)
        said = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
        assert "SIMULATED data: no animal was measured" in said
        assert "tiny" in said
        assert "`" not in said
        for row in onepage.sheet(inputs, built, width).rows:
            assert row[2] in said
        pdf = (tmp_path / f"tiny_summary_{width}mm.pdf").read_bytes()
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        assert b"/FontFile2" in pdf  # letters, not outlines
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    onepage.with_summary(built, inputs, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert page.sections[-1].title == "One-page summary"
    assert len(page.sections[-1].blocks) == 1 + len(before)


def points(path: str) -> list[tuple[float, float]]:
    """Where a path of straight lines goes; after `z` its start."""
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for letter, rest in re.findall(r"([MLhvlz])([^MLhvlz]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
        if letter in "hv":
            x, y = (x + numbers[0], y) if letter == "h" else (x, y + numbers[0])
            found.append((x, y))
            continue
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = (x + dx, y + dy) if letter == "l" else (dx, dy)
            found.append((x, y))
    return found


def test_a_shorter_path_goes_the_same_way() -> None:
    corners = [(10.123456, 20.5), (30.987654, 20.5), (35.0, 20.5), (30.1, 41.777777), (30.1, 3.0), (-4.25, 7.125)]
    drawn = "M " + " \nL ".join(f"{x} {y}" for x, y in corners) + " \nz\n"
    text = f'<g id="patch_2">\n <path d="{drawn}" style="fill: #ffffff; stroke: none"/>\n</g>'
    short = tight.tightened(text, "f1")
    assert len(short) < len(text)
    found = re.search(r' d="([^"]*)"', short)
    assert found is not None
    assert found[1].endswith("z")
    kept = [corners[0], *corners[2:]]  # of two level steps in one direction the first corner says nothing
    for got, want in zip(points(found[1]), kept, strict=True):
        assert got == pytest.approx(want, abs=0.0051)
    assert 'style="fill:#ffffff;stroke:none"' in short


def test_looks_are_said_once() -> None:
    clip, look = 'clip-path="url(#f1-0)"', "fill:none;stroke:var(--ink)"
    line = '<path d="M{0} 0h1" {1} style="{2}"/>'
    two, other = line.format(1, clip, look) + line.format(2, clip, look), line.format(3, clip, "fill:none;stroke:red")
    assert tight._looks_once(two + other) == f'<path d="M1 0h1M2 0h1" {clip} style="{look}"/>{other}'
    dot = '<use xlink:href="#f1-1" x="{0}" y="2" style="{1}"/>'
    dots = "".join(f"<g {clip}>{dot.format(x, 'fill:red')}</g>" for x in (1, 2))
    alone = "".join(f'<use xlink:href="#f1-1" x="{x}" y="2"/>' for x in (1, 2))
    assert tight._looks_once(dots) == f'<g {clip}><g style="fill:red">{alone}</g></g>'
    # filled areas and what is seen through lie on one another one by one
    for each in (line.format(1, clip, "fill:red") * 2, dot.format(1, "opacity:0.5") * 2):
        assert tight._looks_once(each) == each


def test_ids_of_a_drawing_are_short_and_its_own() -> None:
    text = '<clipPath id="p12ab"/><path id="m9" d="M 0 0 C 1 2.12345 3 4 5 6"/><use xlink:href="#m9" x="1.23456"/>'
    short = tight.tightened(text + '<g clip-path="url(#p12ab)"/>', "f7")
    assert short == (
        '<clipPath id="f7-0"/><path id="f7-1" d="M0 0C1 2.12 3 4 5 6"/><use xlink:href="#f7-1" x="1.23"/>'
        '<g clip-path="url(#f7-0)"/>'
    )
