"""How metrics of cells are called on axes and in tables of the report."""

from __future__ import annotations

from typing import Final

from tumint import keys as k

METRICS: Final = {
    k.AREA_UM2: "area (µm²)",
    "dna": "DNA (mean of its channels)",
    "total": "total signal",
    k.ECCENTRICITY: "eccentricity",
    k.SOLIDITY: "solidity",
    "local_density": "local density (cells per mm²)",
    "border_um": "gap to the edge of the image (µm)",
    "zero_share": "share of channels at 0",
    "saturated_share": "share of channels saturated",
    "doublet_score": "doublet score",
    "n_genes": "genes",
    "n_counts": "counts",
    "mito_share": "mitochondrial share",
}
BASIC: Final = (k.AREA_UM2, "dna", "total", "n_genes", "n_counts", "mito_share")
SHARES: Final = {k.ECCENTRICITY, k.SOLIDITY, "zero_share", "saturated_share", "doublet_score", "mito_share"}  # 0 to 1
