"""What is planted: cell types, their share of each domain, and what differs between the arms.

Numbers only; the tissue, the labels and the markers are made from them elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tumint import keys as k

VEHICLE: Final = "vehicle"
TREATED: Final = "treated"
ARMS: Final = (VEHICLE, TREATED)

TUMOUR: Final = "Tumour cells"
EPITHELIUM: Final = "Epithelium"
ENDOTHELIUM: Final = "Endothelium"
FIBROBLASTS: Final = "Fibroblasts"
CD4: Final = "CD4 T cells"
CD8: Final = "CD8 T cells"
TREG: Final = "Regulatory T cells"
B: Final = "B cells"
NK: Final = "NK cells"
NEUTROPHILS: Final = "Neutrophils"
MAC1: Final = "Macrophages type 1"
MAC2: Final = "Macrophages type 2"
CDC1: Final = "Dendritic cells CD103"
DC: Final = "Dendritic cells other"

# per type: weight in each domain (structural, interface, tumour, normal: the order of keys.DOMAINS), median area in µm²
_TYPES: Final = {
    TUMOUR: ((1.0, 24.0, 56.0, 1.0), 100.0),
    EPITHELIUM: ((10.0, 5.0, 0.8, 34.0), 88.0),
    ENDOTHELIUM: ((7.0, 5.0, 1.8, 22.0), 66.0),
    FIBROBLASTS: ((34.0, 9.0, 4.0, 5.0), 80.0),
    CD4: ((6.0, 7.0, 4.0, 4.5), 50.0),
    CD8: ((4.0, 8.0, 6.0, 4.0), 50.0),
    TREG: ((1.5, 4.0, 3.5, 1.5), 50.0),
    B: ((8.0, 3.0, 1.5, 2.5), 48.0),
    NK: ((1.5, 1.5, 1.2, 2.0), 52.0),
    NEUTROPHILS: ((1.5, 2.0, 0.9, 9.0), 52.0),
    MAC1: ((1.5, 3.0, 0.6, 16.0), 105.0),
    MAC2: ((3.0, 11.0, 7.5, 3.0), 100.0),
    CDC1: ((1.2, 2.0, 1.6, 1.0), 82.0),
    DC: ((4.0, 4.5, 2.5, 3.5), 80.0),
}
TYPES: Final = tuple(_TYPES)
WEIGHTS: Final = np.array([weights for weights, _ in _TYPES.values()]).T  # domains × types
MEDIAN_AREA_UM2: Final = np.array([area for _, area in _TYPES.values()])

# mean share of the area of a ROI, in the order of keys.DOMAINS: tumours of treated mice are smaller
DOMAIN_SHARES: Final = {VEHICLE: (0.12, 0.18, 0.52, 0.18), TREATED: (0.12, 0.18, 0.28, 0.42)}

# treated against vehicle, on the log scale of the weights above
COMPOSITION_SHIFTS: Final = {CD8: 0.45, TREG: -0.45}
# treated against vehicle, factor on the marker's level in that type
MARKER_FOLDS: Final = {(TUMOUR, "Casp3"): 2.0, (TUMOUR, "Ki67"): 0.6, (CDC1, "CXCL9"): 1.8}


@dataclass(frozen=True)
class Interaction:
    """A pair of types and its β (log odds per shared edge) in each arm: > 0 attracts, < 0 keeps apart."""

    source: str
    target: str
    vehicle: float
    treated: float


PLANTED: Final = (
    Interaction(TREG, CD8, 0.8, 0.0),
    Interaction(CD8, TUMOUR, -0.32, 0.32),
    Interaction(CDC1, CD8, 0.0, 1.1),
    Interaction(MAC2, CD8, 0.6, 0.0),
)
# the same in both arms, so that real attraction alone is no difference
BASELINE: Final = (
    Interaction(B, CD4, 0.9, 0.9),
    Interaction(B, B, 0.6, 0.6),
    Interaction(DC, CD4, 0.6, 0.6),
    Interaction(FIBROBLASTS, MAC2, 0.4, 0.4),
)
# no β in either arm, and neither type is part of an interaction above: they only share domains whose extent differs
DECOYS: Final = (
    Interaction(EPITHELIUM, ENDOTHELIUM, 0.0, 0.0),
    Interaction(EPITHELIUM, MAC1, 0.0, 0.0),
    Interaction(ENDOTHELIUM, MAC1, 0.0, 0.0),
    Interaction(NEUTROPHILS, EPITHELIUM, 0.0, 0.0),
)

# standard deviations of what varies between mice and between ROIs of a mouse
SD_COMPOSITION_SUBJECT: Final = 0.15
SD_COMPOSITION_ROI: Final = 0.12
SD_BETA_SUBJECT: Final = 0.08
SD_EFFECT_SUBJECT: Final = 0.10  # of the factor by which a treated mouse shows the planted differences
SD_DOMAINS_SUBJECT: Final = 0.10
SD_DOMAINS_ROI: Final = 0.15

assert len(k.DOMAINS) == WEIGHTS.shape[0]


def index(cell_type: str) -> int:
    """Code of a cell type."""
    return TYPES.index(cell_type)


def beta_matrix(dose: float) -> np.ndarray:
    """Symmetric types × types β of a mouse; `dose` 0 is the vehicle arm, 1 the treated arm."""
    beta = np.zeros((len(TYPES), len(TYPES)))
    for pair in (*PLANTED, *BASELINE):
        value = pair.vehicle + dose * (pair.treated - pair.vehicle)
        beta[index(pair.source), index(pair.target)] = beta[index(pair.target), index(pair.source)] = value
    return beta
