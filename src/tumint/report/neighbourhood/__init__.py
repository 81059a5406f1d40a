"""The report of neighbourhood: page, figures and words."""
