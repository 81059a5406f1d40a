"""The cohort as a SpatialData store, on request."""
