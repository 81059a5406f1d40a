"""Names of columns and slots, in one place; the files that use them are described in `tumint.io.contracts`.

Micrometres end in `_um`, square micrometres in `_um2`.
"""

from __future__ import annotations

from typing import Final

# sample sheet
SAMPLE: Final = "sample"  # one ROI or image
SUBJECT: Final = "subject"  # one animal or patient: the unit of inference
PATH: Final = "path"
PART: Final = "part"  # which part of the file at `path` the sample is, where it holds several
PIXEL_SIZE_UM: Final = "pixel_size_um"

# cells
CELL_ID: Final = "cell_id"
X_UM: Final = "x_um"
Y_UM: Final = "y_um"
AREA_UM2: Final = "area_um2"
ECCENTRICITY: Final = "eccentricity"  # 0: a circle, 1: a line
SOLIDITY: Final = "solidity"  # area over that of the convex hull
SHAPES: Final = (ECCENTRICITY, SOLIDITY)  # obs columns where the source has them, NaN elsewhere
DOMAIN: Final = "domain"
CELL_TYPE_PROVIDED: Final = "cell_type_provided"
CELL_NAME: Final = "cell_name"  # what the source calls a cell, where that is no whole number
CLUSTER: Final = "cluster"
CELL_TYPE: Final = "cell_type"
CONFIDENCE: Final = "confidence"
CLUSTER_CONFIDENCE: Final = "cluster_confidence"
UNCLASSIFIED: Final = "unclassified"
TOGETHER: Final = 21  # so many cells at one and the same place are all neighbours; of more see neighbourhood.coincident

# tissue domains that we know, in the order of precedence when masks overlap; data may have others.
# NO_DOMAIN: in no mask, or no masks came with the data
DOMAINS: Final = ("structural", "interface", "tumour", "normal")
NO_DOMAIN: Final = "none"

TUMOUR: Final = "tumour"
INTERFACE: Final = "interface"
OUTSIDE: Final = "outside"  # of an inferred tumour and its interface
FROM_DATA, FROM_CELLS = "data", "cells"  # where domains are from; NO_DOMAIN: none are used
ORIGINS: Final = (FROM_DATA, FROM_CELLS, NO_DOMAIN)
MARGIN_UM: Final = "margin_um"  # from a cell to the tumour's margin, below 0 inside; missing: no margin in the ROI
INFLAMED, EXCLUDED, DESERT, NO_TUMOUR = "inflamed", "excluded", "desert", "no tumour"
NOT_CALLED: Final = "not called"  # nothing to count
PHENOTYPES: Final = (INFLAMED, EXCLUDED, DESERT, NO_TUMOUR, NOT_CALLED)

# AnnData slots
SPATIAL: Final = "spatial"  # obsm: x, y in µm, float64
USE: Final = "use"  # var: one of:
USES: Final = ("type", "state", "dna", "reference", "ignore")
UNIT: Final = "unit"  # var: what X counts, such as "counts" (transcripts); "" where the source does not say
META: Final = "tumint"  # uns and parquet metadata: what ran (see provenance.run_metadata)

COUNTS: Final = "counts"  # UNIT of transcripts

# quality control
VERDICT: Final = "verdict"  # of a cell: PASS | DROP
REASON: Final = "reason"  # "" for cells that pass, else reasons joined by ";"
STATUS: Final = "status"  # of a ROI: PASS | FAIL; of a row of the sheet: OK | EMPTY | QUARANTINED
PASS, DROP, FAIL = "pass", "drop", "fail"
OK, EMPTY, QUARANTINED = "ok", "empty", "quarantined"

# niches: communities of types, see tumint.neighbourhood.niches
NICHE: Final = "niche"

# edges
SOURCE_CELL: Final = "source_cell"
TARGET_CELL: Final = "target_cell"

# scores
SOURCE: Final = "source"
TARGET: Final = "target"
NULL: Final = "null"  # one of:
GLOBAL: Final = "global"  # labels permuted over the image
WITHIN_DOMAIN: Final = "domain"  # within its tissue domains
LOCAL: Final = "local"  # within domains, near by
PARENT: Final = "parent"  # within domains, among the types of one parent
PARENT_LOCAL: Final = "parent_local"
NULLS: Final = (GLOBAL, WITHIN_DOMAIN, LOCAL, PARENT, PARENT_LOCAL)
HYPERGEOMETRIC: Final = "hypergeometric"  # `p_method` of allocation alone
PAIR_SEPARATOR: Final = "|"  # joins source and target in a feature name, so no cell type may contain it

