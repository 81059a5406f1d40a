"""`tumint.pl` draws what the tables say: the places of dots are the numbers of the table."""

from __future__ import annotations

import anndata as ad
import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

import tumint

TYPES = ["B", "T", "Tumour"]


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 8 * 200
    table = pd.DataFrame({"x": rng.uniform(0, 300, n), "y": rng.uniform(0, 300, n)})
    table["cell_type"] = rng.choice(TYPES, n, p=[0.2, 0.3, 0.5])
    table["sample"] = np.repeat([f"s{i}" for i in range(8)], 200)
    return table


@pytest.fixture(scope="module")
def design() -> pd.DataFrame:
    arms = ["vehicle", "treated"] * 4
    mice = [f"m{i}" for i in (0, 1, 0, 1, 2, 3, 2, 3)]
    return pd.DataFrame({"sample": [f"s{i}" for i in range(8)], "arm": arms, "mouse": mice})


@pytest.fixture(scope="module")
def scores(cells) -> pd.DataFrame:
    return tumint.score(cells)


@pytest.fixture(scope="module")
def effects(scores, design) -> pd.DataFrame:
    return tumint.compare(scores, design, subject="mouse", group="arm", reference="vehicle")


def dots(figure: Figure) -> list[np.ndarray]:
    """Places of the dots of every panel."""
    found = []
    for axes in figure.axes:
        offsets = [np.asarray(one.get_offsets()) for one in axes.collections if isinstance(one, PathCollection)]
        found.append(np.concatenate(offsets) if offsets else np.empty((0, 2)))
    return found


def words(figure: Figure) -> set[str]:
    """All that stands in a figure."""
    return {text.get_text() for text in figure.findobj(Text)}


def test_forest_shows_the_effects(effects) -> None:
    figure = tumint.pl.forest(effects)
    contact = effects[effects["family"] == "interaction"].dropna(subset="effect")
    expected = np.sort(contact["effect"].to_numpy(float) / np.log(2))
    np.testing.assert_allclose(np.sort(dots(figure)[0][:, 0]), expected, rtol=1e-9)
    assert figure.axes[0].get_xlabel() == "treated / vehicle"


def test_volcano_has_a_dot_per_feature(effects) -> None:
    figure = tumint.pl.volcano(effects)
    tested = effects[effects["p"].notna()]
    assert sum(len(one) for one in dots(figure)) >= len(tested)
    heights = np.concatenate([one[:, 1] for one in dots(figure)])
    assert set(np.round(-np.log10(tested["p"].to_numpy(float)), 9)) <= set(np.round(heights, 9))


def test_matrix_of_effects_and_of_scores(effects, scores) -> None:
    values = np.concatenate(
        [np.ravel(m.get_array()) for a in tumint.pl.matrix(effects).axes for m in a.collections[:1]]
    )
    pair = effects[(effects["family"] == "interaction") & (effects["feature"] == "B|Tumour")]["effect"].item()
    assert np.isclose(np.ma.filled(values.astype(float), np.nan), pair / np.log(2)).sum() == 2
    figure = tumint.pl.matrix(scores)
    median = scores[(scores["source"] == "B") & (scores["target"] == "T")]["log2_enrichment"].median()
    drawn = np.concatenate([np.ravel(m.get_array()) for a in figure.axes for m in a.collections[:1]]).astype(float)
    assert np.isclose(drawn, median).any()
    assert "observed / expected contacts" in words(figure)


def test_subjects_are_the_values_that_are_compared(cells, design, effects) -> None:
    composition = tumint.composition(cells)
    how = {"subject": "mouse", "group": "arm", "reference": "vehicle"}
    figure = tumint.pl.subjects(composition, design, "B", family="composition", **how)
    compared = tumint.compare(composition, design, **how).set_index("feature").loc["B"]
    paths = [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    places = np.concatenate([one.get_offsets() for one in paths if set(one.get_sizes()) == {40.0}])
    assert len(places) == 4
    side = places[:, 0] > 0.5
    effect = (places[side, 1].mean() - places[~side, 1].mean()) * np.log(2)
    assert effect == pytest.approx(compared["effect"], abs=0.02)  # the test weighs subjects, the mean of dots does not


def test_map_of_a_pair_and_of_all_types(cells) -> None:
    data = ad.AnnData(
        obs=cells[["sample", "cell_type"]].astype("category").set_axis(cells.index.astype(str)),
        obsm={"spatial": cells[["x", "y"]].to_numpy()},
        uns={"cell_type_colors": ["#ff0000", "#00ff00", "#0000ff"]},
    )
    figure = tumint.pl.map(data, "s3", ("B", "T"))
    assert {"B", "T", "other cells", "s3"} <= words(figure)
    mine = cells[cells["sample"] == "s3"]
    lines = [one for one in figure.findobj(Line2D) if len(one.get_xdata()) > 5]
    by_colour = {to_hex(one.get_color()): len(one.get_xdata()) for one in lines}
    counts = mine["cell_type"].value_counts()
    assert (by_colour["#ff0000"], by_colour["#00ff00"]) == (counts["B"], counts["T"])
    assert tumint.pl.map(cells[cells["sample"] == "s0"]).axes


def test_what_is_wrong_is_said(cells, scores, effects, design) -> None:
    with pytest.raises(tumint.TumintError, match="effects: expected a pandas DataFrame"):
        tumint.pl.forest(3)
    with pytest.raises(tumint.TumintError, match="a column `contrast`"):
        tumint.pl.forest(scores)
    with pytest.raises(tumint.TumintError, match="contrast: expected one of treated_vs_vehicle, found `other`"):
        tumint.pl.volcano(effects, contrast="other")
    with pytest.raises(tumint.TumintError, match="table: expected at least a feature with a p, found none"):
        tumint.pl.volcano(effects.assign(p=np.nan))
    with pytest.raises(tumint.TumintError, match="image: expected one of s0, s1"):
        tumint.pl.map(cells)
    with pytest.raises(tumint.TumintError, match="pair: expected two of B, T and Tumour, found NK"):
        tumint.pl.map(cells, "s0", ("B", "NK"))
    with pytest.raises(tumint.TumintError, match="feature of the family interaction: expected one of"):
        tumint.pl.subjects(scores, design, "B|NK", subject="mouse", group="arm", reference="vehicle")


def test_no_style_is_set_and_pyplot_keeps_no_figure(effects) -> None:
    before = dict(matplotlib.rcParams)
    tumint.pl.forest(effects)
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []
