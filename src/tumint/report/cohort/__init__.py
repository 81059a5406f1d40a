"""The whole cohort as one AnnData, for what a person does next in scanpy or squidpy."""
