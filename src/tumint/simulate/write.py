"""Writes a cohort as users bring it: CellProfiler-style tables, sample sheet, config, panel, and the truth beside them.

Every file is written beside and renamed, the sheet and the config last: a cohort that loads is whole.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tumint import keys as k
from tumint.batches import most_samples
from tumint.errors import DataError, Fault, TumintError
from tumint.io.atomic import is_leftover, replacing, write_text
from tumint.simulate import design as d
from tumint.simulate.artefacts import FEWEST_ROIS, Spoilt
from tumint.simulate.cohort import Mouse, Roi, Settings, make_mice, make_rois
from tumint.simulate.markers import CHANNELS
from tumint.simulate.resources import resource
from tumint.simulate.truth import Tally
from tumint.text import listed

TABLES = "raw"  # folder of the tables, inside the cohort's
PANEL = "panels/mouse_lung_imc.yaml"
_OBJECT = "AllCellsMask"
_MASK_COLUMNS = {
    "structural": "Intensity_MeanIntensity_StructuralImage",
    "interface": "Intensity_MeanIntensity_InterfaceImage",
    "tumour": "Intensity_MeanIntensity_TumourImage",
    "normal": "Intensity_MeanIntensity_NormalImage",
}


def check_settings(settings: Settings) -> None:
    """Raise `TumintError` with every number that cannot be simulated."""
    s = settings
    faults: list[Fault | str] = []
    if s.subjects < 2 or s.subjects % 2:
        faults.append(Fault("--subjects", "an even number of at least 2 (half of them treated)", f"`{s.subjects}`"))
    if s.rois < 1:
        faults.append(Fault("--rois", "a number of at least 1", f"`{s.rois}`"))
    if s.cells < 200:
        faults.append(Fault("--cells", "a number of at least 200", f"`{s.cells}`"))
    if s.artefacts and s.subjects * s.rois < FEWEST_ROIS:
        expected = f"a cohort of at least {FEWEST_ROIS} ROIs, two for stripes and one that fails"
        faults.append(Fault("--artefacts", expected, f"{s.subjects * s.rois}"))
    if s.seed < 0:
        faults.append(Fault("--seed", "a number of at least 0", f"`{s.seed}`"))
    if faults:
        raise TumintError(faults)


def write_cohort(
    folder: Path, settings: Settings, progress: Callable[[int, int], None], *, overwrite: bool = False
) -> pd.DataFrame:
    """Simulate a cohort into `folder`; returns its sample sheet.

    Parameters
    ----------
    folder
        Empty or not there yet, or holding this same cohort, which is then written again.
    overwrite
        Whether files of this cohort's names may be replaced that another cohort or a person wrote.
    progress
        Called with the number of ROIs done and in all.

    Raises
    ------
    TumintError
        A number that cannot be simulated, or a folder that holds something else.
    """
    check_settings(settings)
    panel = resource(PANEL).read_text(encoding="utf-8")
    mice = make_mice(settings)
    tally, cells = Tally(settings), []
    sheet = _sheet(settings, mice)
    texts = {
        "panel.yaml": panel,
        "samples.tsv": sheet.to_csv(sep="\t", index=False, lineterminator="\n"),
        "config.yaml": config_text(folder, settings),
    }
    expected = {*texts, "truth.json", "truth_cells.csv.gz"}
    for mouse in mice:
        for number in range(settings.rois):
            expected |= {f"{TABLES}/{name}" for name in _table_names(mouse.sample(number))}
    _check_folder(folder, expected, texts, overwrite=overwrite)
    write_text(folder / "panel.yaml", texts.pop("panel.yaml"))  # first: by it a killed run is known again
    for done, roi in enumerate(make_rois(settings, mice), start=1):
        cells_name, edges_name = _table_names(roi.sample)
        _write_csv(cells_table(roi), folder / TABLES / cells_name)
        _write_csv(relationships_table(roi), folder / TABLES / edges_name)
        tally.add(roi)
        cells.append(_truth_cells(roi))
        progress(done, settings.subjects * settings.rois)
    write_text(folder / "truth.json", json.dumps(tally.document(), indent=2, ensure_ascii=False) + "\n")
    _write_gzip(pd.concat(cells, ignore_index=True), folder / "truth_cells.csv.gz")
    for name, text in texts.items():
        write_text(folder / name, text)
    return sheet


def _sheet(settings: Settings, mice: list[Mouse]) -> pd.DataFrame:
    """The sample sheet, in the order of `make_rois`."""
    return pd.DataFrame(
        {
            k.SAMPLE: mouse.sample(number),
            k.SUBJECT: mouse.subject,
            k.PATH: f"{TABLES}/{_table_names(mouse.sample(number))[0]}",
            "arm": mouse.arm,
            "response": mouse.response,
            "batch": mouse.batch,
        }
        for mouse in mice
        for number in range(settings.rois)
    )


def _table_names(sample: str) -> tuple[str, str]:
    name = f"{_OBJECT}_{sample}.csv"
    return name, f"Object relationships_{name}"


def _check_folder(folder: Path, expected: set[str], texts: dict[str, str], *, overwrite: bool) -> None:
    """Raise where the folder holds a file that this cohort would not write, or has it otherwise: a person's, or edited.

    The sheet, the config and the panel, which is written first, tell whose cohort it is, by their `texts`.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(Fault(str(folder), "a folder", "a file"))
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())
    # a killed run may leave files under a temporary name
    others = [name for name in found if name not in expected and not is_leftover(name.rsplit("/", 1)[-1])]
    if others:
        raise DataError(
            Fault(str(folder), "an empty folder or this same cohort", listed((f"`{name}`" for name in others), 1))
        )
    there = [name for name in texts if name in found]
    edited = [name for name in there if (folder / name).read_bytes() != texts[name].encode()]
    if not there:
        edited = [name for name in found if name in expected]
    if edited and not overwrite:
        expected_text = "an empty folder, this same cohort as it was written, or --overwrite"
        raise DataError(Fault(str(folder), expected_text, f"`{edited[0]}`, which another cohort or a person wrote"))


