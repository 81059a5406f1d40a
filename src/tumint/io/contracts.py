"""The tables that pass between stages: their columns, kinds and keys.

Kinds: `str` (also categorical), `int`, `float` (also int), `bool`. A table may carry more columns than its contract
names; it may not lack one, hold another kind, or repeat its key.
"""

from __future__ import annotations

from dataclasses import dataclass

from tumint import keys as k


@dataclass(frozen=True)
class Contract:
    """A table: its name, `{column: kind}`, and the columns that identify a row (empty: none do)."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()


_CELL = {k.SAMPLE: "str", k.CELL_ID: "int"}

# ingest/<batch>.samples.parquet: one row per row of the sheet in this batch, also where nothing could be read. Ingest
# also writes `part`, `has_coordinates` (false: dissociated cells), numbers of odd cells (`n_outside`, `n_coincident`,
# `n_id_gaps`, `n_several_masks`), of cells by domain, and `notes`.
SAMPLES = Contract(
    "ingest samples",
    {
        k.SAMPLE: "str",
        k.PATH: "str",
        "sha256": "str",
        "bytes": "int",
        "n_cells": "int",
        "n_edges": "int",
        k.PIXEL_SIZE_UM: "float",
        "missing_markers": "str",  # names joined by ";"
        k.STATUS: "str",  # ok | empty | quarantined
        k.REASON: "str",
    },
    (k.SAMPLE,),
)
# ingest/<batch>.edges.parquet: the source's own neighbours, both ways, no self loops; zero rows where it has none.
EDGES = Contract("edges", {k.SAMPLE: "str", k.SOURCE_CELL: "int", k.TARGET_CELL: "int"})
# qc/<batch>.cells.parquet: a verdict and a reason for every cell that ingest wrote.
QC_CELLS = Contract(
    "qc cells",
    {
        **_CELL,
        k.X_UM: "float",
        k.Y_UM: "float",
        k.AREA_UM2: "float",
        "dna": "float",
        "total": "float",
        k.VERDICT: "str",
        k.REASON: "str",
    },
    (k.SAMPLE, k.CELL_ID),
)
# qc/<batch>.metrics.parquet: one row per sample of the batch.
QC_METRICS = Contract(
    "qc metrics",
    {k.SAMPLE: "str", "n_in": "int", "n_out": "int", k.STATUS: "str", k.REASON: "str"},  # status: pass | fail
    (k.SAMPLE,),
)
# cluster/cells.parquet: sorted by sample (order of the sheet) and cell_id; one row group per sample.
CELLS = Contract(
    "cells",
    {
        **_CELL,
        k.X_UM: "float",
        k.Y_UM: "float",
        k.DOMAIN: "str",
        k.CLUSTER: "str",
        k.CELL_TYPE: "str",
        k.CONFIDENCE: "float",
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
        "score": "float",
        "runner_up": "str",
        "runner_up_score": "float",
    },
    (k.CLUSTER,),
)
# cluster/marker_means.parquet: mean normalised marker by cluster and by cell type (`by`: cluster | cell_type).
MARKER_MEANS = Contract("marker means", {"by": "str", "group": "str", "marker": "str", "mean": "float", k.N: "int"})
# What `tumint score` writes, plus the null it was scored under.
SCORES = Contract(
    "scores",
    {
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "n_source": "int",
        "n_target": "int",
        "observed": "float",
        "expected": "float",
        "sd": "float",
        "z": "float",
        "log2_enrichment": "float",
        k.SE: "float",
        "p": "float",
        "q": "float",
        "p_method": "str",
        k.STATUS: "str",
    },
)
# neighbourhood/**/interactions.parquet; with a guard zone also `n_guarded` (source cells in it) and `log2_unguarded`.
INTERACTIONS = Contract(
    "interactions",
    {"statistic": "str", k.NULL: "str", **SCORES.columns},
    ("statistic", k.NULL, k.SAMPLE, k.SOURCE, k.TARGET),
)
# neighbourhood/**/distances.parquet: nearest target cell of each source cell, in µm.
DISTANCES = Contract(
    "distances",
    {
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        k.N: "int",
        "mean_um": "float",
        "median_um": "float",
        "mean_log": "float",
        "sd_log": "float",
        k.STATUS: "str",
    },
    (k.SAMPLE, k.SOURCE, k.TARGET),
)
# neighbourhood/**/grid.parquet: edges under every setting of the sensitivity grid; zero rows where there is none.
GRID = Contract(
    "grid",
    {
        "setting": "str",  # the graph and the null, such as "knn 6 symmetric, global"
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "observed": "float",
        "expected": "float",
        "sd": "float",
        k.STATUS: "str",
    },
    ("setting", k.SAMPLE, k.SOURCE, k.TARGET),
)
# neighbourhood/features.parquet: the one thing every scoring step hands to the response stage.
FEATURES = Contract(
    "features",
    {
        k.SAMPLE: "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.VALUE: "float",
        k.SE: "float",
        k.WEIGHT: "float",  # ratio families: the expected count E, so that C = 2**value * (E + 1/2) - 1/2
        k.N: "int",
        k.STATUS: "str",
    },
    (k.SAMPLE, k.FAMILY, k.FEATURE),
)
# response/subjects.parquet: the value of every feature in every subject, as the test saw it.
SUBJECTS = Contract(
    "subjects",
    {k.SUBJECT: "str", k.FAMILY: "str", k.FEATURE: "str", k.VALUE: "float", k.SE: "float", "n_samples": "int"},
    (k.SUBJECT, k.FAMILY, k.FEATURE),
)
# What `tumint compare` writes, and the first columns of response/effects.parquet.
EFFECTS = Contract(
    "effects",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "effect": "float",
        k.SE: "float",
        "ci_low": "float",
        "ci_high": "float",
        "t": "float",
        "df": "float",
        "p": "float",
        "q": "float",
        "p_mixed": "float",
        "p_permutation": "float",
        "p_maxt": "float",
        "n_subjects_reference": "int",
        "n_subjects_group": "int",
        "n_samples": "int",
        k.STATUS: "str",
        k.REASON: "str",
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/effects.parquet: q_all is Benjamini-Hochberg over all families of the contrast together.
EFFECTS_ALL = Contract("effects", {**EFFECTS.columns, "q_all": "float"}, EFFECTS.key)
# response/mixed.parquet: the mixed model of ROI values; one row per feature that is tested.
MIXED = Contract(
    "mixed",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        "effect": "float",
        k.SE: "float",
        "df": "float",
        "t": "float",
        "p": "float",
        "subject_variance": "float",  # 0: the subjects differ no more than their ROIs
        "residual_variance": "float",
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/power.parquet: what the cohort could have seen; one row per feature that is tested.
POWER = Contract(
    "power",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        "effect": "float",
        "sd": "float",  # between subjects, moderated
        "detectable": "float",  # smallest |effect| that a new cohort finds at p < 0.05 with the config's power
        "detectable_alone": "float",  # the same as the only finding of its family at the config's fdr
        "subjects_needed": "float",  # per group, for the effect seen; missing: more than 1,000
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/influence.parquet: every subject left out once; one row per feature that is tested.
INFLUENCE = Contract(
    "influence",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        "effect": "float",
        "effect_low": "float",
        "effect_high": "float",
        "sign_kept": "bool",
        "largest_p": "float",
        k.SUBJECT: "str",  # whose absence moves the effect most
        "effect_without": "float",
        "p_without": "float",
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/robustness.parquet: interactions over the sensitivity grid; one row per interaction that is tested.
ROBUSTNESS = Contract(
    "robustness",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "effect": "float",
        "q": "float",
        "effect_low": "float",  # smallest and largest effect over the settings
        "effect_high": "float",
        "sign_kept": "float",  # share of the settings in which the effect has its sign
        "robustness": "float",  # and q is below the config's fdr too
        "n_settings": "int",
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/outcomes.parquet: features against numbers (effect: change of the feature per standard deviation of the
# outcome) and against survival (effect: log hazard ratio per standard deviation of the feature; t: Wald's z).
OUTCOMES = Contract(
    "outcomes",
    {
        "outcome": "str",
        "kind": "str",  # number | survival
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "effect": "float",
        k.SE: "float",
        "ci_low": "float",
        "ci_high": "float",
        "t": "float",
        "df": "float",
        "p": "float",
        "q": "float",
        "p_permutation": "float",
        "p_maxt": "float",
        "n_subjects": "int",
        "n_events": "int",  # number: 0
        "n_samples": "int",
        k.STATUS: "str",
        k.REASON: "str",
    },
    ("outcome", k.FAMILY, k.FEATURE),
)
# response/prediction.parquet: leave-one-subject-out scores; above 0 a subject looks like the group.
PREDICTION = Contract(
    "prediction",
    {"contrast": "str", k.SUBJECT: "str", "is_group": "bool", "score": "float"},
    ("contrast", k.SUBJECT),
)
