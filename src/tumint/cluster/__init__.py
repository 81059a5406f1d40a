"""Cluster: normalise, cluster over the cohort, and give every cell a type."""
