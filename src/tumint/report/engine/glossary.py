"""What the words of the reports mean, on every page: one definition each, in plain English."""

from __future__ import annotations

TERMS: tuple[tuple[str, str], ...] = (
    (
        "Subject",
        "One animal or patient. Groups are compared by subjects: cells and ROIs are never counted as replicates.",
    ),
    ("ROI", "Region of interest: one imaged region, a row of the sample sheet. A subject may have several."),
    (
        "Contact",
        "Two cells are in contact if they are neighbours in the graph that the method section of the neighbourhood "
        "report describes.",
    ),
    (
        "Chance",
        "What would be seen if the cell types were dealt out at random over the same cells, with the graph unchanged: "
        "over the whole image, within each domain, or only between cells near each other.",
    ),
    ("Domain", "A tissue compartment that came with the data, such as tumour, stroma or interface."),
    ("Observed / expected", "Contacts counted, divided by those expected by chance. 2× is twice as many as by chance."),
    (
        "Contact odds ratio",
        "How much a neighbour of one type multiplies the odds that a cell is of the other, with all pairs of types in "
        "one fit and the surroundings accounted for. 1× means no preference.",
    ),
    ("Feature", "One number per subject that is compared, such as the contact of two types or the density of one."),
    ("Family", "Features of one kind, such as composition or contact. The q are computed within each family."),
    ("Contrast", "A comparison of two groups of subjects that the config asks for."),
    ("Ratio (×)", "The value in the group divided by that in the reference. 1× means no difference, 0.5× half."),
    (
        "95 % interval",
        "The range of ratios that the data are compatible with: 95 of 100 such ranges hold the true one.",
    ),
    ("p", "How often chance alone would give a difference at least this large."),
    (
        "q",
        "p corrected for many tests (Benjamini and Hochberg): of all features with q < 0.1, about a tenth at most are "
        "expected to be false.",
    ),
    (
        "Grade",
        "How far a finding can be trusted. Solid: it holds with any one subject left out and over most other ways to "
        "measure it. Otherwise the reason is given: fragile, or explained by composition or by shared tissue.",
    ),
    ("Composition", "The shares of the cell types among all cells."),
    ("Density", "Cells of a type per mm² of tissue."),
    ("Robust z", "How many standard deviations (estimated from the median) a ROI lies from the median ROI."),
    ("MAD", "Median absolute deviation: a measure of spread that single extreme values do not change."),
    ("Unclassified", "A cell whose cluster fits no type of the panel well enough."),
    ("log2", "1 is twice as much, −1 half as much, 0 no difference."),
)
