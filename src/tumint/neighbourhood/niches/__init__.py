"""Niches: communities of cell types, learnt over the whole cohort, so that one means the same in every ROI."""
