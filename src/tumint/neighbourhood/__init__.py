"""Neighbourhood: who touches whom, more or less often than chance, globally and within tissue domains."""
