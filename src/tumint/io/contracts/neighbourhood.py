"""What scoring writes."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import CELL, Contract

# What `tumint score` writes, plus the null it was scored under.
SCORES = Contract(
    "scores",
    {
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "n_source": "int",
        "n_target": "int",
        "observed": "float?",
        "expected": "float?",
        "sd": "float?",
        "z": "float?",
        "log2_enrichment": "float?",
        k.SE: "float?",
        "p": "float?",
        "q": "float?",
        "p_method": "str",
        k.STATUS: "str",
        "log_odds": "float?",  # contact odds ratio, natural log, this pair of types by itself
        "log_odds_se": "float?",
        "information": "float?",  # adds up over samples; 0: nothing can vary
        "direct_log_odds": "float?",  # the same of all pairs of types in one fit
        "direct_se": "float?",
        "direct_information": "float?",
        "expected_global": "float?",  # labels permuted over the image
        "log2_domain": "float?",  # parts of log2((observed + ½) / (expected_global + ½)): shared domain,
        "log2_region": "float?",  # shared region,
        "log2_contact": "float?",  # and what is left; 0 where a part does not apply
    },
    allowed={k.STATUS: k.STATUSES},
)
# neighbourhood/**/interactions.parquet; with a guard zone also `n_guarded` (source cells in it) and `log2_unguarded`.
INTERACTIONS = Contract(
    "interactions",
    {
        "statistic": "str",
        k.NULL: "str",
        **SCORES.columns,
        "chi": "float?",  # of two types against each with itself, from the fit of all pairs
        "chi_se": "float?",
        "chi_information": "float?",
        "moved": "float?",  # `allocation`: share of the target cells moved beside a source cell, or (negative) away
    },
    ("statistic", k.NULL, k.SAMPLE, k.SOURCE, k.TARGET),
    {k.NULL: k.NULLS, **SCORES.allowed},
)
# neighbourhood/**/nulls.parquet: within what labels are permuted.
NULLS = Contract(
    "nulls",
    {
        k.SAMPLE: "str",
        k.NULL: "str",
        "n_strata": "int",
        "cells_per_stratum": "float",  # of the median cell
        "pinned": "float",  # share of cells whose stratum holds one type alone
    },
    (k.SAMPLE, k.NULL),
    {k.NULL: k.NULLS},
)
# neighbourhood/**/scale.parquet: contact of every pair of types in a subject, labels exchanged at ever shorter reaches.
SCALE = Contract(
    "scale",
    {
        k.SUBJECT: "str",
        "reach_um": "float",  # 0: the whole domain
        k.SOURCE: "str",
        k.TARGET: "str",
        "log_odds": "float?",  # contact odds ratio of the pair by itself, natural log
        "log_odds_se": "float?",
        "information": "float",
        "observed": "float",  # edges that can vary, over all ROIs
        "expected": "float",
    },
    (k.SUBJECT, "reach_um", k.SOURCE, k.TARGET),
)
# neighbourhood/**/functions.parquet: pairs of cells by their distance, seen and under labels permuted within domains.
FUNCTIONS = Contract(
    "functions",
    {
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "r_um": "float",
        "k_um2": "float",  # Ripley's K, translation-corrected
        "g": "float",  # pair correlation
        "within": "float",  # pairs at most so far apart, weighed by the correction; mean and sd by chance
        "within_expected": "float",
        "within_sd": "float",
        "around": "float",  # pairs about so far apart, weighed by the kernel too
        "around_expected": "float",
        "around_sd": "float",
    },
    (k.SAMPLE, k.SOURCE, k.TARGET, "r_um"),
)
# neighbourhood/**/distances.parquet: nearest target cell of each source cell, in µm.
DISTANCES = Contract(
    "distances",
    {
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        k.N: "int",
        "mean_um": "float?",
        "p10_um": "float?",  # a tenth of the source cells is nearer
        "p25_um": "float?",
        "median_um": "float?",
        "p75_um": "float?",
        "p90_um": "float?",
        "mean_log": "float?",
        "sd_log": "float?",
        "n_index": "int",  # source cells with cells of other types in their stratum of the primary null
        "index": "float?",  # chance that such a cell is nearer to the target than a source cell is; ½: as by chance
        "index_se": "float?",
        k.STATUS: "str",
    },
    (k.SAMPLE, k.SOURCE, k.TARGET),
    {k.STATUS: k.STATUSES},
)
# neighbourhood/**/grid.parquet: edges under every setting of the sensitivity grid; zero rows where there is none.
GRID = Contract(
    "grid",
    {
        "setting": "str",  # the graph and the null, such as "knn 6 symmetric, global"
        k.SAMPLE: "str",
        k.SOURCE: "str",
        k.TARGET: "str",
        "observed": "float?",
        "expected": "float?",
        "sd": "float?",
        k.STATUS: "str",
    },
    ("setting", k.SAMPLE, k.SOURCE, k.TARGET),
    {k.STATUS: k.STATUSES},
)
# neighbourhood/niches.parquet: which clusters of windows are which niche; with `neighbourhood.niches.numbers` also
# columns `of_<number>`, the community that a cluster is in where there are so many.
NICHES = Contract("niches", {k.CLUSTER: "int", k.NICHE: "str", k.N: "int"}, (k.CLUSTER,))
# neighbourhood/niche_types.parquet: the centre of each cluster, and the mean share of each type in its windows.
NICHE_TYPES = Contract(
    "niche types",
    {k.CLUSTER: "int", k.CELL_TYPE: "str", "centre": "float", "share": "float"},
    (k.CLUSTER, k.CELL_TYPE),
)
# neighbourhood/niche_numbers.parquet: how stable niches are by their number.
NICHE_NUMBERS = Contract(
    "niche numbers",
    {"niches": "int", "stability": "float?", "sd": "float?", "chosen": "bool", "why": "str"},
    ("niches",),
)
# neighbourhood/surroundings.parquet: windows of each sample among the nearest of each place.
SURROUNDINGS = Contract(
    "surroundings",
    {
        "place": "int",
        k.SAMPLE: "str",
        k.N: "int",
        "drawn": "int",  # windows of the sample that were drawn
        "reach": "float",  # distance to the last of the nearest, as of square roots of shares
        k.NICHE: "str",
        "at_sample": "str",  # the cell whose window the place is
        "at_cell": "int",
    },
    ("place", k.SAMPLE),
)
# neighbourhood/**/cells.parquet: the niche of every cell (empty: none), and columns `network_<kind>`: the number of
# its network in its sample, 0 where it is in none.
MEMBERS = Contract("members", {k.SAMPLE: "str", k.CELL_ID: "int", k.NICHE: "str"}, (k.SAMPLE, k.CELL_ID))
# neighbourhood/**/borders.parquet: edges between niches, and those expected by how many each has.
BORDERS = Contract(
    "borders",
    {k.SAMPLE: "str", k.SOURCE: "str", k.TARGET: "str", "observed": "float", "expected": "float"},
    (k.SAMPLE, k.SOURCE, k.TARGET),
)
# neighbourhood/**/networks.parquet: every network.
NETWORKS = Contract(
    "networks",
    {
        k.SAMPLE: "str",
        "network": "str",  # its kind
        "id": "int",  # the largest of a sample is 1
        k.N: "int",
        "edges": "int",
        k.X_UM: "float",
        k.Y_UM: "float",
        "composition": "str",
    },
    (k.SAMPLE, "network", "id"),
)
# neighbourhood/**/network_counts.parquet: networks against labels permuted within domains.
NETWORK_COUNTS = Contract(
    "network counts",
    {
        k.SAMPLE: "str",
        "network": "str",
        "what": "str",  # cells inside; number; cells of a type; cells by smallest size of the class; types among cells
        "item": "str",
        "observed": "float",
        "expected": "float",
        "sd": "float",
        "cells": "int",  # of the types that networks are made of
    },
    (k.SAMPLE, "network", "what", "item"),
    {"what": ("cells", "networks", "type", "size", "share")},
)
# neighbourhood/features.parquet: the one thing every scoring step hands to the response stage.
FEATURES = Contract(
    "features",
    {
        k.SAMPLE: "str",
        k.FAMILY: "str",
        k.FEATURE: "str",
        k.VALUE: "float?",
        k.SE: "float?",
        k.WEIGHT: "float?",  # what it is: `pools` of the family, see tumint.families
        k.N: "int",
        k.STATUS: "str",
    },
    (k.SAMPLE, k.FAMILY, k.FEATURE),
    {k.STATUS: k.STATUSES},
)
# neighbourhood/**/places.parquet: where every cell lies; one row group per sample.
PLACES = Contract(
    "places",
    {**CELL, k.DOMAIN: "str", k.MARGIN_UM: "float?"},
    (k.SAMPLE, k.CELL_ID),
)
# neighbourhood/**/domains.parquet: cells of each type in each domain of a ROI, and the area of the domain.
DOMAINS = Contract(
    "domains",
    {
        k.SAMPLE: "str",
        k.DOMAIN: "str",
        k.CELL_TYPE: "str",
        k.N: "int",
        "area_mm2": "float",  # of the tissue of the domain
        "tissue_mm2": "float",  # of all tissue of the ROI
    },
    (k.SAMPLE, k.DOMAIN, k.CELL_TYPE),
)
# neighbourhood/**/margins.parquet: cells of each type by distance to the tumour's margin; no rows where there is none.
MARGINS = Contract(
    "margins",
    {
        k.SAMPLE: "str",
        k.CELL_TYPE: "str",
        "from_um": "float",  # below 0: inside; the first bin begins at minus infinity
        "to_um": "float",
        k.N: "int",
        "area_mm2": "float",  # of the tissue of the bin
    },
    (k.SAMPLE, k.CELL_TYPE, "from_um"),
)
# neighbourhood/**/phenotypes.parquet: what a ROI is called by where its immune cells lie, and what tumour was.
PHENOTYPES = Contract(
    "phenotypes",
    {
        k.SAMPLE: "str",
        "origin": "str",  # where domains are from
        k.TUMOUR: "str",  # what was taken for tumour, in words; empty: nothing
        "counted": "str",  # types that are counted, in words
        "tumour_mm2": "float?",
        "tissue_mm2": "float?",
        "inside_per_mm2": "float?",
        "margin_per_mm2": "float?",
        "phenotype": "str",
    },
    (k.SAMPLE,),
    {"origin": k.ORIGINS, "phenotype": k.PHENOTYPES},
)
