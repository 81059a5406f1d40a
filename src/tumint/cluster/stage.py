"""Cluster: read the cells of all batches → normalise, cluster, type → write the cohort.

What is computed stands in the modules beside this one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster import assign
from tumint.cluster.cohort import (
    Cells,
    missing_markers,
    provided_types,
    read_cohort,
    read_type_table,
    without,
)
from tumint.cluster.normalise import features, normalise, reference_levels
from tumint.config.cluster import ClusterConfig, NormaliseConfig
from tumint.config.model import StageParams
from tumint.config.panel import Signature
from tumint.errors import DataError, Fault
from tumint.io.contracts import CELLS, CLUSTERS, MARKER_MEANS
from tumint.io.tables import write_table
from tumint.provenance import run_metadata

MARKER_PREFIX = "marker_"  # of the marker columns of cells.parquet
_FEWEST = 3  # cells that can be clustered


def run(params: StageParams, cells: list[Path], out: Path, *, threads: int) -> None:
    """Write `cells.h5ad`, `cells.parquet`, `clusters.parquet` and `marker_means.parquet` into the folder `out`.

    Raises
    ------
    DataError
        No cells, a marker or a cell type that the chosen method needs is not there, or the cluster→type table does not
        fit the clusters.
    """
    assert params.cluster is not None
    config = params.cluster
    cohort = read_cohort(cells)
    given = provided_types(cohort) if config.typing == "provided" else None
    cohort, notes = _settle_missing(cohort, params.missing_marker)
    method, values = _normalised(cohort, config)
    values = np.where(np.isnan(values), np.float32(0), values)
    notes["normalised"] = method.method
    if method != config.normalise:
        print("tumint: no reference channel came with the data: the values stay as they came", file=sys.stderr)
    if given is not None:
        typing = assign.as_provided(given)
    else:
        signatures = _usable(params.panel.signatures if params.panel else [], cohort, notes)
        typing = _typed(cohort, features(values, method), signatures, config, params.seed, threads)
    _say(notes)
    meta = run_metadata("cluster", params.model_dump(mode="json", exclude_none=True)) | {"notes": notes}
    _write(cohort, values, typing, out, meta)


def _settle_missing(cells: Cells, policy: str) -> tuple[Cells, dict[str, Any]]:
    """Markers that some samples lack: 0 after normalisation under `fill`, else the cohort goes on without them.

    A value that only some cells of a sample lack becomes 0 after normalisation in any case.
    """
    missing = missing_markers(cells)
    shown = [f"{marker} (not in {', '.join(samples)})" for marker, samples in missing.items()]
    nowhere = [marker for marker, samples in missing.items() if samples == cells.samples]
    out = nowhere if policy == "fill" else list(missing)
    notes: dict[str, Any] = {
        "markers_left_out": [text for marker, text in zip(missing, shown, strict=True) if marker in out],
        "markers_set_to_0": [text for marker, text in zip(missing, shown, strict=True) if marker not in out],
    }
    cells = without(cells, out)
    counts = np.isnan(cells.raw).sum(axis=0)
    notes["values_set_to_0"] = [
        f"{marker} ({n} cells)" for marker, n in zip(cells.markers, counts, strict=True) if n and marker not in missing
    ]
    return cells, notes


def _normalised(cells: Cells, config: ClusterConfig) -> tuple[NormaliseConfig, np.ndarray]:
    """The method that was used, and the values; types that came with the data need no reference channel."""
    method = config.normalise
    if method.method != "reference":
        return method, normalise(cells.raw, method)
    reference = cells.used("reference")
    if not reference and config.typing == "provided":
        method = method.model_copy(update={"method": "none"})
        return method, normalise(cells.raw, method)
    if not reference:
        expected = "a marker whose use is `reference` in every sample, for `cluster.normalise.method: reference`"
        raise DataError(Fault("panel", expected, "none"))
    codes = pd.Categorical(cells.obs[k.SAMPLE], categories=cells.samples).codes.astype(np.int64)
    levels = reference_levels(cells.raw[:, cells.columns(reference)[0]], codes)
    faults: list[Fault | str] = [
        Fault(f"sample {sample}", f"a median of the reference channel {reference[0]} above 0", f"`{level:g}`")
        for sample, level in zip(cells.samples, levels, strict=True)
        if not level > 0
    ]
    if faults:
        raise DataError(faults)
    return method, normalise(cells.raw, method, scale=levels[codes])


def _say(notes: dict[str, Any]) -> None:
    """One line on stderr for whatever is not as the panel says."""
    for note, what in notes.items():
        if isinstance(what, list) and what:
            print(f"tumint: {note.replace('_', ' ')}: {', '.join(what)}", file=sys.stderr)


def _usable(signatures: Sequence[Signature], cells: Cells, notes: dict[str, Any]) -> list[Signature]:
    """The signatures by the markers that are there; one that would lose a positive marker is named and left out."""
    here = set(cells.markers)
    lost = [s for s in signatures if not here.issuperset(s.positive)]
    notes["cell_types_left_out"] = [
        f"{s.cell_type} (needs {', '.join(m for m in s.positive if m not in here)})" for s in lost
    ]
    return [
        s.model_copy(update={"negative": [m for m in s.negative if m in here]}) for s in signatures if s not in lost
    ]


def _typed(
    cells: Cells, values: np.ndarray, signatures: list[Signature], config: ClusterConfig, seed: int, threads: int
) -> assign.Typing:
    """Cluster and type; `values` are the features of all markers."""
    deciding = cells.columns(cells.used("type"))
    if not deciding or len(values) < _FEWEST:
        found = f"{len(deciding)} markers and {len(values)} cells"
        raise DataError(Fault("cluster", f"a marker whose use is `type` and at least {_FEWEST} cells", found))
    if config.typing == "signatures" and not signatures:
        raise DataError(Fault("panel", "signatures whose positive markers are in the data", "none"))
    # in an order that does not depend on the sheet, so that neither do the clusters
    order = cells.canonical()
    values = values[order]
    labels = assign.find_clusters(values, cells.markers, deciding, signatures, config, seed=seed, threads=threads)
    if config.typing == "table":
        clusters = [str(c) for c in range(int(labels.max()) + 1)]
        typing = assign.by_table(labels, read_type_table(str(config.type_table), clusters))
    else:
        typing = assign.by_signatures(values, labels, cells.markers, signatures, config.min_score)
    return typing.reordered(np.argsort(order))


def _write(cells: Cells, values: np.ndarray, typing: assign.Typing, out: Path, meta: dict[str, Any]) -> None:
    shown = cells.used("type", "state")
    means = assign.marker_means(values[:, cells.columns(shown)], shown, typing)
    table = pd.DataFrame(
        {
            k.SAMPLE: cells.obs[k.SAMPLE],
            k.CELL_ID: cells.obs[k.CELL_ID].astype(np.int64),
            k.X_UM: cells.spatial[:, 0],
            k.Y_UM: cells.spatial[:, 1],
            k.AREA_UM2: cells.obs[k.AREA_UM2].astype(float),
            k.DOMAIN: cells.obs[k.DOMAIN],
            k.CLUSTER: typing.cluster,
            k.CELL_TYPE: typing.cell_type,
            k.CONFIDENCE: typing.confidence,
            **{f"{MARKER_PREFIX}{m}": values[:, i] for m, i in zip(shown, cells.columns(shown), strict=True)},
        }
    )
    write_table(typing.clusters, out / "clusters.parquet", CLUSTERS, meta=meta)
    write_table(means, out / "marker_means.parquet", MARKER_MEANS, meta=meta)
    _write_anndata(cells, values, typing, table, out / "cells.h5ad", meta)
    write_table(table, out / "cells.parquet", CELLS, meta=meta, row_groups_by=k.SAMPLE)


def _write_anndata(
    cells: Cells, values: np.ndarray, typing: assign.Typing, table: pd.DataFrame, path: Path, meta: dict[str, Any]
) -> None:
    import anndata as ad

    from tumint.io.cells import write_cells

    obs = table[[k.SAMPLE, k.CELL_ID, k.AREA_UM2, k.DOMAIN, k.CLUSTER, k.CELL_TYPE, k.CONFIDENCE]].copy()
    obs.index = pd.Index(obs[k.SAMPLE].astype(str) + ":" + obs[k.CELL_ID].astype(str))
    domains = [*k.DOMAINS, k.NO_DOMAIN]
    categories = {
        k.SAMPLE: cells.samples,
        k.DOMAIN: [*domains, *sorted(set(obs[k.DOMAIN]) - set(domains))],
        k.CLUSTER: list(typing.clusters[k.CLUSTER]),
        k.CELL_TYPE: typing.types,
    }
    for column, names in categories.items():
        present = set(obs[column])
        obs[column] = pd.Categorical(obs[column], categories=[name for name in names if name in present])
    cohort = ad.AnnData(
        X=values,
        obs=obs,
        var=pd.DataFrame({k.USE: pd.Categorical(cells.use)}, index=pd.Index(cells.markers, dtype=object)),
        obsm={k.SPATIAL: cells.spatial},
        layers={"counts": np.where(np.isnan(cells.raw), np.float32(0), cells.raw)},
    )
    write_cells(cohort, path, meta=meta)
