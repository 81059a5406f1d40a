"""Ingest: raw per-cell tables of a batch of samples → one AnnData in µm, with tissue domains."""
