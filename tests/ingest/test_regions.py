"""Measures of label images beside scikit-image, neighbours beside a search of every pair; in one band and in many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import regionprops_table
from skimage.segmentation import expand_labels

from tumint.ingest import regions as r
from tumint.ingest import touching


@pytest.fixture(params=[1, 37, 1 << 20], ids=["rows", "few", "whole"])
def band(request, monkeypatch):
    """How many pixels are held at a time."""
    monkeypatch.setattr(r, "_BAND", request.param)
    monkeypatch.setattr(touching, "_BAND", request.param)


@pytest.fixture(scope="module")
def mask(images):
    """Touching and lone cells, one pixel, a line, one in two pieces, one along a border; labels with gaps."""
    found = images.labels(60, 47, 70, np.random.default_rng(3), radius=4.0).astype(np.uint32) * 3
    found[10:16, 5:30] = 0
    found[12, 8], found[12, 12:25] = 1000, 1001
    found[14, 7:9], found[14, 20:22] = 1002, 1002
    found[-1, :9] = 70_000
    return found


def bands(image: np.ndarray, rows: int = 7):
    return ((top, image[top : top + rows]) for top in range(0, len(image), rows))


@pytest.mark.usefixtures("band")
def test_shapes_are_those_of_scikit_image(mask):
    found = r.regions(bands(mask), mask.shape)
    measured = r.measure(found)
    names = ("area", "centroid", "axis_major_length", "axis_minor_length", "eccentricity")
    expected = regionprops_table(mask.astype(np.int64), properties=("label", *names))
    assert found.ids.tolist() == expected["label"].tolist()
    assert measured.area.tolist() == expected["area"].tolist()
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(measured.y, expected["centroid-0"], **close)
    np.testing.assert_allclose(measured.x, expected["centroid-1"], **close)
    # square roots of what is 0 but for rounding, there or here
    np.testing.assert_allclose(measured.axis_major, expected["axis_major_length"], rtol=1e-10, atol=1e-6)
    np.testing.assert_allclose(measured.axis_minor, expected["axis_minor_length"], rtol=1e-10, atol=1e-6)
    np.testing.assert_allclose(measured.eccentricity, expected["eccentricity"], rtol=1e-10, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32", "float64", "bool"])
def test_means_are_those_of_scipy(mask, dtype):
    image = (np.random.default_rng(1).gamma(2, 30, mask.shape) % 250).astype(dtype)
    found = r.regions(bands(mask), mask.shape)
    expected = ndimage.mean(image.astype(float), mask, found.ids)
    np.testing.assert_allclose(r.means(found, r.measure(found).area, bands(image, 11)), expected, rtol=1e-13)


@pytest.mark.usefixtures("band")
def test_labels_up_to_the_highest():
    mask = np.array([[0, 4_294_967_295], [7, 7]], np.uint32)
    found = r.regions(bands(mask), mask.shape)
    assert found.ids.tolist() == [7, 4_294_967_295]
    assert found.labels.tolist() == [[0, 2], [1, 1]]


def test_a_mask_without_cells():
    found = r.regions(bands(np.zeros((5, 4), np.uint8)), (5, 4))
    measured = r.measure(found)
    assert found.ids.size == measured.area.size == measured.eccentricity.size == 0
    assert touching.expanded(found.labels, 4).shape == touching.expanded(found.labels, 0).shape == (0, 2)
    assert touching.bordering(found.labels, 4)[0].shape == (0, 2)


def by_search(mask: np.ndarray, within: float) -> dict[tuple[int, int], float]:
    """Distance of the nearest pixels of every two cells, up to `within`."""
    ids = [int(i) for i in np.unique(mask) if i]
    found = {}
    for one in ids:
        away = ndimage.distance_transform_edt(mask != one)
        for other in ids:
            if other > one and (gap := away[mask == other].min()) <= within:
                found[one, other] = float(gap)
    return found


@pytest.fixture(scope="module")
def labelled(images):
    return images.labels(45, 38, 45, np.random.default_rng(8), radius=3.5).astype(np.int32)


@pytest.mark.usefixtures("band")
@pytest.mark.parametrize("within", [0, 1, 2, 4, 7.5])
def test_cells_that_touch_once_grown(labelled, within):
    found = touching.expanded(labelled, within)
    assert list(map(tuple, found.tolist())) == sorted(by_search(expand_labels(labelled, within), 1.0))


@pytest.mark.usefixtures("band")
@pytest.mark.parametrize("within", [1, 1.5, 3, 5.2])
def test_cells_whose_borders_are_near(labelled, within):
    pairs, distance = touching.bordering(labelled, within)
    expected = by_search(labelled, within)
    assert list(map(tuple, pairs.tolist())) == sorted(expected)
    np.testing.assert_allclose(distance, [expected[one, other] for one, other in pairs.tolist()], rtol=1e-12)


def test_the_nearest_borders_of_each(labelled):
    pairs, distance = touching.bordering(labelled, 6)
    kept = {tuple(pair) for pair in touching.nearest_of(pairs, distance, 2).tolist()}
    gaps = dict(zip(map(tuple, pairs.tolist()), distance.tolist(), strict=True))
    expected = set()
    for cell in np.unique(pairs):
        mine = sorted((gap, sum(pair) - cell, pair) for pair, gap in gaps.items() if cell in pair)
        expected |= {pair for _, _, pair in mine[:2]}
    assert kept == expected


def test_centres_that_are_near():
    xy = np.random.default_rng(2).uniform(0, 50, (40, 2))
    gap = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(gap, np.inf)
    rank = gap.argsort(axis=1).argsort(axis=1)
    for within, nearest in ((9.0, None), (None, 3), (7.0, 3)):
        wanted = (gap <= (within or np.inf)) & (rank < (nearest or 40))
        wanted = np.argwhere(np.triu(wanted | wanted.T))
        pairs, distance = touching.near(xy, within, nearest)
        assert pairs.tolist() == wanted.tolist()
        np.testing.assert_allclose(distance, gap[tuple(wanted.T)])
