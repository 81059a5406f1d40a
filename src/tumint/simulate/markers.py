"""What the channels read: levels per type, biology, neighbours, neighbouring masses, gain and counting noise.

The channels are those of `resources/panels/mouse_lung_imc.yaml`; metals and levels are the simulation's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from tumint.simulate import design as d


@dataclass(frozen=True)
class Channel:
    """A channel: marker, name in the raw tables, mass, counts per µm² of a cell at level 1, and of one at level 0."""

    marker: str
    name: str
    mass: int
    bright: float
    background: float


CHANNELS: Final = (
    Channel("CD45", "CD45", 89, 6.0, 0.25),
    Channel("Xe131", "131Xe", 131, 14.0, 0.0),
    Channel("aSMA", "aSMA", 141, 12.0, 0.40),
    Channel("MHCII", "MHCcII", 143, 8.0, 0.30),
    Channel("Vimentin", "Vimentin", 144, 9.0, 0.50),
    Channel("B220", "B220", 145, 6.0, 0.20),
    Channel("CD4", "CD4", 147, 4.5, 0.20),
    Channel("CD68", "CD68", 149, 6.0, 0.25),
    Channel("F480", "F480", 150, 5.0, 0.30),
    Channel("CD206", "CD206", 151, 6.0, 0.25),
    Channel("CD3", "CD3", 152, 5.0, 0.20),
    Channel("CD8", "CD8", 153, 5.0, 0.20),
    Channel("CD103", "CD103", 155, 4.5, 0.20),
    Channel("Foxp3", "Foxp3", 157, 3.5, 0.15),
    Channel("PD1", "PD1", 159, 2.5, 0.15),
    Channel("LY6G", "LY6G", 161, 7.0, 0.20),
    Channel("CD11c", "CD11c", 163, 5.0, 0.25),
    Channel("CXCL9", "CXCL9", 164, 2.5, 0.20),
    Channel("EPCAM", "EPCAM", 165, 8.0, 0.30),
    Channel("PDL1", "PDL1", 166, 2.5, 0.20),
    Channel("PECAM", "PECAM", 167, 7.0, 0.30),
    Channel("Ki67", "Ki67", 168, 4.0, 0.20),
    Channel("PVR", "PVR", 169, 6.0, 0.25),
    Channel("NKp46", "NKp46", 171, 4.0, 0.15),
    Channel("Casp3", "casp3", 172, 3.0, 0.15),
    Channel("DNA1", "DNA1", 191, 18.0, 0.30),
    Channel("DNA2", "DNA2", 193, 30.0, 0.50),
)
MARKERS: Final = tuple(channel.marker for channel in CHANNELS)
_OF_THE_NUCLEUS: Final = ("DNA1", "DNA2")
_REFERENCE: Final = "Xe131"

_T = {"CD45": 1.0, "CD3": 1.0, "Vimentin": 0.15}
_MYELOID = {"CD45": 0.7, "Vimentin": 0.2}
# level of a typical cell; a marker that is not named is at background
LEVELS: Final = {
    d.TUMOUR: {"EPCAM": 0.7, "PVR": 1.0, "PDL1": 0.3, "Ki67": 0.35, "Casp3": 0.15},
    d.EPITHELIUM: {"EPCAM": 1.0, "PVR": 0.08, "MHCII": 0.12, "Ki67": 0.05},
    d.ENDOTHELIUM: {"PECAM": 1.0, "Vimentin": 0.4, "PDL1": 0.15},
    d.FIBROBLASTS: {"aSMA": 1.0, "Vimentin": 1.0},
    d.CD4: {**_T, "CD4": 1.0, "PD1": 0.35, "Ki67": 0.1},
    d.CD8: {**_T, "CD8": 1.0, "PD1": 0.6, "Ki67": 0.2},
    d.TREG: {**_T, "CD4": 0.9, "Foxp3": 1.0, "PD1": 0.5, "Ki67": 0.2},
    d.B: {"CD45": 0.9, "B220": 1.0, "MHCII": 0.7, "Ki67": 0.1},
    d.NK: {"CD45": 0.8, "NKp46": 1.0},
    d.NEUTROPHILS: {"CD45": 0.6, "LY6G": 1.0, "PDL1": 0.2},
    d.MAC1: {**_MYELOID, "CD68": 0.9, "CD11c": 0.8, "PDL1": 0.3, "CXCL9": 0.4},
    d.MAC2: {**_MYELOID, "CD68": 0.7, "F480": 1.0, "CD206": 1.0, "PDL1": 0.5, "CXCL9": 0.15},
    d.CDC1: {"CD45": 0.8, "CD11c": 0.8, "MHCII": 1.0, "CD103": 1.0, "PDL1": 0.5, "CXCL9": 0.6},
    d.DC: {"CD45": 0.8, "CD11c": 0.9, "MHCII": 1.0, "PDL1": 0.3, "CXCL9": 0.2},
}
SATURATED_SHARE: Final = 0.002
_SD_EXPRESSION = 0.48  # log scale, between cells of a type
_SD_STATE = 0.7  # functional markers vary more
_STATE = ("PD1", "PDL1", "CXCL9", "Ki67", "Casp3")
_LATERAL = 0.07  # of a cell's signal lies on each neighbour that it touches


def level_matrix(folds: dict[tuple[str, str], float]) -> np.ndarray:
    """Types × channels: levels, multiplied by `folds` {(type, marker): factor}; DNA and xenon are 1 everywhere."""
    levels = np.array([[LEVELS[t].get(m, 0.0) for m in MARKERS] for t in d.TYPES])
    for (cell_type, marker), fold in folds.items():
        levels[d.index(cell_type), MARKERS.index(marker)] *= fold
    for marker in (*_OF_THE_NUCLEUS, _REFERENCE):
        levels[:, MARKERS.index(marker)] = 1.0
    return levels


def by_kind(*, nuclear: float, reference: float, others: float) -> np.ndarray:
    """A value per channel: of DNA, of xenon, of antibodies, shape `(channels,)`."""
    of_name = {**dict.fromkeys(_OF_THE_NUCLEUS, nuclear), _REFERENCE: reference}
    return np.array([of_name.get(name, others) for name in MARKERS])


def spillover_matrix() -> np.ndarray:
    """Channels × channels, row to column: 1 % to mass ± 1 and 0.7 % to the oxide at mass + 16."""
    mass = np.array([channel.mass for channel in CHANNELS])
    step = mass[None, :] - mass[:, None]
    return np.eye(len(CHANNELS)) + 0.010 * (np.abs(step) == 1) + 0.007 * (step == 16)


def intensities(
    rng: np.random.Generator,
    labels: np.ndarray,
    is_debris: np.ndarray,
    area_um2: np.ndarray,
    touching: np.ndarray,
    levels: np.ndarray,
    gain: np.ndarray,
) -> np.ndarray:
    """Mean counts per µm² (pixel of 1 µm) of every object, objects × channels.

    Parameters
    ----------
    labels
        Type of each object; that of debris is the type it is a remnant of.
    touching
        (m, 2) pairs of objects that touch, both directions.
    levels
        Types × channels, as `level_matrix` gives them.
    gain
        Per channel: of the ROI, its mouse and its batch.
    """
    n = labels.size
    bright = np.array([channel.bright for channel in CHANNELS])
    background = np.array([channel.background for channel in CHANNELS])
    spread = np.array([_SD_STATE if m in _STATE else _SD_EXPRESSION for m in MARKERS])
    spread[[MARKERS.index(m) for m in (*_OF_THE_NUCLEUS, _REFERENCE)]] = 0.2, 0.2, 0.06
    signal = levels[labels] * bright * np.exp(rng.normal(size=(n, len(bright))) * spread - spread**2 / 2)
    nuclear = np.isin(MARKERS, _OF_THE_NUCLEUS)
    # remnants of cells: no nucleus, a thin rest of the membrane; xenon is in the chamber, not in the cell
    rest = np.where(nuclear, 0.06, np.where(np.array(MARKERS) == _REFERENCE, 1.0, 0.35))
    signal = np.where(is_debris[:, None], signal * rest, signal)
    # what lies over the border: the larger a neighbour against the cell, the more of it is counted here
    weight = _LATERAL * np.minimum(np.sqrt(area_um2[touching[:, 1]] / area_um2[touching[:, 0]]), 2.0)
    mixing = csr_array((weight, (touching[:, 0], touching[:, 1])), shape=(n, n))
    spread_here = np.array([m not in (*_OF_THE_NUCLEUS, _REFERENCE) for m in MARKERS])
    signal = signal + (mixing @ signal) * spread_here
    signal = signal + background * rng.gamma(1.5, 1 / 1.5, size=signal.shape)
    hot = (rng.random(n) < SATURATED_SHARE) & ~is_debris
    factor = np.where(hot[:, None] & spread_here, rng.uniform(12.0, 30.0, size=signal.shape), 1.0)
    expected = (signal * factor) @ spillover_matrix() * gain
    return rng.poisson(expected * area_um2[:, None]) / area_um2[:, None]
