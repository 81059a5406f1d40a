"""Names of columns and slots, in one place; the files that use them are described in `tumint.io.contracts`.

Micrometres end in `_um`, square micrometres in `_um2`.
"""

from __future__ import annotations

from typing import Final

STAGES: Final = ("ingest", "qc", "cluster", "neighbourhood", "response", "report")

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
CLUSTER: Final = "cluster"
CELL_TYPE: Final = "cell_type"
CONFIDENCE: Final = "confidence"
UNCLASSIFIED: Final = "unclassified"

# tissue domains that we know, in the order of precedence when masks overlap; data may have others.
# NO_DOMAIN: in no mask, or no masks came with the data
DOMAINS: Final = ("structural", "interface", "tumour", "normal")
NO_DOMAIN: Final = "none"

# AnnData slots
SPATIAL: Final = "spatial"  # obsm: x, y in µm, float64
USE: Final = "use"  # var: type | state | dna | reference | ignore
UNIT: Final = "unit"  # var: what X counts, such as "counts" (transcripts); "" where the source does not say
META: Final = "tumint"  # uns and parquet metadata: what ran (see provenance.run_metadata)

COUNTS: Final = "counts"  # UNIT of transcripts

# quality control
VERDICT: Final = "verdict"  # pass | drop
REASON: Final = "reason"  # "" for cells that pass, else reasons joined by ";"
STATUS: Final = "status"

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
HYPERGEOMETRIC: Final = "hypergeometric"  # `p_method` of allocation alone
PAIR_SEPARATOR: Final = "|"  # joins source and target in a feature name, so no cell type may contain it

# features
FAMILY: Final = "family"
FEATURE: Final = "feature"
VALUE: Final = "value"
SE: Final = "se"
WEIGHT: Final = "weight"
N: Final = "n"
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
ODDS_FAMILIES: Final = (FAMILY_INTERACTION, FAMILY_PAIRWISE, FAMILY_MIXING)  # `weight` is information, which adds up
PARTS: Final = (FAMILY_SHARED_DOMAIN, FAMILY_SHARED_REGION, FAMILY_CONTACT)
FAMILY_ALLOCATION: Final = "allocation"  # log2 of the cells of b beside an a-cell over those expected there, a → b
RATIO_FAMILIES: Final = (
    FAMILY_TOTAL,
    *PARTS,
    FAMILY_ALLOCATION,
)  # `weight` is what is expected, which adds up as what was seen does
FAMILIES_OF_STATISTICS: Final = {  # ordered pairs; means and shares do not add up over ROIs
    "classic": "interaction_classic",
    "histocat": "interaction_histocat",
    "patch": "interaction_patch",
}
# beside the primary families: other ways to look at the same contacts, which are no findings of their own
SECONDARY_FAMILIES: Final = (FAMILY_PAIRWISE, FAMILY_MIXING, *RATIO_FAMILIES)
LOG2_FAMILIES: Final = (*RATIO_FAMILIES, *FAMILIES_OF_STATISTICS.values())
INDEX_FAMILIES: Final = (FAMILY_DISTANCE,)  # chances: no ratios; the others are natural logarithms

# status of a score or a feature
TESTED: Final = "tested"
ABSENT: Final = "absent"
TOO_FEW: Final = "too_few"
NO_VARIATION: Final = "no_variation"  # no permitted change of labels changes the count: nothing can be said
NO_COORDINATES: Final = "no_coordinates"  # of dissociated cells: nothing that needs a place is computed
NO_P: Final = "no_p"  # of an effect: estimated, but nothing to test it with; `reason` says why
