"""What quality control writes."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import CELL, Contract

# qc/<batch>.measures.parquet: every metric of every cell that ingest wrote (NaN: not measured), before any limit.
QC_MEASURES = Contract(
    "qc measures",
    {
        **CELL,
        k.X_UM: "float?",
        k.Y_UM: "float?",
        k.AREA_UM2: "float?",
        "dna": "float?",
        "total": "float?",
        "excluded": "bool",  # in a region of `qc.exclude_regions`
        "no_intensity": "bool",  # lacks the value of a marker that others of its sample have
        "no_place": "bool",  # lacks coordinates that others of its sample have
    },
    (k.SAMPLE, k.CELL_ID),
)
# qc/<batch>.rois.parquet: one row per sample of the batch, measured on its own.
QC_ROI_MEASURES = Contract(
    "qc ROI measures",
    {
        k.SAMPLE: "str",
        "n_cells": "int",
        "n_excluded": "int",
        "tissue_mm2": "float?",
        "density_per_mm2": "float?",
        "signal": "float?",
        "dna": "float?",
        "n_counts": "float?",
        "mito_share": "float?",
    },
    (k.SAMPLE,),
)
# qc/<batch>.channels.parquet and qc/channels.parquet: level of each channel in each sample; the latter with robust z.
QC_CHANNELS = Contract(
    "qc channels",
    {
        k.SAMPLE: "str",
        "marker": "str",
        k.USE: "str",
        "mean": "float?",
        "background": "float?",
        "median": "float?",
        "q99": "float?",
        "zero_share": "float?",
        "saturated_share": "float?",
    },
    (k.SAMPLE, "marker"),
    {k.USE: k.USES},
)
QC_CHANNELS_Z = Contract(
    "qc channels of the cohort", {**QC_CHANNELS.columns, "z": "float?"}, QC_CHANNELS.key, QC_CHANNELS.allowed
)
# qc/<batch>.stripes.parquet and qc/stripes.parquet: strips in which the signal drops; zero rows where there is none.
QC_STRIPES = Contract(
    "qc stripes",
    {
        k.SAMPLE: "str",
        "axis": "str",  # x | y
        "start_um": "float",
        "end_um": "float",
        "depth": "float",  # share of the signal of the flanks that is lost
        "z": "float",
        "n_cells": "int",
        "channels_lower": "float",
    },
    (k.SAMPLE, "axis", "start_um"),
    {"axis": ("x", "y")},
)
# qc/rois.parquet: the ROIs of the cohort against each other, and which of them fail `qc.rois`.
QC_ROIS = Contract(
    "qc ROIs",
    {
        **QC_ROI_MEASURES.columns,
        "weak_channels": "float?",
        "bright_channels": "float?",
        "pc1": "float?",
        "pc2": "float?",
        "explained1": "float?",
        "explained2": "float?",
        k.STATUS: "str",  # pass | fail
        k.REASON: "str",
    },
    (k.SAMPLE,),
    {k.STATUS: (k.PASS, k.FAIL)},
)
# qc/limits.parquet: limits of the metrics whose MADs are those of the cohort (`per: cohort`); NaN: none.
QC_LIMITS = Contract("qc limits", {"metric": "str", "low": "float?", "high": "float?"}, ("metric",))
# qc/spillover.parquet: share of a channel that lies on another at most, the median over the samples.
QC_SPILLOVER = Contract(
    "qc spillover", {k.SOURCE: "str", k.TARGET: "str", "share": "float", "n_samples": "int"}, (k.SOURCE, k.TARGET)
)
# qc/<batch>.cells.parquet: a verdict and a reason for every cell that ingest wrote.
QC_CELLS = Contract(
    "qc cells",
    {
        **CELL,
        k.X_UM: "float?",
        k.Y_UM: "float?",
        k.AREA_UM2: "float?",
        "dna": "float?",
        "total": "float?",
        k.VERDICT: "str",
        k.REASON: "str",
    },
    (k.SAMPLE, k.CELL_ID),
    {k.VERDICT: (k.PASS, k.DROP)},
)
# qc/<batch>.metrics.parquet: one row per sample of the batch.
QC_METRICS = Contract(
    "qc metrics",
    {k.SAMPLE: "str", "n_in": "int", "n_out": "int", k.STATUS: "str", k.REASON: "str"},  # status: pass | fail
    (k.SAMPLE,),
    {k.STATUS: (k.PASS, k.FAIL)},
)
