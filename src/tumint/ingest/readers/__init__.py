"""One module per format, each with its `READER`; none knows another."""
