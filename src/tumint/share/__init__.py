"""A finished run as one file that opens elsewhere, a Workflow Run RO-Crate, and the proof that one is whole."""
