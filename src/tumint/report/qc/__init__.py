"""The report of qc: page, figures and words."""
