"""Masks and images: ways to write a TIFF, names of channels, tissue, what is refused, and steinbock's own numbers."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from skimage.measure import regionprops_table

from tumint import jobs, preflight
from tumint.cli import main
from tumint.config import stage_params
from tumint.errors import TumintError
from tumint.io.cells import read_anndata
from tumint.io.contracts import EDGES
from tumint.io.tables import read_table

NAMES = ["CD8", "EPCAM", "aSMA", "DNA1"]
PANEL = {"name": "p", "source": "made", "markers": [{"marker": name} for name in NAMES]}


@pytest.fixture
def sample(images, tmp_path):
    """A mask of cells and an image, uint16; `write(**how)` writes the image."""
    rng = np.random.default_rng(5)
    mask = images.labels(70, 53, 40, rng)
    image = images.image(mask, rng.choice(["T", "tumour", "stroma"], 40), rng).astype(np.uint16) * 9
    tifffile.imwrite(tmp_path / "mask.tiff", mask)

    class Sample:
        folder, labels, pixels = tmp_path, mask, image

        def write(self, pixels=image, **how):
            tifffile.imwrite(tmp_path / "a.tiff", pixels, **{"photometric": "minisblack", **how})
            return tmp_path / "a.tiff"

    return Sample()


@pytest.fixture
def read(ingest, sample):
    """`read(path, **config)`: ingest of the image with the mask beside it."""

    def run(path=None, mask=None, regions=None, **config):
        files = {"mask": mask or sample.folder / "mask.tiff", **{f"region_{n}": f for n, f in (regions or {}).items()}}
        path = path or sample.folder / "a.tiff"
        return ingest({"S1": path}, files={"S1": files}, format="masks", **{"panel": PANEL, **config})

    return run


def expected_of(mask, image):
    names = ("label", "area", "centroid", "eccentricity", "intensity_mean")
    table = regionprops_table(mask.astype(int), np.moveaxis(image, 0, -1).astype(float), names)
    return pd.DataFrame(table)


def check(done, sample, size=1.0):
    assert (done.code, done.lines) == (0, [])
    cells, wanted = done.cells, expected_of(sample.labels, sample.pixels)
    assert cells.obs["cell_id"].tolist() == wanted["label"].tolist()
    assert list(cells.var_names) == NAMES
    np.testing.assert_allclose(cells.X, wanted[[f"intensity_mean-{i}" for i in range(4)]], rtol=1e-6)
    np.testing.assert_allclose(cells.obsm["spatial"], wanted[["centroid-1", "centroid-0"]] * size, rtol=1e-12)
    np.testing.assert_allclose(cells.obs["area_um2"], wanted["area"] * size**2, rtol=1e-12)
    np.testing.assert_allclose(cells.obs["eccentricity"], wanted["eccentricity"], rtol=1e-9, atol=1e-7)


WAYS = {
    "ImageJ": {"imagej": True, "metadata": {"axes": "CYX", "Labels": NAMES}},
    "OME": {"ome": True, "metadata": {"axes": "CYX", "Channel": {"Name": NAMES}}},
    "OME, tiles, packed": {
        **{"ome": True, "metadata": {"axes": "CYX", "Channel": {"Name": NAMES}}},
        **{"tile": (32, 16), "compression": "zlib", "predictor": True},
    },
    "pages, strips, packed": {"metadata": None, "compression": "lzw", "rowsperstrip": 9, "photometric": "minisblack"},
    "pages, one strip, big endian": {"byteorder": ">", "bigtiff": True, "photometric": "minisblack"},
    "pages, tiles": {"tile": (16, 16), "photometric": "minisblack", "metadata": None},
    "planes of one page": {"planarconfig": "separate", "photometric": "minisblack", "metadata": None},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("band", [100, 1 << 20])
def test_every_way_to_write_an_image(sample, read, way, band, monkeypatch):
    monkeypatch.setattr("tumint.io.raw.tiff.BAND", band)
    check(read(sample.write(**WAYS[way])), sample)


@pytest.mark.parametrize("packed", [None, "zlib"])
def test_interleaved_channels(sample, read, packed):
    how = {"planarconfig": "contig", "photometric": "minisblack", "metadata": None, "compression": packed}
    check(read(sample.write(np.moveaxis(sample.pixels, 0, -1), **how)), sample)


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "int64", "float32", ">i4"])
def test_every_kind_of_label(sample, read, dtype):
    sample.write(imagej=True)
    tifffile.imwrite(sample.folder / "mask.tiff", sample.labels.astype(dtype), compression="zlib", metadata=None)
    check(read(pixel_size_um=0.5), sample, 0.5)


def test_edges_and_the_settings_of_contacts(sample, read):
    sample.write()
    pairs = {}
    for kind, more in (
        ("touching", {}),
        ("expansion", {}),
        ("borders", {"within_px": 6}),
        ("centroids", {"within_px": 15}),
    ):
        done = read(contacts={"kind": kind, **more})
        assert done.code == 0
        edges = done.edges
        assert set(zip(edges["source_cell"], edges["target_cell"], strict=True)) == set(
            zip(edges["target_cell"], edges["source_cell"], strict=True)
        )
        pairs[kind] = len(edges)
    assert 0 < pairs["touching"] < pairs["expansion"]
    assert len(read(contacts={"kind": "borders", "within_px": 6, "nearest": 1}).edges) < pairs["borders"]
    assert (
        len(read(contacts={"kind": "centroids", "within_px": None, "nearest": 1}).edges)
        >= len(np.unique(sample.labels)) - 1
    )
    assert read(relationships=False).edges.empty
    assert "within_px" in read(contacts={"kind": "borders", "within_px": None}).lines[0]


def named(*markers):
    return {"name": "p", "source": "made", "markers": [dict(marker) for marker in markers]}


def test_names_of_a_panel_csv(sample, read):
    """steinbock's: rows that are kept, in order, by name or metal; the panel of the config may take some of them."""
    sample.write(imagej=True)
    rows = ["channel,name,keep", "Ir191,DNA,0", "In113,CD8,1", "In115,EPCAM,1", "Pr141,aSMA,1.0", "Ir193,DNA1,1"]
    (sample.folder / "panel.csv").write_text("\n".join(rows))
    panel = named({"marker": "Nuclei", "channel": "Ir193", "use": "dna"}, {"marker": "EPCAM"})
    cells = read(panel=panel).cells
    means = expected_of(sample.labels, sample.pixels)
    np.testing.assert_allclose(cells.X, means[["intensity_mean-3", "intensity_mean-1"]], rtol=1e-6)


