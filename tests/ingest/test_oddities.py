"""Odd cells are counted and handled by the stated rule; synonyms of markers; channels that a ROI lacks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.load import validate
from tumint.config.panel import Panel
from tumint.errors import ConfigError
from tumint.ingest.oddities import _outside

TEXT = "ObjectNumber,Location_Center_X,Location_Center_Y,AreaShape_Area,Intensity_MeanIntensity_Cd8a_c1\n"
ROWS = "3,1,1,9,1\n4,1,1,9,2\n9,-2,5,9,3\n10,70,5,9,4\n"
PANEL = {"name": "p", "source": "t", "markers": [{"marker": "CD8", "synonyms": ["CD8A", "Cd8a"], "unit": "counts"}]}


@pytest.fixture
def roi(tmp_path):
    path = tmp_path / "AllCellsMask_M1.csv"
    path.write_text(TEXT + ROWS)
    return path


def test_oddities_are_counted(ingest, roi):
    done = ingest({"M1": roi}, panel=PANEL)
    row = done.samples.iloc[0]
    assert (row["n_outside"], row["n_coincident"], row["n_id_gaps"], row["n_several_masks"]) == (0, 1, 4, 0)
    assert done.lines == []  # nobody knows how large the image is
    assert done.cells.n_obs == 4
    assert list(done.cells.var_names) == ["CD8"]
    assert list(done.cells.var[k.UNIT]) == ["counts"]


def test_a_crowd_at_one_place_is_said_in_one_line(ingest, tmp_path):
    path = tmp_path / "AllCellsMask_M1.csv"
    for n, said in ((21, 0), (22, 1)):
        rows = [f"{i},3.5,4,9,1\n" for i in range(1, n + 1)] + [f"{i},{i},4,9,1\n" for i in range(100, 103)]
        path.write_text(TEXT + "".join(rows) + "200,100,4,9,1\n")
        done = ingest({"M1": path}, panel=PANEL)
        assert done.samples["n_coincident"].tolist() == [n]  # and one at (100, 4)
        assert len(done.lines) == said
    assert done.lines == [
        "tumint: sample M1: 22 cells stand at one and the same place, (3.5, 4) µm: are their coordinates right? "
        "Of more than 21 at one place, not all are neighbours"
    ]


def test_the_size_of_the_image_as_steinbock_knows_it(ingest, shared_data, tmp_path):
    source = shared_data / "imc_reader_fixtures" / "steinbock"
    name = "20210305_NE_mockData1_001"
    for kind in ("intensities", "regionprops"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"{name}.csv").write_bytes((source / f"{kind}_deepcell" / f"{name}.csv").read_bytes())
    images = pd.read_csv(source / "images.csv")
    images.assign(width_px=30).to_csv(tmp_path / "images.csv", index=False)
    panel = {"name": "p", "source": "t", "markers": [{"marker": "Laminin"}]}
    path = tmp_path / "intensities" / f"{name}.csv"
    done = ingest({"a": path}, panel=panel, format="steinbock", outside_image="drop", pixel_size_um=0.5)
    beyond = pd.read_csv(tmp_path / "regionprops" / f"{name}.csv")["centroid-1"] > 30
    assert 0 < beyond.sum() < 17
    assert done.samples["n_outside"][0] == beyond.sum()
    assert done.cells.n_obs == 17 - beyond.sum()
    assert done.samples["notes"][0] == f"{beyond.sum()} cells outside the image left out"
    done = ingest({"a": path}, panel=panel, format="steinbock", outside_image="error", name="error")
    assert (done.code, len(done.lines)) == (2, 1)
    assert f"expected all cells inside the image of 30 × 60 µm, found {beyond.sum()} outside, such as" in done.lines[0]
    done = ingest({"a": path}, panel=panel, format="steinbock", name="keep")
    assert f"{beyond.sum()} cells lie outside the image and are kept (`outside_image`)" in done.lines[0]


def test_ids_that_repeat(ingest, tmp_path):
    path = tmp_path / "AllCellsMask_M1.csv"
    path.write_text(TEXT + "1,1,1,9,1\n1,2,1,9,2\n")
    assert ingest({"M1": path}, panel=PANEL).code == 2
    done = ingest({"M1": path}, panel=PANEL, repeated_ids="renumber", name="two")
    assert list(done.cells.obs[k.CELL_ID]) == [1, 2]
    assert done.samples["notes"][0] == "cells numbered anew, since `ObjectNumber` repeats"


def test_cells_in_several_masks(ingest, make, tmp_path):
    table = make.cells_table()
    table.loc[:3, "Intensity_MeanIntensity_InterfaceImage"] = 0.8
    done = ingest({"M1": make.write_roi(tmp_path, "M1", table)})
    assert done.samples["n_several_masks"][0] == 4
    assert done.samples["n_domain_interface"][0] == 4


def test_synonyms_that_are_not_clear(ingest, tmp_path):
    path = tmp_path / "AllCellsMask_M1.csv"
    path.write_text(TEXT.replace("_Cd8a_c1", "_Cd8a_c1,Intensity_MeanIntensity_CD8A_c1") + "1,1,1,9,1,2\n")
    done = ingest({"M1": path}, panel=PANEL)
    assert (done.code, len(done.lines)) == (2, 1)
    assert "expected one column for the synonyms of CD8, found Intensity_MeanIntensity_CD8A_c1, " in done.lines[0]
    markers = [{"marker": "CD8", "synonyms": ["CD4"]}, {"marker": "CD4"}]
    with pytest.raises(ConfigError, match="no synonym of `CD8` that is the channel of `CD4`"):
        validate(Panel, {"name": "p", "source": "t", "markers": markers}, "panel.yaml")


def test_channels_that_a_roi_lacks_are_named_with_it(ingest, roi, tmp_path):
    other = tmp_path / "AllCellsMask_M2.csv"
    other.write_text(TEXT.replace("Cd8a", "CD4") + ROWS)
    panel = PANEL | {"markers": [*PANEL["markers"], {"marker": "CD4"}]}
    rois = {"M1": roi, "M2": other}
    done = ingest(rois, panel=panel)
    assert done.code == 2
    assert ["M1" in done.lines[0], "none for CD4" in done.lines[0]] == [True, True]
    assert ["M2" in done.lines[1], "none for CD8" in done.lines[1]] == [True, True]
    for policy in ("intersect", "fill"):
        done = ingest(rois, panel=panel, missing_marker=policy, name=policy)
        assert list(done.samples["missing_markers"]) == ["CD4", "CD8"]


def test_the_far_border_of_an_image_of_known_size_is_inside():
    centres = np.array([[100.0, 50.0], [100.001, 50.0], [50.0, 50.001], [0.0, 0.0], [-0.001, 5.0]])
    cells = SimpleNamespace(has_coordinates=True, spatial=centres, image_um=(100.0, 50.0))
    assert _outside(cells).tolist() == [False, True, True, False, True]


def test_a_centre_that_is_nan_goes_to_quality_control(ingest, tmp_path):
    path = tmp_path / "AllCellsMask_M1.csv"
    path.write_text(TEXT + "1,1,1,9,1\n2,nan,nan,0,2\n3,5,9,9,3\n")
    done = ingest({"M1": path}, panel=PANEL)
    assert done.lines == ["tumint: sample M1: 1 cell without a place, which quality control drops"]
    assert done.samples["n_no_place"].tolist() == [1]
    assert np.isnan(done.cells.obsm[k.SPATIAL]).any(axis=1).tolist() == [False, True, False]
    path.write_text(TEXT + "1,nan,nan,9,1\n")
    done = ingest({"M1": path}, panel=PANEL, name="none")
    assert "expected numbers in `Location_Center_X` and `Location_Center_Y`, found empty fields only" in done.lines[0]
