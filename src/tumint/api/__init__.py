"""The Python interface: what the command line computes, from data in memory and back into it."""