def test_a_channel_by_its_number(sample, read):
    sample.write(imagej=True)
    cells = read(panel=named({"marker": "EPCAM", "channel": "2"})).cells
    np.testing.assert_allclose(cells.X[:, 0], expected_of(sample.labels, sample.pixels)["intensity_mean-1"], rtol=1e-6)


def test_a_lacking_marker_follows_the_config(sample, read):
    sample.write(**WAYS["OME"])
    panel = named({"marker": "CD8"}, {"marker": "CD20"})
    done = read(panel=panel, missing_marker="fill")
    assert done.code == 0
    assert done.samples["missing_markers"].tolist() == ["CD20"]
    assert np.isnan(done.cells.X[:, 1]).all()


def test_tissue_by_masks(sample, read):
    sample.write(**WAYS["OME"])
    tumour, vessel = np.zeros(sample.labels.shape, np.uint8), np.zeros(sample.labels.shape, np.uint16)
    tumour[:, :30], vessel[30:45] = 255, 7
    for name, mask in (("tumor", tumour), ("vessel", vessel)):
        tifffile.imwrite(sample.folder / f"{name}.tiff", mask, compression="zlib")
    done = read(regions={"tumor": sample.folder / "tumor.tiff", "vessel": sample.folder / "vessel.tiff"})
    shares = expected_of(sample.labels, np.stack([tumour > 0, vessel > 0]))
    inside = shares[["intensity_mean-0", "intensity_mean-1"]].to_numpy() >= 0.5
    assert done.cells.obs["domain"].tolist() == [
        "tumour" if t else "vessel" if v else "none" for t, v in inside.tolist()
    ]
    assert done.samples["masks"].tolist() == ["tumour;vessel"]
    assert done.samples["n_several_masks"].tolist() == [int(inside.all(axis=1).sum())]
    done = read(regions={"tumor": sample.folder / "tumor.tiff", "vessel": ""})
    assert done.samples["notes"].tolist() == ["no mask of vessel"]
    for names, said in ((("tumor", "tumour"), "one mask of tumour, found several"), (("none",), "found `region_none`")):
        done = read(regions=dict.fromkeys(names, sample.folder / "tumor.tiff"))
        assert (done.code, len(done.lines)) == (2, 1)
        assert said in done.lines[0]


def test_another_pixel_size_in_the_file_is_said(sample, read):
    sample.write(
        ome=True, metadata={"axes": "CYX", "Channel": {"Name": NAMES}, "PhysicalSizeX": 500, "PhysicalSizeXUnit": "nm"}
    )
    assert read().samples["notes"].tolist() == ["the image says 0.5 µm per pixel, the sheet or config 1"]
    assert read(pixel_size_um=0.5).samples["notes"].tolist() == [""]


