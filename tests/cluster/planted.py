"""SIMULATED cells of 15 types as quality control hands them on: the simulator's tissue and measurement, and a rare type.

The fifteenth type is a tissue-resident CD8 T cell (CD3, CD8, CD103), half a percent of all cells.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumint.config import Panel
from tumint.config.panel import Signature
from tumint.simulate import design as d
from tumint.simulate import markers as m
from tumint.simulate.cohort import Settings, make_mice, make_roi

RESIDENT = "Resident CD8 T cells"
SHARE = 0.005
_LEVELS = {**m.LEVELS[d.CD8], "CD103": 1.0}


def panel_of_fifteen(panel: Panel) -> Panel:
    """The panel with a signature of the rare type, which CD8 T cells lack the marker of."""
    signatures = []
    for s in panel.signatures:
        if s.cell_type == d.CD8:
            new = {"cell_type": RESIDENT, "positive": [*s.positive, "CD103"]}
            signatures += [s.model_copy(update={"negative": [*s.negative, "CD103"]}), s.model_copy(update=new)]
        else:
            signatures.append(s)
    assert all(isinstance(s, Signature) for s in signatures)
    return panel.model_copy(update={"signatures": signatures})


def cells_of_fifteen(seed: int, *, subjects: int = 4, rois: int = 3, cells: int = 4000) -> pd.DataFrame:
    """`sample, cell_id, x, y, truth` and raw markers of every cell that is not debris and not saturated."""
    settings = Settings(subjects, rois, cells, seed, effect=True)
    parts = []
    types = np.array([*d.TYPES, RESIDENT], dtype=object)
    extra = np.array([[_LEVELS.get(marker, 0.0) for marker in m.MARKERS]])
    for mouse in make_mice(settings):
        for number in range(rois):
            roi = make_roi(settings, mouse, number)
            rng = np.random.default_rng([seed, 15, mouse.index, number])
            labels = np.where((rng.random(roi.labels.size) < SHARE) & ~roi.is_debris, len(d.TYPES), roi.labels)
            levels = m.level_matrix(d.MARKER_FOLDS if mouse.dose > 0 else {})
            for marker in ("DNA1", "DNA2", "Xe131"):
                extra[0, m.MARKERS.index(marker)] = 1.0
            gain = np.exp(mouse.log_gain + rng.normal(0.0, 0.25))
            raw = m.intensities(
                rng, labels, roi.is_debris, roi.area_um2, roi.touching, np.vstack([levels, extra]), gain
            )
            table = pd.DataFrame(raw, columns=list(m.MARKERS))
            table.insert(0, "sample", roi.sample)
            table.insert(1, "cell_id", np.arange(1, len(table) + 1))
            table.insert(2, "truth", types[labels])
            table["x"], table["y"] = roi.tissue.xy.T
            parts.append(table[~roi.is_debris])
    return pd.concat(parts, ignore_index=True)


def write(table: pd.DataFrame, panel: Panel, path: Path) -> Path:
    """One batch as an h5ad of quality control."""
    import anndata as ad

    from tumint.io.cells import write_cells

    use = {marker.marker: marker.use for marker in panel.markers}
    names = list(dict.fromkeys(table["sample"]))
    obs = pd.DataFrame(
        {
            "sample": pd.Categorical(table["sample"], categories=names),
            "cell_id": table["cell_id"].to_numpy(np.int64),
            "area_um2": 60.0,
            "domain": pd.Categorical(np.full(len(table), "none")),
        },
        index=[str(i) for i in range(len(table))],
    )
    var = pd.DataFrame({"use": list(use.values())}, index=pd.Index(list(use), dtype=object))
    xy = table[["x", "y"]].to_numpy(float)
    cells = ad.AnnData(table[list(use)].to_numpy(np.float32), obs=obs, var=var, obsm={"spatial": xy})
    write_cells(cells, path, meta={})
    return path
