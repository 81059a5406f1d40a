"""The tables that pass between stages: their columns, kinds and keys.

Kinds: `str` (also categorical), `int`, `float` (also int), `bool`; with a `?` where a value may be missing. A table may
carry more columns than its contract names; it may not lack one, hold another kind, miss a value or hold one that is not
allowed, or repeat its key. `empty` and `joined` make tables of a contract from none and from parts.
"""

from tumint.io.contracts.base import Contract, empty, joined
from tumint.io.contracts.cluster import (
    CELLS,
    CLUSTERS,
    CONFUSION,
    GATES,
    LIGAND_RECEPTOR,
    MARKER_MEANS,
    MIXING,
    MORAN,
    RIDGES,
    STATES,
    SWEEP,
    UMAP,
)
from tumint.io.contracts.ingest import (
    EDGES,
    SAMPLES,
)
from tumint.io.contracts.neighbourhood import (
    DISTANCES,
    FEATURES,
    FUNCTIONS,
    GRID,
    INTERACTIONS,
    NULLS,
    SCALE,
    SCORES,
)
from tumint.io.contracts.qc import (
    QC_CELLS,
    QC_CHANNELS,
    QC_CHANNELS_Z,
    QC_LIMITS,
    QC_MEASURES,
    QC_METRICS,
    QC_ROI_MEASURES,
    QC_ROIS,
    QC_SPILLOVER,
    QC_STRIPES,
)
from tumint.io.contracts.response import (
    EFFECTS,
    EFFECTS_ALL,
    INFLUENCE,
    MIXED,
    OUTCOMES,
    POWER,
    PREDICTION,
    REMAINING,
    ROBUSTNESS,
    SUBJECTS,
)

__all__ = [
    "CELLS",
    "CLUSTERS",
    "CONFUSION",
    "DISTANCES",
    "EDGES",
    "EFFECTS",
    "EFFECTS_ALL",
    "FEATURES",
    "FUNCTIONS",
    "GATES",
    "GRID",
    "INFLUENCE",
    "INTERACTIONS",
    "LIGAND_RECEPTOR",
    "MARKER_MEANS",
    "MIXED",
    "MIXING",
    "MORAN",
    "NULLS",
    "OUTCOMES",
    "POWER",
    "PREDICTION",
    "QC_CELLS",
    "QC_CHANNELS",
    "QC_CHANNELS_Z",
    "QC_LIMITS",
    "QC_MEASURES",
    "QC_METRICS",
    "QC_ROIS",
    "QC_ROI_MEASURES",
    "QC_SPILLOVER",
    "QC_STRIPES",
    "REMAINING",
    "RIDGES",
    "ROBUSTNESS",
    "SAMPLES",
    "SCALE",
    "SCORES",
    "STATES",
    "SUBJECTS",
    "SWEEP",
    "UMAP",
    "Contract",
    "empty",
    "joined",
]
