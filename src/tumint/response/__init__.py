"""Response: the comparison of subjects (never of cells or ROIs) between groups."""
