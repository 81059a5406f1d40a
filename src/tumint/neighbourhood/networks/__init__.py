"""Networks of cells of chosen types: lymphonets, lymphoid aggregates and tumour nests, by one code."""