def cells_table(roi: Roi) -> pd.DataFrame:
    """The cells of a ROI, one row per object, as CellProfiler exports them."""
    n = roi.labels.size
    area = roi.area_um2
    minor_by_major = np.sqrt(1.0 - roi.eccentricity**2)
    major = 2.0 * np.sqrt(area / (np.pi * minor_by_major))
    minor = major * minor_by_major
    # Ramanujan's circumference of the ellipse
    h = ((major - minor) / (major + minor)) ** 2
    perimeter = np.pi * (major + minor) / 2 * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))
    columns: dict[str, np.ndarray] = {
        "ImageNumber": np.ones(n, dtype=np.int64),
        "ObjectNumber": np.arange(1, n + 1),
        "AreaShape_Area": area.astype(np.int64),
        "AreaShape_Eccentricity": roi.eccentricity.round(4),
        "AreaShape_EquivalentDiameter": (2.0 * np.sqrt(area / np.pi)).round(3),
        "AreaShape_MajorAxisLength": major.round(3),
        "AreaShape_MinorAxisLength": minor.round(3),
        "AreaShape_Perimeter": perimeter.round(3),
        **({} if roi.spoilt is None else {"AreaShape_Solidity": roi.spoilt.solidity.round(4)}),
    }
    for c, channel in enumerate(CHANNELS):
        columns[f"Intensity_MeanIntensity_{channel.name}_c1"] = roi.intensities[:, c].round(4)
    for name in ("tumour", "normal", "interface", "structural"):
        columns[_MASK_COLUMNS[name]] = roi.tissue.masks[:, k.DOMAINS.index(name)].round(4)
    columns["Location_Center_X"] = roi.tissue.xy[:, 0].round(3)
    columns["Location_Center_Y"] = roi.tissue.xy[:, 1].round(3)
    columns["Number_Object_Number"] = np.arange(1, n + 1)
    return pd.DataFrame(columns)


def relationships_table(roi: Roi) -> pd.DataFrame:
    """The neighbours of a ROI, one row per pair and direction, as CellProfiler exports them."""
    first, second = roi.touching.T + 1
    one = np.ones(first.size, dtype=np.int64)
    return pd.DataFrame(
        {
            "Module": "MeasureObjectNeighbors",
            "Module Number": 6 * one,
            "Relationship": "Neighbors",
            "First Object Name": _OBJECT,
            "First Image Number": one,
            "First Object Number": first,
            "Second Object Name": _OBJECT,
            "Second Image Number": one,
            "Second Object Number": second,
        }
    )


def _truth_cells(roi: Roi) -> pd.DataFrame:
    return pd.DataFrame(
        {
            k.SAMPLE: roi.sample,
            k.CELL_ID: np.arange(1, roi.labels.size + 1),
            k.CELL_TYPE: np.array(d.TYPES, dtype=object)[roi.labels],
            k.DOMAIN: np.array(k.DOMAINS, dtype=object)[roi.tissue.domain],
            "is_debris": roi.is_debris.astype(int),
            **({} if roi.spoilt is None else _truth_artefacts(roi.spoilt)),
        }
    )


def _truth_artefacts(spoilt: Spoilt) -> dict[str, np.ndarray]:
    return {
        "is_doublet": spoilt.is_doublet.astype(int),
        "in_stripe": spoilt.in_stripe.round(4),
        "in_failed_roi": np.full(spoilt.is_doublet.size, int(spoilt.failed)),
    }


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _write_gzip(table: pd.DataFrame, path: Path) -> None:
    """A gzip file without name and time, so that its bytes depend on the table alone."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as stream:
        stream.write(table.to_csv(index=False, lineterminator="\n").encode())
    with replacing(path) as temporary:
        temporary.write_bytes(packed.getvalue())


def config_text(folder: Path, settings: Settings) -> str:
    """The `config.yaml` of the cohort; paths as the user gave the folder."""
    s = settings
    planted = "interactions and compositions differ" if s.effect else "nothing differs"
    config = {
        "cohort": "simulated_lung",
        "title": f"SIMULATED mouse lung tumours: {s.subjects} mice, vehicle against treated",
        "source": (
            f"Simulated by `tumint simulate` (seed {s.seed}): between the arms {planted}; see truth.json. "
            "No animal was measured."
        ),
        "simulated": True,
        "samples": (folder / "samples.tsv").as_posix(),
        "panel": (folder / "panel.yaml").as_posix(),
        "seed": s.seed,
        "samples_per_job": most_samples(s.subjects * s.rois, least=6),
        "ingest": {"format": "cellprofiler", "pixel_size_um": 1.0},
        "qc": {
            "area_um2": {"min": 20.0, "max": 400.0},
            "dna": {"mad_below": 5.0},
            "total": {"mad_above": 5.0},
            "min_cells": 50,
            **({"doublet_score": {"max": 0.85}, "rois": {"weak_channels": {"max": 0.5}}} if s.artefacts else {}),
        },
        "cluster": {"typing": "signatures", "normalise": {"method": "reference"}},
        "response": {
            "contrasts": [{"name": "treated_vs_vehicle", "column": "arm", "reference": d.VEHICLE, "group": d.TREATED}]
        },
    }
    return "# SIMULATED data. Written by `tumint simulate`; what was planted is in truth.json.\n" + yaml.safe_dump(
        config, sort_keys=False, allow_unicode=True, width=120
    )