def _rgb(s):
    s.write(np.zeros((70, 53, 3), np.uint8), photometric="rgb")


def _deep(s):
    s.write(s.pixels, imagej=True, metadata={"axes": "ZYX"})


def _times(s):
    s.write(s.pixels, ome=True, metadata={"axes": "TYX"})


def _several(s):
    with tifffile.TiffWriter(s.folder / "a.tiff") as out:
        out.write(s.pixels, photometric="minisblack")
        out.write(s.pixels[:, :20], photometric="minisblack")


def _cut(s):
    s.write(compression="zlib", **{k: v for k, v in WAYS["OME"].items()})
    file = s.folder / "a.tiff"
    with tifffile.TiffFile(file) as image:
        frame = image.pages[2]
        offset = frame.dataoffsets[0]
    data = bytearray(file.read_bytes())
    data[offset : offset + 40] = b"\0" * 40
    file.write_bytes(data)


def _beyond(s):
    file = s.write(compression="zlib", **WAYS["OME"])
    with tifffile.TiffFile(file) as image:
        at = image.pages[0].tags["StripByteCounts"]
        image.filehandle.close()
    data = bytearray(file.read_bytes())
    data[at.valueoffset : at.valueoffset + 4] = b"\xff\xff\xff\x7f"[: at.valuebytecount]
    file.write_bytes(data)


def _short(s):
    file = s.write(imagej=True)
    file.write_bytes(file.read_bytes()[:-300])


def _text(s):
    (s.folder / "a.tiff").write_text("sample,x,y\n")


def _other_shape(s):
    s.write(s.pixels[:, :-1])


def _twice(s):
    s.write(ome=True, metadata={"axes": "CYX", "Channel": {"Name": ["CD8", "EPCAM", "CD8", "DNA1"]}})


def _three(s):
    s.write(s.pixels[:3], photometric="minisblack")


def _other_names(s):
    s.write(ome=True, metadata={"axes": "CYX", "Channel": {"Name": ["CD8", "EPCAM", "SMA", "DNA1"]}})


def _panel_of_five(s):
    s.write(imagej=True)
    (s.folder / "panel.csv").write_text("channel,name,keep\n" + "".join(f"c{i},n{i},1\n" for i in range(5)))


def _panel_turned(s):
    s.write(**WAYS["OME"])
    (s.folder / "panel.csv").write_text("channel,name\na,EPCAM\nb,CD8\nc,aSMA\nd,DNA1\n")


def _infinite(s):
    pixels = s.pixels.astype(np.float32)
    pixels[1, s.labels == 7] = np.inf
    s.write(pixels, imagej=True)


def _labels(change, **how):
    def write(s):
        s.write()
        tifffile.imwrite(s.folder / "mask.tiff", change(s.labels), **how)

    return write


def _twofold(mask):
    return np.stack([mask, mask])


def _no_mask(s):
    s.write()
    (s.folder / "mask.tiff").unlink()


