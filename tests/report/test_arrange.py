"""Panels, names, legend and colour bar of a still drawing lie inside it, beside each other; pixels have a palette."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tumint.charts import model as charts
from tumint.charts.palette import DIVERGING
from tumint.charts.still import draw, svg
from tumint.charts.still.arrange import text_inch
from tumint.charts.still.pen import Pen

LONG = [f"Dendritic cells of the kind {i}" for i in range(4)]
COLOURS = dict.fromkeys(LONG, "#4477AA")
LEGEND = {"legend": COLOURS, "legend_title": "cell type"}


def dots(**axes: charts.Axis) -> charts.Panel:
    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0, 3.0], "kind": LONG})
    return charts.Panel([charts.Dots(rows, "x", "y", "kind", COLOURS)], **axes)


def heat() -> charts.Panel:
    values = pd.DataFrame(np.linspace(-1, 1, 16).reshape(4, 4), index=LONG, columns=LONG)
    return charts.Panel([charts.Heat(values, DIVERGING, (-1, 1), "log2")], title="one", x=charts.Axis("neighbour"))


def cells() -> charts.Panel:
    place = np.arange(8.0) * 100
    return charts.Panel([charts.Cells(place, place, LONG * 2, COLOURS)], title="one\ntwo")


CASES = {
    "named rows": charts.Chart([dots(y=charts.Axis("rows", "names", names=LONG), x=charts.Axis("x"))], 7, 3, **LEGEND),
    "two rows of panels": charts.Chart([dots(x=charts.Axis("x"))] * 3, 8, 5, columns=2, x_title="all", **LEGEND),
    "heatmaps": charts.Chart([heat(), heat()], 10, 5, columns=2, share_y=True),
    "maps": charts.Chart([cells(), cells()], 10, 4, columns=2, **LEGEND),
}


@pytest.mark.parametrize("case", CASES)
def test_all_words_lie_inside_the_drawing_and_none_on_another(case: str) -> None:
    drawing = draw(CASES[case])
    svg(drawing)
    # measured as the SVG is written; of ticks only those in view are
    renderer = Pen(*drawing.bbox.size, io.StringIO())
    words = [*drawing.texts, *(text for ax in drawing.axes for text in ax.texts)]
    for ax in drawing.axes:
        words += [ax._left_title, ax.xaxis.label, ax.yaxis.label]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            words += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = [(w.get_text(), w.get_window_extent(renderer)) for w in words if w.get_text() and w.get_visible()]
    width, height = drawing.bbox.width, drawing.bbox.height
    assert len(boxes) > 8
    for name, box in boxes:
        assert box.x0 > -1, name
        assert box.y0 > -1, name
        assert box.x1 < width + 1, name
        assert box.y1 < height + 1, name
    for i, (name, box) in enumerate(boxes):
        for other, second in boxes[:i]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert min(across, up) < 2, (name, other)


def test_panels_are_of_one_size_and_apart() -> None:
    boxes = [ax.get_position() for ax in draw(CASES["two rows of panels"]).axes[:3]]
    assert np.ptp([box.width for box in boxes]) < 1e-9
    assert np.ptp([box.height for box in boxes]) < 1e-9
    assert boxes[0].x1 < boxes[1].x0
    assert boxes[0].y0 > boxes[2].y1


def test_no_layout_of_matplotlib_draws_a_figure_to_measure_it() -> None:
    assert draw(CASES["named rows"]).get_layout_engine() is None


def test_widths_are_those_of_the_letters() -> None:
    assert text_inch("iiii", 9.0) < text_inch("MMMM", 9.0) / 2
    assert text_inch("a\nMMMM", 9.0) == text_inch("MMMM", 9.0)
    assert text_inch("MMMM", 18.0) == pytest.approx(2 * text_inch("MMMM", 9.0))


def test_pixels_of_a_map_have_a_palette_and_lie_where_the_cells_are() -> None:
    rows = charts.Cells([0.0, 100.0, 0.0], [0.0, 100.0, 100.0], ["a", "a", "b"], {"a": "#ff0000", "b": "#0000ff"}, 60.0)
    found = re.search(
        r'xlink:href="data:image/png;base64,([^"]+)"', svg(draw(charts.Chart([charts.Panel([rows])], 4, 4)))
    )
    assert found is not None
    image = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert image.mode == "P"
    pixels = np.asarray(image.convert("RGBA"))
    high, wide = pixels.shape[:2]
    # y runs downwards, as in the image
    corners = [pixels[y, x].tolist() for y, x in ((6, 6), (high - 7, wide - 7), (high - 7, 6), (6, wide - 7))]
    assert [c[:3] for c in corners[:3]] == [[255, 0, 0], [255, 0, 0], [0, 0, 255]]
    assert corners[3][3] == 0
