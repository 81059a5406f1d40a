"""What ingest writes."""

from __future__ import annotations

from tumint import keys as k
from tumint.io.contracts.base import Contract

# ingest/<batch>.samples.parquet: one row per row of the sheet in this batch, also where nothing could be read. Ingest
# also writes `part`, `has_coordinates` (false: dissociated cells), numbers of odd cells (`n_outside`, `n_coincident`,
# `n_id_gaps`, `n_several_masks`, `n_no_place`), of cells by domain, `unread` columns, and `notes`.
SAMPLES = Contract(
    "ingest samples",
    {
        k.SAMPLE: "str",
        k.PATH: "str",
        "sha256": "str",
        "bytes": "int",
        "n_cells": "int",
        "n_edges": "int",
        k.PIXEL_SIZE_UM: "float?",
        "missing_markers": "str",  # names joined by ";"
        k.STATUS: "str",  # ok | empty | quarantined
        k.REASON: "str",
    },
    (k.SAMPLE,),
    {k.STATUS: (k.OK, k.EMPTY, k.QUARANTINED)},
)
# ingest/<batch>.edges.parquet: the source's own neighbours, both ways, no self loops; zero rows where it has none.
# neighbourhood/<group>/graph.parquet: those that contacts are counted on, by the config's graph.
EDGES = Contract("edges", {k.SAMPLE: "str", k.SOURCE_CELL: "int", k.TARGET_CELL: "int"})
