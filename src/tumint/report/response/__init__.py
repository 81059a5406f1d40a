"""The report of response: page, figures and words."""
