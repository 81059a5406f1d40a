"""Report: tables → one self-contained HTML per stage, and an index."""
