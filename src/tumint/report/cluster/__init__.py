"""The report of cluster: page, figures and words."""
