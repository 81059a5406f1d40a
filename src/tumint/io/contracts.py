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
# qc/<batch>.measures.parquet: every metric of every cell that ingest wrote (NaN: not measured), before any limit.
QC_MEASURES = Contract(
    "qc measures",
    {
        **_CELL,
        k.X_UM: "float",
        k.Y_UM: "float",
        k.AREA_UM2: "float",
        "dna": "float",
        "total": "float",
        "excluded": "bool",  # in a region of `qc.exclude_regions`
        "no_intensity": "bool",  # lacks the value of a marker that others of its sample have
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
        "tissue_mm2": "float",
        "density_per_mm2": "float",
        "signal": "float",
        "dna": "float",
        "n_counts": "float",
        "mito_share": "float",
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
        "mean": "float",
        "background": "float",
        "median": "float",
        "q99": "float",
        "zero_share": "float",
        "saturated_share": "float",
    },
    (k.SAMPLE, "marker"),
)
QC_CHANNELS_Z = Contract("qc channels of the cohort", {**QC_CHANNELS.columns, "z": "float"}, QC_CHANNELS.key)
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
)
# qc/rois.parquet: the ROIs of the cohort against each other, and which of them fail `qc.rois`.
QC_ROIS = Contract(
    "qc ROIs",
    {
        **QC_ROI_MEASURES.columns,
        "weak_channels": "float",
        "bright_channels": "float",
        "pc1": "float",
        "pc2": "float",
        "explained1": "float",
        "explained2": "float",
        k.STATUS: "str",  # pass | fail
        k.REASON: "str",
    },
    (k.SAMPLE,),
)
# qc/limits.parquet: limits of the metrics whose MADs are those of the cohort (`per: cohort`); NaN: none.
QC_LIMITS = Contract("qc limits", {"metric": "str", "low": "float", "high": "float"}, ("metric",))
# qc/spillover.parquet: share of a channel that lies on another at most, the median over the samples.
QC_SPILLOVER = Contract(
    "qc spillover", {k.SOURCE: "str", k.TARGET: "str", "share": "float", "n_samples": "int"}, (k.SOURCE, k.TARGET)
)
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
        "agreement": "float",  # share of its cells whose own markers show the same type
        "conflicts": "str",  # markers that contradict the type (or the best signature, where it is unclassified)
    },
    (k.CLUSTER,),
)
# cluster/marker_means.parquet: mean normalised marker by cluster and by cell type (`by`: cluster | cell_type).
MARKER_MEANS = Contract("marker means", {"by": "str", "group": "str", "marker": "str", "mean": "float", k.N: "int"})
# cluster/sweep.parquet: how stable clusters are at each resolution; zero rows where none was asked for.
SWEEP = Contract(
    "sweep",
    {
        "resolution": "float",
        "clusters": "int",
        "stability": "float",  # adjusted Rand index between the whole and four fifths of it, mean over draws
        "sd": "float",
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
        "entropy": "float",
        "lisi": "float",
        "n_batches": "int",
        "silhouette": "float",
        "n_cells": "int",
    },
    ("stage",),
)
# cluster/gates.parquet: where positive cells begin; low and high: means of the two parts (mixture).
GATES = Contract(
    "gates",
    {
        "marker": "str",
        "gate": "float",
        "gating": "str",  # fixed | mixture
        "low": "float",
        "high": "float",
        "separation": "float",  # Ashman's D; below 2 the values do not fall into two parts
    },
    ("marker",),
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
    {**_CELL, "umap_1": "float", "umap_2": "float", k.CLUSTER: "str", k.CELL_TYPE: "str"},
    (k.SAMPLE, k.CELL_ID),
)
# cluster/moran.parquet and cluster/ligand_receptor.parquet, where they were asked for.
MORAN = Contract(
    "moran", {k.SAMPLE: "str", "marker": "str", "I": "float", "p": "float", "q": "float"}, (k.SAMPLE, "marker")
)
LIGAND_RECEPTOR = Contract(
    "ligand receptor",
    {
        k.SOURCE: "str",
        k.TARGET: "str",
        "ligand": "str",
        "receptor": "str",
        "mean": "float",
        "p": "float",
        "q": "float",
    },
    (k.SOURCE, k.TARGET, "ligand", "receptor"),
)
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
# response/subjects.parquet: the value of every feature in every subject, as the test saw it. `contrast` is empty, but
# for contrasts of a subset of the samples, whose subjects have values of their own.
SUBJECTS = Contract(
    "subjects",
    {
        "contrast": "str",
        k.SUBJECT: "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.VALUE: "float",
        k.SE: "float",
        "n_samples": "int",
    },
    ("contrast", k.SUBJECT, k.FAMILY, k.FEATURE),
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
# response/remaining.parquet: what composition and domains leave of interactions; one row per tested interaction.
REMAINING = Contract(
    "remaining",
    {
        "contrast": "str",
        k.FEATURE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "effect": "float",  # as in effects.parquet: within domain where the cohort has domains
        "ci_low": "float",
        "ci_high": "float",
        "q": "float",
        "effect_global": "float",  # over the whole image; missing without domains
        "q_global": "float",
        "p_domain": "float",  # of the difference between the two
        "effect_adjusted": "float",  # at equal shares of both types
        "ci_low_adjusted": "float",
        "ci_high_adjusted": "float",
        "p_adjusted": "float",
        "df_adjusted": "float",
        "effect_source": "float",  # of the shares themselves, in logits
        "q_source": "float",
        "effect_target": "float",
        "q_target": "float",
        "verdict": "str",
    },
    ("contrast", k.FEATURE),
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
