"""The overview: what was found, run against run, how to run it again."""