A, M = "{folder}/a.tiff", "{folder}/mask.tiff"
REFUSED = {
    "RGB": (_rgb, A, "found an RGB picture"),
    "3D": (_deep, A, "found 4 planes in depth"),
    "time": (_times, A, "found 4 time points"),
    "several images": (_several, A, "found 2 images in one file"),
    "a damaged strip": (_cut, A, "expected a whole TIFF"),
    "a strip beyond the end": (_beyond, A, "after the file"),
    "cut off": (_short, A, "expected a"),
    "no TIFF": (_text, A, "expected a TIFF"),
    "another shape": (_other_shape, M, "69 rows and 53 columns, as its image {folder}/a.tiff has, found 70 and 53"),
    "a channel twice": (_twice, A, "expected one channel for `CD8`, found channels 1 and 3"),
    "fewer channels": (_three, A, "neither the image nor a `panel.csv` names them, found 4 markers"),
    "other names": (_other_names, A, "expected those of all 4 markers, found none for aSMA among CD8, EPCAM, SMA"),
    "a panel.csv of more": (_panel_of_five, "{folder}/panel.csv", "expected the 4 channels of {folder}/a.tiff"),
    "a panel.csv in another order": (_panel_turned, "{folder}/panel.csv", "`CD8` as channel 1"),
    "infinite": (_infinite, A, "found a mean of `inf` in cell 7"),
    "half labels": (_labels(lambda m: m + np.float32(0.5) * (m == 3)), M, "found `3.5` in row"),
    "negative labels": (_labels(lambda m: m.astype(np.int32) - 1), M, "found `-1` in row"),
    "labels over 32 bit": (_labels(lambda m: m.astype(np.int64) << 30), M, "a whole number for each cell"),
    "not labelled": (_labels(lambda m: (m % 2).astype(np.uint8) * 255), M, "that are all 255: label them"),
    "true and false": (_labels(lambda m: m > 0), M, "inside and outside only: label its cells"),
    "a stack of masks": (_labels(_twofold, photometric="minisblack"), M, "a mask of one plane, found 2 planes"),
    "an RGB mask": (_labels(lambda m: np.stack([m] * 3, -1).astype(np.uint8), photometric="rgb"), M, "an RGB picture"),
    "no cells": (_labels(lambda m: m * 0), A, "expected at least one cell, found no label above 0 in its mask"),
    "no mask": (_no_mask, M, "expected a file, found none"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line(sample, read, what):
    write, where, said = REFUSED[what]
    write(sample)
    done = read()
    assert done.code == 2
    assert len(done.lines) == 1, done.lines
    assert f"tumint: {where.format(folder=sample.folder)}" in done.lines[0]
    assert said.format(folder=sample.folder) in done.lines[0]
    assert not done.out.exists()


def test_too_large(sample, read, monkeypatch):
    sample.write()
    monkeypatch.setattr("tumint.io.raw.tiff.MOST_PIXELS", 3000)
    assert "expected at most 3,000 pixels in an image: cut it into several samples, found 3,710" in read().lines[0]


def test_few_bytes_that_become_many(sample, read, monkeypatch):
    sample.write(np.zeros((4, 70, 53), np.uint16), compression="zlib")
    monkeypatch.setattr("tumint.io.raw.limits.ALWAYS", 1000)
    monkeypatch.setattr("tumint.io.raw.limits.RATIO", 3)
    assert "once unpacked" in read().lines[0]


def test_the_sheet_names_masks(images, tmp_path, monkeypatch):
    """From a folder to the rows of jobs: files beside the sheet, watched; one that is not there is one line."""
    images.project(tmp_path / "data", subjects=2)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "cohort", "--from", "data"]) == 0
    cohort = preflight.load("cohort/config.yaml")
    files = jobs.raw_files(cohort.sheet, cohort.samples, cohort.config.ingest)
    names = {str((tmp_path / file).resolve().relative_to(tmp_path)) for file in files}
    each = [f"M{i}_ROI1_{arm}.tiff" for i, arm in ((1, "Vehicle"), (2, "Treated"))]
    assert names == {
        "data/panel.csv",
        *(f"data/{of}/{name}" for of in ("img", "masks", "regions/tumour") for name in each),
    }
    rows = json.loads(jobs.rows_json(cohort.sheet, cohort.samples, cohort.config.ingest))
    assert set(rows[0]) == {"sample", "path", "mask", "region_tumour"}

    (tmp_path / "data" / "masks" / each[0]).unlink()
    with pytest.raises(TumintError) as error:
        preflight.load("cohort/config.yaml")
    assert str(error.value).startswith("cohort/samples.tsv (sample M1_ROI1_Vehicle): expected `mask` to be a file")
    sheet = pd.read_csv("cohort/samples.tsv", sep="\t").drop(columns="mask")
    sheet.to_csv("cohort/samples.tsv", sep="\t", index=False)
    with pytest.raises(TumintError, match=r"samples.tsv header: expected a column `mask` of files"):
        preflight.load("cohort/config.yaml")


def started(folder, source):
    """The cohort that init makes of `source`, its cells and edges."""
    assert main(["init", str(folder), "--from", str(source)]) == 0
    cohort = preflight.load(folder / "config.yaml")
    params = stage_params(cohort.config, cohort.panel, "ingest")
    rows = jobs.rows_json(cohort.sheet, cohort.samples, cohort.config.ingest)
    assert main(["ingest", "--params", params, "--rows", rows, "-o", str(folder / "b0001.h5ad")]) == 0
    return cohort, read_anndata(folder / "b0001.h5ad"), read_table(folder / "b0001.edges.parquet", EDGES)


@pytest.mark.parametrize("inside", ["", "img", "masks", "img/M1_ROI1_Vehicle.tiff"])
def test_init_of_a_project(images, tmp_path, inside, capsys):
    images.project(tmp_path / "data", subjects=3)
    shutil.copytree(tmp_path / "data" / "masks", tmp_path / "data" / "masks_other")
    (tmp_path / "data" / "masks" / "M3_ROI1_Vehicle.tiff").unlink()
    cohort, cells, edges = started(tmp_path / "cohort", tmp_path / "data" / inside)
    assert cohort.config.ingest.format == "masks"
    assert [m.marker for m in cohort.panel.markers] == NAMES
    assert cells.obs["sample"].nunique() == (1 if inside.endswith("tiff") else 2)
    assert {"tumour", "none"} == set(cells.obs["domain"])
    assert len(edges) > 100
    said = capsys.readouterr().out
    assert "the cells are those of `masks`; the folder also holds masks_other" in said
    assert "without an image or a mask of the same name, left out: M3_ROI1_Vehicle.tiff" in said


