"""The first config of a cohort: what its files, names and markers let one guess."""
