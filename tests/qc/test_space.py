"""Local density, the edge of the image and the area of the tissue, against geometry done otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.config.qc import Region
from tumint.qc.regions import inside_any
from tumint.qc.space import _corner, border_gap, local_density, tissue_mm2


@pytest.mark.parametrize(("a", "b"), [(10, 10), (3, 4), (8, 8), (10, 2), (0, 5)])
def test_a_quarter_disc_cut_to_a_rectangle(a, b):
    step = 0.005
    x, y = np.meshgrid(np.arange(step / 2, 10, step), np.arange(step / 2, 10, step))
    counted = ((x**2 + y**2 <= 100) & (x <= a) & (y <= b)).sum() * step**2
    assert _corner(np.array([float(a)]), np.array([float(b)]), 10.0)[0] == pytest.approx(counted, abs=0.05)


def test_density_counts_others_in_the_disc_and_does_not_fall_at_the_edge():
    grid = np.stack(np.meshgrid(np.arange(101.0), np.arange(101.0)), axis=-1).reshape(-1, 2)
    found = local_density(grid, 12.0).reshape(101, 101)
    offsets = np.stack(np.meshgrid(np.arange(-12, 13), np.arange(-12, 13)), axis=-1).reshape(-1, 2)
    inside = (np.hypot(*offsets.T) <= 12).sum() - 1
    assert found[50, 50] == pytest.approx(inside / (np.pi * 144) * 1e6)
    # one cell per µm² everywhere: what is left at edge and corner is the half row on the edge itself
    np.testing.assert_allclose(found[[0, 0], [50, 0]], 1e6, rtol=0.15)


def test_the_gap_to_the_edge_is_from_the_outline():
    spatial = np.array([[5.0, 50.0], [50.0, 50.0], [95.0, 50.0], [50.0, 2.0], [50.0, 98.0]])
    radius = np.array([5.0, 5.0, 2.0, 2.0, 2.0])
    gap = border_gap(spatial, np.pi * radius**2)
    np.testing.assert_allclose(gap, [0, 42, 0, 0, 0], atol=1e-9)
    # without areas, cells are points
    np.testing.assert_allclose(border_gap(spatial, np.full(5, np.nan))[:2], [0, 45])


def test_tissue_is_where_cells_are_and_small_holes_are_closed():
    grid = np.stack(np.meshgrid(np.arange(5.0, 400, 10), np.arange(5.0, 200, 10)), axis=-1).reshape(-1, 2)
    assert tissue_mm2(grid) == pytest.approx(0.08, rel=0.12)
    hole = grid[~((abs(grid - [110, 110]) < 10).all(axis=1))]
    assert tissue_mm2(hole) == tissue_mm2(grid)
    torn = grid[(grid[:, 0] < 100) | (grid[:, 0] > 300)]
    assert tissue_mm2(torn) == pytest.approx(0.04, rel=0.15)
    assert tissue_mm2(np.array([[0.0, 0.0], [1e9, 1e9]])) == pytest.approx(0.0008)


def test_regions_are_strips_rectangles_and_polygons():
    spatial = np.array([[1.0, 1.0], [5.0, 5.0], [9.0, 1.0], [np.nan, np.nan]])
    strip = Region(sample="a", x_um=(4, 9))
    box = Region(sample="a", x_um=(4, 10), y_um=(4, 10))
    triangle = Region(sample="a", polygon_um=[(0, 0), (3, 0), (0, 3)])
    assert inside_any(spatial, [strip]).tolist() == [False, True, True, False]
    assert inside_any(spatial, [box]).tolist() == [False, True, False, False]
    assert inside_any(spatial, [triangle, box]).tolist() == [True, True, False, False]
    assert not inside_any(spatial, []).any()


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({}, "either `x_um`"),
        ({"x_um": (1, 2), "polygon_um": [(0, 0), (1, 0), (0, 1)]}, "either `x_um`"),
        ({"y_um": (2, 2)}, "`y_um` as"),
    ],
)
def test_a_region_has_one_shape(shape, said):
    with pytest.raises(ValueError, match=said):
        Region(sample="a", **shape)