def test_init_of_one_folder(sample, tmp_path):
    sample.write(ome=True, metadata={"axes": "CYX", "Channel": {"Name": NAMES}, "PhysicalSizeX": 0.65})
    (tmp_path / "mask.tiff").rename(tmp_path / "a_cell_mask.tif")
    cohort, cells, _ = started(tmp_path / "cohort", tmp_path)
    assert cohort.config.ingest.pixel_size_um == 0.65
    assert (cohort.samples, list(cells.var_names)) == (["a"], NAMES)


def test_names_that_repeat_or_are_not_there_get_numbers(sample, tmp_path):
    (tmp_path / "mask.tiff").rename(tmp_path / "a_mask.tiff")
    _twice(sample)
    cohort, _, _ = started(tmp_path / "one", tmp_path)
    assert [(m.marker, m.source) for m in cohort.panel.markers][::2] == [("CD8_1", "1"), ("CD8_3", "3")]
    sample.write()
    cohort, cells, _ = started(tmp_path / "two", tmp_path)
    assert list(cells.var_names) == [f"channel_{i}" for i in (1, 2, 3, 4)]


def painted(mask, table, rng):
    """An image, float64, in which the mean of every object and channel is that of a table of steinbock's."""
    image = rng.gamma(1, 1, (table.shape[1], *mask.shape))
    for label, means in table.iterrows():
        inside = mask == label
        image[:, inside] += (means.to_numpy() - image[:, inside].mean(axis=1))[:, None]
    return image


@pytest.fixture
def steinbock(shared_data, tmp_path):
    """The masks and panel of the real steinbock project in a folder; its images, which it lacks, from its own means."""
    real = shared_data / "imc_reader_fixtures" / "steinbock"
    (tmp_path / "project" / "img").mkdir(parents=True)
    shutil.copytree(real / "masks_deepcell", tmp_path / "project" / "masks_deepcell")
    shutil.copyfile(real / "panel.csv", tmp_path / "project" / "panel.csv")
    for file in sorted((real / "masks_deepcell").glob("*.tiff")):
        means = pd.read_csv(real / "intensities_deepcell" / f"{file.stem}.csv").set_index("Object")
        image = painted(tifffile.imread(file), means, np.random.default_rng(0))
        tifffile.imwrite(tmp_path / "project" / "img" / file.name, image, metadata={"axes": "CYX"})
    return real, tmp_path / "project"


def test_the_numbers_of_steinbock(steinbock, tmp_path):
    """`regionprops` and `neighbors` of the real masks; `intensities` of images that were made to have them."""
    real, project = steinbock
    cohort, cells, edges = started(tmp_path / "cohort", project)
    assert (len(cohort.samples), cells.n_obs) == (15, 404)
    for name in cohort.samples:
        mine = cells[cells.obs["sample"] == name]
        means, props, pairs = (
            pd.read_csv(real / f"{kind}_deepcell" / f"{name}.csv")
            for kind in ("intensities", "regionprops", "neighbors")
        )
        assert mine.obs["cell_id"].tolist() == means["Object"].tolist() == props["Object"].tolist()
        np.testing.assert_allclose(mine.X, means[list(mine.var_names)], rtol=1e-6, atol=1e-6)
        assert mine.obs["area_um2"].tolist() == props["area"].tolist()
        np.testing.assert_allclose(mine.obsm["spatial"], props[["centroid-1", "centroid-0"]], rtol=1e-12)
        np.testing.assert_allclose(mine.obs["eccentricity"], props["eccentricity"], rtol=1e-10, atol=1e-7)
        found = edges.loc[edges["sample"] == name, ["source_cell", "target_cell"]].to_numpy().tolist()
        assert found == sorted(pairs[["Object", "Neighbor"]].to_numpy().tolist())


def test_config_of_init_is_commented(images, tmp_path):
    images.project(tmp_path / "data", subjects=2)
    main(["init", str(tmp_path / "cohort"), "--from", str(tmp_path / "data")])
    written = (tmp_path / "cohort" / "config.yaml").read_text()
    assert "`ingest.contacts`" in written
    assert yaml.safe_load(written)["ingest"]["format"] == "masks"
