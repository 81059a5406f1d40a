"""What scoring writes."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import Contract

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
