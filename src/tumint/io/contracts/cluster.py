"""What clustering and typing write."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import CELL, Contract

# cluster/cells.parquet: sorted by sample (order of the sheet) and cell_id; one row group per sample. Also
# `area_um2`, `marker_<name>` (normalised) and, where a part of the cells was clustered (`cluster.sketch`),
# `cluster_confidence` (float32): share of the votes for the cluster that a cell joined, 1 if it was clustered.
CELLS = Contract(
    "cells",
    {
        **CELL,
        k.X_UM: "float?",
        k.Y_UM: "float?",
        k.DOMAIN: "str",
        k.CLUSTER: "str",
        k.CELL_TYPE: "str",
        k.CONFIDENCE: "float?",
    },
    (k.SAMPLE, k.CELL_ID),
)
# cluster/clusters.parquet: one row per cluster.
CLUSTERS = Contract(
    "clusters",
    {
        k.CLUSTER: "str",
        k.N: "int",
        k.CELL_TYPE: "str",
        "score": "float?",
        "runner_up": "str",
        "runner_up_score": "float?",
        "agreement": "float?",  # share of its cells whose own markers show the same type
        "conflicts": "str",  # markers that contradict the type (or the best signature, where it is unclassified)
    },
    (k.CLUSTER,),
)
# cluster/marker_means.parquet: mean normalised marker by cluster and by cell type (`by`: cluster | cell_type).
MARKER_MEANS = Contract(
    "marker means",
    {"by": "str", "group": "str", "marker": "str", "mean": "float?", k.N: "int"},
    allowed={"by": (k.CLUSTER, k.CELL_TYPE)},
)
# cluster/sweep.parquet: how stable clusters are at each resolution; zero rows where none was asked for.
SWEEP = Contract(
    "sweep",
    {
        "resolution": "float",
        "clusters": "int",
        "stability": "float?",  # adjusted Rand index between the whole and four fifths of it, mean over draws
        "sd": "float?",
        "recommended": "bool",
        "why": "str",
    },
    ("resolution",),
)
# cluster/mixing.parquet: how well batches mix and types keep apart, before and after integration.
MIXING = Contract(
    "mixing",
    {
        "stage": "str",  # before | after; only `before` where nothing was integrated
        "entropy": "float?",
        "lisi": "float?",
        "n_batches": "int",
        "silhouette": "float?",
        "n_cells": "int",
    },
    ("stage",),
    {"stage": ("before", "after")},
)
# cluster/gates.parquet: where positive cells begin; low and high: means of the two parts (mixture).
GATES = Contract(
    "gates",
    {
        "marker": "str",
        "gate": "float?",
        "gating": "str",  # fixed | mixture
        "low": "float?",
        "high": "float?",
        "separation": "float?",  # Ashman's D; below 2 the values do not fall into two parts
    },
    ("marker",),
    {"gating": ("fixed", "mixture")},
)
# cluster/states.parquet: positive cells of each type in each sample, by marker.
STATES = Contract(
    "states",
    {k.SAMPLE: "str", k.CELL_TYPE: "str", "marker": "str", k.N: "int", "positive": "int"},
    (k.SAMPLE, k.CELL_TYPE, "marker"),
)
# cluster/ridges.parquet: density of each marker in each type, for the eye.
RIDGES = Contract(
    "ridges",
    {"marker": "str", k.CELL_TYPE: "str", "x": "float", "density": "float"},
    ("marker", k.CELL_TYPE, "x"),
)
# cluster/confusion.parquet: cells by the types that two ways of typing give them; zero rows where there is one way.
CONFUSION = Contract(
    "confusion",
    {"method": "str", "type": "str", "other_method": "str", "other_type": "str", k.N: "int"},
    ("method", "type", "other_method", "other_type"),
)
# cluster/umap.parquet: of a part of the cells.
UMAP = Contract(
    "umap",
    {**CELL, "umap_1": "float", "umap_2": "float", k.CLUSTER: "str", k.CELL_TYPE: "str"},
    (k.SAMPLE, k.CELL_ID),
)
# cluster/moran.parquet and cluster/ligand_receptor.parquet, where they were asked for.
MORAN = Contract(
    "moran", {k.SAMPLE: "str", "marker": "str", "I": "float?", "p": "float?", "q": "float?"}, (k.SAMPLE, "marker")
)
LIGAND_RECEPTOR = Contract(
    "ligand receptor",
    {
        k.SOURCE: "str",
        k.TARGET: "str",
        "ligand": "str",
        "receptor": "str",
        "mean": "float?",
        "p": "float?",
        "q": "float?",
    },
    (k.SOURCE, k.TARGET, "ligand", "receptor"),
)
