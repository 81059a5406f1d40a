"""Tables as users bring them, text, parquet or obs of an AnnData: one way to read them, each fault with its place."""
