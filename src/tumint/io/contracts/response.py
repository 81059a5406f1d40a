"""What the comparison writes."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import Contract

# response/subjects.parquet: the value of every feature in every subject, as the test saw it. `contrast` is empty, but
# for contrasts of a subset of the samples, whose subjects have values of their own.
SUBJECTS = Contract(
    "subjects",
    {
        "contrast": "str",
        k.SUBJECT: "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.VALUE: "float?",
        k.SE: "float?",
        "n_samples": "int",  # that say something about it
        k.STATUS: "str",  # tested; else why there is no value
    },
    ("contrast", k.SUBJECT, k.FAMILY, k.FEATURE),
    {k.STATUS: k.STATUSES},
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
        "effect": "float?",
        k.SE: "float?",
        "ci_low": "float?",
        "ci_high": "float?",
        "t": "float?",
        "df": "float?",
        "p": "float?",
        "q": "float?",
        "p_mixed": "float?",
        "p_permutation": "float?",
        "p_maxt": "float?",
        "n_subjects_reference": "int",
        "n_subjects_group": "int",
        "n_samples": "int",
        k.STATUS: "str",
        k.REASON: "str",
        "mean_reference": "float?",  # of the subjects' values, weighed as in the test
        "mean_group": "float?",
        "lost": "str",  # subjects and samples of the contrast that say nothing about it, and why; empty: none
    },
    ("contrast", k.FAMILY, k.FEATURE),
    {k.STATUS: k.STATUSES_OF_EFFECTS},
)
# response/effects.parquet: q_all is Benjamini-Hochberg over all families of the contrast together; q_across over
# families, then within (Benjamini & Bogomolov); q_primary over the features that were named before looking alone;
# floor: what spillover explains of a state by contact.
EFFECTS_ALL = Contract(
    "effects",
    {**EFFECTS.columns, "q_all": "float?", "q_across": "float?", "q_primary": "float?", "floor": "float?"},
    EFFECTS.key,
    EFFECTS.allowed,
)
# response/curves.parquet: pairs of types by distance between the groups, with a band that holds over all distances.
CURVES = Contract(
    "curves",
    {
        "contrast": "str",
        "function": "str",  # of neighbourhood/functions.parquet: within, around
        k.SOURCE: "str",
        k.TARGET: "str",
        "r_um": "float",
        "effect": "float",  # log2 of observed over expected, group minus reference
        k.SE: "float",
        "band_low": "float",
        "band_high": "float",
        "p": "float",  # that the curves differ anywhere: max-|t| over the distances
        "smallest_p": "float",  # that so few subjects can reach
    },
    ("contrast", "function", k.SOURCE, k.TARGET, "r_um"),
    {"function": ("within", "around")},
)
# response/abundance.parquet: windows at every place of neighbourhood/surroundings.parquet between the groups.
ABUNDANCE = Contract(
    "abundance",
    {
        "contrast": "str",
        "place": "int",
        k.NICHE: "str",
        "at_sample": "str",
        "at_cell": "int",
        "effect": "float?",  # log ratio of counts, natural log, group over reference
        "f": "float?",
        "df": "float?",
        "p": "float?",
        "q": "float?",  # weighed by how dense windows are at the place
    },
    ("contrast", "place"),
)
# response/mixed.parquet: the mixed model of ROI values; one row per feature that is tested.
MIXED = Contract(
    "mixed",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        "effect": "float?",
        k.SE: "float?",
        "df": "float?",
        "t": "float?",
        "p": "float?",
        "subject_variance": "float?",  # 0: the subjects differ no more than their ROIs
        "residual_variance": "float?",
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
        "detectable": "float?",  # smallest |effect| that a new cohort finds at p < 0.05 with the config's power
        "detectable_alone": "float?",  # the same as the only finding of its family at the config's fdr
        "subjects_needed": "float?",  # per group, for the effect seen; missing: more than 1,000
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# What `tumint power` writes: what a study to come needs, or can see. Of numbers a row; of a pilot a row per feature,
# and two of every family: what is enough for half, and for 80 %, of its features.
STUDY = Contract(
    "study",
    {
        k.FAMILY: "str",
        k.FEATURE: "str",
        "kind": "str",
        "n_rois": "float?",  # ROIs per animal
        "sd_between": "float?",  # between animals; in a paired pilot beside the pairs
        "sd_within": "float?",  # between ROIs of an animal
        "sd": "float?",  # of an animal's mean of so many ROIs
        "sd_low": "float?",  # 95 % interval of it
        "sd_high": "float?",
        "effect": "float?",
        "n_reference": "float?",  # animals, or pairs; missing: more than 100,000
        "n_group": "float?",
        "power": "float?",
        "effect_at_high": "float?",  # the same, were the sd `sd_high`
        "n_reference_at_high": "float?",
        "n_group_at_high": "float?",
        "power_at_high": "float?",
        "alpha": "float",
        "tests": "int",
        "true_share": "float?",  # missing: Bonferroni
        "level": "float",  # of p, that each test is held to
        "pilot_subjects": "float?",  # animals that the sd is from; halves of pairs count each
        "pilot_samples": "float?",
        k.REASON: "str",
    },
    (),  # a row per family, feature, kind and n_rois, which may be missing
    {"kind": ("numbers", "feature", "median", "quantile_80")},
)
# response/influence.parquet: every subject left out once; one row per feature that is tested.
INFLUENCE = Contract(
    "influence",
    {
        "contrast": "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        "effect": "float",
        "effect_low": "float?",
        "effect_high": "float?",
        "sign_kept": "bool",
        "largest_p": "float?",
        k.SUBJECT: "str",  # whose absence moves the effect most
        "effect_without": "float?",
        "p_without": "float?",
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
        "q": "float?",
        "effect_low": "float?",  # smallest and largest effect over the settings
        "effect_high": "float?",
        "sign_kept": "float?",  # share of the settings in which the effect has its sign
        "robustness": "float?",  # and q is below the config's fdr too
        "n_settings": "int",
    },
    ("contrast", k.FAMILY, k.FEATURE),
)
# response/remaining.parquet: what could explain an interaction away; one row per tested interaction.
REMAINING = Contract(
    "remaining",
    {
        "contrast": "str",
        k.FEATURE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "effect": "float",  # as in effects.parquet: difference of log contact odds ratios
        "ci_low": "float?",
        "ci_high": "float?",
        "q": "float?",
        "effect_total": "float?",  # of contacts against the whole image, log2
        "q_total": "float?",
        "effect_contact": "float?",  # the part of it that is contact
        "p_shared": "float?",  # of the rest, which is shared without contact
        "effect_adjusted": "float?",  # at equal shares of both types
        "ci_low_adjusted": "float?",
        "ci_high_adjusted": "float?",
        "p_adjusted": "float?",
        "df_adjusted": "float?",
        "effect_source": "float?",  # of the shares themselves, in logits
        "q_source": "float?",
        "effect_target": "float?",
        "q_target": "float?",
        "verdict": "str",
    },
    ("contrast", k.FEATURE),
    {"verdict": k.VERDICTS_OF_PAIRS},
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
        "effect": "float?",
        k.SE: "float?",
        "ci_low": "float?",
        "ci_high": "float?",
        "t": "float?",
        "df": "float?",
        "p": "float?",
        "q": "float?",
        "p_permutation": "float?",
        "p_maxt": "float?",
        "n_subjects": "int",
        "n_events": "int",  # number: 0
        "n_samples": "int",
        k.STATUS: "str",
        k.REASON: "str",
    },
    ("outcome", k.FAMILY, k.FEATURE),
    {"kind": ("number", "survival"), k.STATUS: k.STATUSES_OF_EFFECTS},
)
# response/prediction.parquet: leave-one-subject-out scores; above 0 a subject looks like the group.
PREDICTION = Contract(
    "prediction",
    {"contrast": "str", k.SUBJECT: "str", "is_group": "bool", "score": "float"},
    ("contrast", k.SUBJECT),
)
