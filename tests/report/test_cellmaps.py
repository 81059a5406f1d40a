"""What a page carries of its cells is what the tables hold: places, types, layers, contacts, ends."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.report.engine.cellmaps import NOTHING, QUANTUM_UM, Layer, Packed, packed, shares
from tumint.report.response.contacts import between
from tumint.report.response.extremes import ends_of

TYPES = {"T cells": "#000000", "B cells": "#FF0000", "other": "#BBBBBB"}
DOMAINS = Layer(k.DOMAIN, "tissue domains", {"tumour": "#CC6677", "normal": "#44AA99"})


def cohort(sizes: dict[str, int], reach: float = 2000.0, types: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for name, n in sizes.items():
        parts.append(
            pd.DataFrame(
                {
                    k.SAMPLE: name,
                    k.CELL_ID: rng.permutation(10 * n + 1)[:n],
                    k.X_UM: rng.uniform(-50, reach, n),
                    k.Y_UM: rng.uniform(100, reach / 2, n),
                    k.CELL_TYPE: np.array([*TYPES], dtype=object)[rng.integers(0, types, n)],
                    k.DOMAIN: np.array(["tumour", "normal", "none"], dtype=object)[rng.integers(0, 3, n)],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.sample(frac=1, random_state=1, ignore_index=True)  # samples mixed: nothing relies on their order


def samples(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "subject": name[:1], "group": "g"} for name in names]


def unpacked(of: Packed, number: int) -> pd.DataFrame:
    """As `cells.js` reads them."""
    data = zlib.decompress(base64.b64decode(of.numbers.text()))
    one, wide = of.head["maps"][number], "<u2" if of.head["wide"] else "u1"

    def read(start: int, kind: str) -> np.ndarray:
        return np.frombuffer(data, kind, one["n"], start)

    codes = read(one["at"]["layers"][0], "u1")
    classes = [name for name, _ in of.head["layers"][0]["classes"]]
    return pd.DataFrame(
        {
            k.CELL_ID: np.cumsum(read(one["at"]["id"], "<i4")),
            k.X_UM: one["from"][0] + one["step"] * read(one["at"]["x"], "<u2"),
            k.Y_UM: one["from"][1] + one["step"] * read(one["at"]["y"], "<u2"),
            k.CELL_TYPE: [of.head["types"][i]["name"] for i in read(one["at"]["type"], wide)],
            k.DOMAIN: ["none" if i == NOTHING else classes[i] for i in codes],
        }
    )


@pytest.mark.parametrize("reach", [300.0, 2000.0, 80_000.0])
def test_what_is_unpacked_is_what_was_packed(reach):
    cells = cohort({"a1": 7, "b1": 500, "c1": 1}, reach)
    of = packed(cells, samples("b1", "nothing", "a1", "c1"), TYPES, [DOMAINS])
    assert [one["name"] for one in of.head["maps"]] == ["b1", "a1", "c1"]
    for number, one in enumerate(of.head["maps"]):
        want = cells[cells[k.SAMPLE] == one["name"]].reset_index(drop=True)
        got = unpacked(of, number)
        for name in (k.CELL_ID, k.CELL_TYPE, k.DOMAIN):
            assert list(got[name]) == list(want[name])
        assert one["step"] == max(QUANTUM_UM, one["step"])
        for axis in (k.X_UM, k.Y_UM):
            assert (got[axis] - want[axis]).abs().max() <= one["step"] / 2 + 1e-9
    small = of.head["maps"][0]["step"]
    assert (small == QUANTUM_UM) == (reach < 32_000)


def test_of_a_large_cohort_the_large_rois_are_sampled_evenly():
    cells = cohort({"a1": 100, "b1": 1000, "c1": 2000})
    of = packed(cells, samples("a1", "b1", "c1"), TYPES, [DOMAINS], most=900)
    assert [(one["n"], one["of"]) for one in of.head["maps"]] == [(100, 100), (400, 1000), (400, 2000)]
    assert of.drawn == 900
    drawn = cells.iloc[of.rows["c1"]]
    assert set(drawn[k.SAMPLE]) == {"c1"}
    assert drawn[k.CELL_ID].is_unique
    assert list(unpacked(of, 2)[k.CELL_ID]) == list(drawn[k.CELL_ID])


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_all_that_there_is_or_equal(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 50, rng.integers(1, 9)).tolist()
    most = int(rng.integers(len(sizes), 300))
    given = shares(sizes, most)
    assert sum(given) <= most
    assert sum(given) == sum(sizes) or sum(given) == most
    cut = [n for n, size in zip(given, sizes, strict=True) if n < size]
    assert not cut or max(cut) - min(cut) <= 1
    assert all(n <= size for n, size in zip(given, sizes, strict=True))


def test_more_than_255_types_take_two_bytes():
    names = [f"type {i:03}" for i in range(300)]
    cells = pd.DataFrame({k.SAMPLE: "a", k.CELL_ID: range(300), k.X_UM: 1.0, k.Y_UM: 2.0, k.CELL_TYPE: names})
    of = packed(cells.assign(**{k.DOMAIN: "none"}), samples("a"), dict.fromkeys(names, "#000000"), [DOMAINS])
    assert list(unpacked(of, 0)[k.CELL_TYPE]) == names


def test_a_layer_of_too_many_classes_is_refused():
    many = Layer(k.DOMAIN, "niches", {f"n{i}": "#000000" for i in range(256)})
    with pytest.raises(ValueError, match="niches has 256"):
        packed(cohort({"a1": 3}), samples("a1"), TYPES, [many])


@pytest.mark.parametrize("pair", [("T cells", "B cells"), ("B cells", "T cells"), ("T cells", "T cells")])
@pytest.mark.parametrize("both_ways", [True, False])
def test_contacts_are_those_of_the_graph(pair, both_ways):
    cells = cohort({"a1": 60})
    ids = cells[k.CELL_ID].to_numpy()
    rng = np.random.default_rng(3)
    ends = rng.choice(ids, (300, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    ends = np.concatenate([ends, ends[:, ::-1]]) if both_ways else ends
    foreign = np.array([[ids[0], 10_000], [10_001, ids[1]]])
    edges = pd.DataFrame(np.concatenate([ends, foreign]), columns=[k.SOURCE_CELL, k.TARGET_CELL])
    kind = dict(zip(ids, cells[k.CELL_TYPE], strict=True))
    want = {frozenset(map(int, e)) for e in ends if sorted((kind[e[0]], kind[e[1]])) == sorted(pair)}
    got = between(edges, cells, *pair)
    assert {frozenset((int(ids[a]), int(ids[b]))) for a, b in got} == want
    assert len(got) == len(want)


def test_no_edge_is_no_contact():
    none = pd.DataFrame({k.SOURCE_CELL: [], k.TARGET_CELL: []})
    assert between(none, cohort({"a1": 5}), "T cells", "B cells").shape == (0, 2)


def values(of: dict[str, tuple[str, float]]) -> pd.DataFrame:
    rows = [(f"f:{i}", name, level, value) for i in "a" for name, (level, value) in of.items()]
    table = pd.DataFrame(rows, columns=["id", k.SUBJECT, "level", k.VALUE])
    return table.assign(log2_value=table[k.VALUE], **{k.SAMPLE: table[k.SUBJECT] + "_r"})


@pytest.mark.parametrize(
    ("of", "effect", "left", "right", "noted"),
    [
        ({"m1": ("v", 1), "m2": ("v", 2), "m3": ("t", 3), "m4": ("t", 4)}, 1, ("m1", "lowest"), ("m4", "highest"), 0),
        ({"m1": ("v", 4), "m2": ("v", 3), "m3": ("t", 2), "m4": ("t", 1)}, -1, ("m1", "highest"), ("m4", "lowest"), 0),
        ({"m1": ("v", 1), "m2": ("v", 9), "m3": ("t", 3), "m4": ("t", 4)}, 1, ("m1", "lowest"), ("m4", "highest"), 1),
        ({"m1": ("v", 1), "m2": ("v", 9), "m3": ("t", 3), "m4": ("t", 4)}, -1, ("m2", "highest"), ("m3", "lowest"), 1),
    ],
)
def test_the_reference_is_always_on_the_left(of, effect, left, right, noted):
    table = values(of)
    ends = ends_of({"id": "f:a", k.FAMILY: "density", "effect": effect}, table, table, "v", "t")
    assert ends is not None
    assert [(one.subject, one.which) for one in (ends.left, ends.right)] == [left, right]
    assert [one.level for one in (ends.left, ends.right)] == ["v", "t"]
    assert bool(ends.note) == bool(noted)


def test_a_subject_is_shown_by_the_roi_nearest_to_its_value():
    subjects = values({"m1": ("v", 1.0), "m2": ("t", 5.0)})
    rois = pd.concat(
        [
            subjects.assign(**{k.SAMPLE: name, k.VALUE: subjects[k.VALUE] + by})
            for name, by in (("far", 2), ("near", -1))
        ]
    )
    ends = ends_of({"id": "f:a", k.FAMILY: "density", "effect": 1}, subjects, rois, "v", "t")
    assert ends is not None
    assert (ends.left.sample, ends.right.sample) == ("near", "near")
    assert ends_of({"id": "f:a", k.FAMILY: "density", "effect": 1}, subjects, rois[:0], "v", "t") is None
    assert ends_of({"id": "f:a", k.FAMILY: "density", "effect": 1}, subjects[:1], rois, "v", "t") is None
