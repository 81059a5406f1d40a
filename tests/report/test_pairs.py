"""Parts of the neighbourhood page about single pairs: what is drawn, and of which ROI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.charts.still import draw
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.page import Chooser, Notice, Table, Text
from tumint.report.neighbourhood import page as neighbourhood
from tumint.report.neighbourhood import pairs, summary
from tumint.report.neighbourhood.pair_figures import volcano as volcano_figure
from tumint.text import number


@pytest.fixture
def inputs(make: Callable[..., Any]) -> Inputs:
    written = make()
    return Inputs.load(written.params, written.results, written.sheet)


def test_maps_are_of_the_rois_with_the_strongest_and_the_weakest_score(inputs: Inputs) -> None:
    scores = summary.interactions(inputs)
    chosen = pairs.strongest(summary.summarise(scores), "domain", pairs.MAPPED)
    said, chooser = pairs.pair_maps(inputs, scores, chosen, "domain")
    assert isinstance(said, Text)
    assert isinstance(chooser, Chooser)
    assert len(chooser.figures) == len(chosen) == pairs.MAPPED
    table = cells(inputs)
    for row, (label, figure) in zip(chosen.to_dict("records"), chooser.figures, strict=True):
        types = (row[k.SOURCE], row[k.TARGET])
        assert label.startswith(" – ".join(types))
        own = scores.query(
            f"null == 'domain' and status == 'tested' and source == {types[0]!r} and target == {types[1]!r}"
        )
        ends = [own.loc[own["log2_enrichment"].idxmax()], own.loc[own["log2_enrichment"].idxmin()]]
        titles = [ax.get_title(loc="left") for ax in draw(figure.chart).axes]
        assert titles == [
            f"{end[k.SAMPLE]}\n{end['observed']:.0f} contacts, {number(end['expected'])} expected" for end in ends
        ]
        drawn = figure.table.groupby(k.SAMPLE).size()
        for end in ends:
            there = table[(table[k.SAMPLE] == end[k.SAMPLE]) & table[k.CELL_TYPE].isin(types)]
            assert drawn[end[k.SAMPLE]] == len(there)


def test_no_map_where_none_is_asked_for(inputs: Inputs) -> None:
    assert inputs.params.report is not None
    inputs.params = inputs.params.model_copy(
        update={"report": inputs.params.report.model_copy(update={"maps_per_subject": 0})}
    )
    scores = summary.interactions(inputs)
    chosen = pairs.strongest(summary.summarise(scores), "domain", pairs.MAPPED)
    (block,) = pairs.pair_maps(inputs, scores, chosen, "domain")
    assert isinstance(block, Notice)


def test_the_volcano_has_every_pair_once_with_its_evidence(inputs: Inputs) -> None:
    scores = summary.interactions(inputs)
    (figure,) = pairs.volcano(scores, summary.summarise(scores), 0.05)
    tested = scores[scores[k.STATUS] == k.TESTED]
    types = tested[k.SOURCE].nunique()
    assert len(figure.table) == 3 * types * (types + 1) / 2
    row = figure.table[(figure.table[k.NULL] == "global") & (figure.table["pair"] == "B cells – Tumour cells")].iloc[0]
    q = tested.query("null == 'global' and source == 'B cells' and target == 'Tumour cells'")["q"]
    assert row["evidence"] == pytest.approx(np.median(-np.log10(q)))
    assert [ax.get_title(loc="left") for ax in draw(figure.chart).axes] == [
        "against chance nearby",
        "against chance within domain",
        "against chance over the whole image",
    ]
    assert volcano_figure(figure.table.iloc[:0], 0.05) is None


def guarded() -> pd.DataFrame:
    rows = [
        ("r1", "A", "B", 100, 20, 1.0, 0.7),
        ("r2", "A", "B", 100, 40, 0.5, 0.4),
        ("r1", "B", "A", 50, 10, -0.4, 0.4),
        ("r2", "B", "A", 50, 10, -0.4, 0.2),
    ]
    names = [k.SAMPLE, k.SOURCE, k.TARGET, "n_source", "n_guarded", "log2_enrichment", "log2_unguarded"]
    return pd.DataFrame(rows, columns=names).assign(null="global", status=k.TESTED)


def test_what_the_edge_of_the_image_does_is_shown_where_it_was_left_out() -> None:
    (table,) = pairs.border(guarded(), "global")
    assert isinstance(table, Table)
    first, second = table.frame.to_dict("records")
    assert (first["pair"], first["change"]) == ("B → A", pytest.approx(-0.7))
    assert (second["pair"], second["change"], second["guarded"]) == ("A → B", pytest.approx(0.2), pytest.approx(0.3))
    assert (second["with_guard"], second["without_guard"]) == (pytest.approx(0.75), pytest.approx(0.55))
    assert table.caption.startswith("26.7\N{NO-BREAK SPACE}% of the cells")
    (text,) = pairs.border(guarded().drop(columns=["n_guarded", "log2_unguarded"]), "global")
    assert isinstance(text, Text)
    assert "`neighbourhood.guard_um`" in text.text


def test_the_method_says_which_law_gave_how_many_p() -> None:
    laws = ["pearson3"] * 3 + ["permutation"]
    said = neighbourhood.p_laws(pd.DataFrame({"p_method": laws, "status": k.TESTED})).replace("\N{NO-BREAK SPACE}", " ")
    assert said.startswith("75.0 % by a Pearson III law")
    assert said.endswith(" and 25.0 % by permutations, where few contacts are expected")