# features
FAMILY: Final = "family"
FEATURE: Final = "feature"
VALUE: Final = "value"
SE: Final = "se"
WEIGHT: Final = "weight"
N: Final = "n"
# names of families that code asks for; all else about them, and other families, is in `tumint.families`
FAMILY_COMPOSITION: Final = "composition"
FAMILY_DENSITY: Final = "density"
FAMILY_INTERACTION: Final = "interaction"  # log contact odds ratio, all pairs of types in one fit
FAMILY_PAIRWISE: Final = "interaction_pairwise"  # the same, every pair by itself
FAMILY_MIXING: Final = "mixing"  # of two types against each with itself
FAMILY_TOTAL: Final = "interaction_total"  # log2 of contacts over those expected in the whole image, and its parts:
FAMILY_SHARED_DOMAIN: Final = "shared_domain"
FAMILY_SHARED_REGION: Final = "shared_region"
FAMILY_CONTACT: Final = "contact_excess"
FAMILY_DISTANCE: Final = "distance"  # chance that other cells are nearer to the target than the source is
FAMILY_BARRIER: Final = "barrier"  # cells of a type on the ways between two others over those expected there
FAMILY_MARKER: Final = "marker"  # mean of a marker in the cells of a type, as a ratio
FAMILY_MARKER_DIFFERENCE: Final = "marker_difference"
FAMILY_POSITIVITY: Final = "positivity"  # odds that a cell of a type is positive for a marker
FAMILY_STATE: Final = "state_by_contact"  # rise of a marker of a-cells where they touch b, marker|a|b
FAMILY_SPILLOVER: Final = "spillover"  # the same of lineage markers of b that a lacks, as part of the level in b
FAMILY_POSITIVE_CONTACT: Final = "positivity_by_contact"
FAMILY_FEATURES: Final = "feature_contrast"  # of two features that the config names
FAMILY_FEATURES_INDEX: Final = "feature_difference"  # the same of two that are no ratios
FAMILY_NICHE: Final = "niche"  # share of a sample's cells in a niche
FAMILY_MARKER_IN_NICHE: Final = "marker_in_niche"  # mean of a marker in the cells of a type in a niche, as a ratio
FAMILY_NICHE_WITH: Final = "niche_with"  # share of a niche's cells with a type in their window
FAMILY_TYPE_IN_NICHE: Final = "type_in_niche"  # share of a type's cells in a niche
FAMILY_NETWORK: Final = "network"  # cells in networks, and their number, over those expected there
FAMILY_TYPE_IN_NETWORK: Final = "type_in_network"  # cells of a type in networks, those in networks staying so
FAMILY_ALLOCATION: Final = "allocation"  # cells of b beside an a-cell over those expected there, a → b
FAMILY_DOMAIN: Final = "domain"  # share of the tissue that a domain takes up
FAMILY_IN_DOMAIN: Final = "composition_in_domain"  # share of a domain's cells that are of a type
FAMILY_OF_TYPE: Final = "domain_of_type"  # share of a type's cells that lie in a domain
FAMILY_PREFERENCE: Final = "domain_preference"  # the same against where all cells lie
FAMILY_INFILTRATION: Final = "infiltration"  # cells of a type per mm² by distance to the tumour's margin
FAMILY_INSIDE: Final = "infiltration_inside"  # share of a type's cells inside the tumour
FAMILY_DEPTH: Final = "infiltration_depth"  # quantiles of a type's distance to the margin

# status of a score or a feature
TESTED: Final = "tested"
ABSENT: Final = "absent"
TOO_FEW: Final = "too_few"
NO_VARIATION: Final = "no_variation"  # no permitted change of labels changes the count: nothing can be said
NO_COORDINATES: Final = "no_coordinates"  # of dissociated cells: nothing that needs a place is computed
STATUSES: Final = (TESTED, ABSENT, TOO_FEW, NO_VARIATION, NO_COORDINATES)
NO_P: Final = "no_p"  # of an effect: estimated, but nothing to test it with; `reason` says why
STATUSES_OF_EFFECTS: Final = (TESTED, NO_P, ABSENT)

# what is left of a difference of contact at equal composition (`tumint.response.remaining`)
REMAINS: Final = "remains"
NOT_APART: Final = "not apart from composition"
NOT_ADJUSTED: Final = "not adjusted"
SHARED_TISSUE: Final = "shared tissue"
UNDECIDED: Final = "undecided"
NO_DIFFERENCE: Final = "no difference"
VERDICTS_OF_PAIRS: Final = (REMAINS, NOT_APART, NOT_ADJUSTED, SHARED_TISSUE, UNDECIDED, NO_DIFFERENCE)

# how far a finding can be trusted (`tumint.response.grade`), the best first
SOLID: Final = "solid"
FRAGILE: Final = "fragile"
BY_COMPOSITION: Final = "explained by composition"
BY_TISSUE: Final = "explained by shared tissue"
GRADES: Final = (SOLID, FRAGILE, BY_COMPOSITION, BY_TISSUE)
