"""The report of ingest: page, figures and words."""
