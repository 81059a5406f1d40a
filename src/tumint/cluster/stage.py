"""Cluster: read the cells of all batches → normalise, integrate, cluster, type → write the cohort.

What is computed stands in the modules beside this one, what is written in `output.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.cluster import assign, embed, gates, retype, sketch, spatial
from tumint.cluster.cohort import Cells
from tumint.cluster.given import clusters_given, types_given
from tumint.cluster.inputs import read_cohort
from tumint.cluster.integrate import integrate, mixing
from tumint.cluster.normalise import features
from tumint.cluster.output import Results, write
from tumint.cluster.partition import sweep
from tumint.cluster.prepare import normalised, settle_missing, shown_markers, usable_signatures
from tumint.cluster.transcripts import LEAST, components
from tumint.cluster.transfer import comparable, transferred
from tumint.cluster.user_tables import gates_given, read_matrix, read_pairs, read_reference
from tumint.config.cluster import ClusterConfig, NormaliseConfig
from tumint.config.model import StageParams
from tumint.config.panel import Signature
from tumint.errors import DataError, Fault
from tumint.provenance import run_metadata

_FEWEST = 3  # cells that can be clustered


def run(
    params: StageParams,
    cells: list[Path],
    out: Path,
    *,
    threads: int,
    batches: Mapping[str, str] | None = None,
    subjects: Mapping[str, str] | None = None,
) -> None:
    """Write the cohort (`cells.h5ad`, `cells.parquet`) and its tables (see `output.py`) into the folder `out`.

    `batches` names what was stained together of each sample, in the order of the sheet, and `subjects` the animal of
    each, which give as many cells where not all are clustered; None: each sample is one.

    Raises
    ------
    DataError
        No cells, a marker or a cell type that the chosen method needs is not there, or a file that a person made
        (table, matrix, reference, pairs) does not fit the data.
    """
    if params.cluster is None:
        raise DataError(Fault("--params", "a section `cluster`", "none"))
    # sums of BLAS depend on the number of its threads; ours are threads over rows, which write rows of their own
    with threadpool_limits(1):
        _run(params, params.cluster, cells, out, threads, batches or {}, subjects or {})


def _run(
    params: StageParams,
    config: ClusterConfig,
    paths: list[Path],
    out: Path,
    threads: int,
    batches: Mapping[str, str],
    subjects: Mapping[str, str],
) -> None:
    cells = read_cohort(paths, list(batches))
    given, joined = types_given(cells, config)
    cells, notes = settle_missing(cells, params.missing_marker)
    notes["types_from"] = joined
    method, values = normalised(
        cells, config, params.seed, lambda markers: read_matrix(str(config.normalise.compensation), markers)
    )
    notes["normalised"] = method.method
    if method != config.normalise:
        print("tumint: no reference channel came with the data: the values stay as they came", file=sys.stderr)
    shown = shown_markers(cells, params.panel)
    work = _Work(cells, values, shown, method, config, params.seed, threads, batches, subjects, notes)
    found = work.provided(given) if given is not None else work.typed(usable_signatures(params.panel, shown, notes))
    _say(notes)
    meta = run_metadata("cluster", params.model_dump(mode="json", exclude_none=True)) | {"notes": notes}
    write(cells, values, shown, found, out, meta)


class _Work:
    """The cells on their way to types: everything here is in an order that does not depend on the sheet."""

    votes: np.ndarray | None = None

    def __init__(
        self,
        cells: Cells,
        values: Any,
        shown: list[str],
        method: NormaliseConfig,
        config: ClusterConfig,
        seed: int,
        threads: int,
        batches: Mapping[str, str],
        subjects: Mapping[str, str],
        notes: dict[str, Any],
    ) -> None:
        self.order = cells.canonical()
        self.back = np.argsort(self.order)
        self.cells, self.values = cells.take(self.order), values[self.order]
        self.shown, self.method, self.config, self.notes = shown, method, config, notes
        self.seed, self.threads = seed, threads
        self.sample = self.cells.obs[k.SAMPLE].to_numpy(object)
        batch = np.array([batches.get(s, s) for s in self.sample], dtype=object)
        self.batch = np.unique(batch.astype(str), return_inverse=True)[1]
        self.subjects = subjects
        columns = self.cells.columns(shown)
        self.dense = self.values[:, columns].toarray() if cells.sparse else self.values[:, columns]
        self.scored = features(self.dense, method)

    def provided(self, given: np.ndarray) -> Results:
        """The types that came with the data."""
        return self._results(assign.as_provided(given[self.order]), None, self.scored)

    def typed(self, signatures: list[Signature]) -> Results:
        """Points, clusters and types."""
        config = self.config
        if config.typing == "signatures" and not signatures:
            raise DataError(Fault("panel", "signatures whose positive markers are in the data", "none"))
        before = self._points()
        points = integrate(before, self.batch, config.integrate, seed=self.seed)
        swept = None
        if config.sweep.enabled and config.method != "flowsom":
            swept = sweep(
                points, config.n_neighbours, config.method, config.sweep, seed=self.seed, threads=self.threads
            )
        resolution = config.resolution
        if resolution == "auto":
            assert swept is not None
            resolution = float(swept.loc[swept["recommended"], "resolution"].iloc[0])
            self.notes["resolution"] = resolution
        least = {"log": LEAST, "gate": None}.get(self.method.method, 0.0)
        rois, group = np.unique(self.sample.astype(str), return_inverse=True)
        subject = np.unique([self.subjects.get(roi, roi) for roi in rois], return_inverse=True)[1]
        cohort = assign.Cohort(points, self.scored, self.shown, least, group, subject)
        labels, cohort = assign.find_clusters(
            cohort,
            signatures,
            config,
            resolution=resolution,
            seed=self.seed,
            threads=self.threads,
            smooth=self.cells.sparse,
        )
        if (votes := cohort.votes) is not None:
            self.votes, self.notes["sketch"] = votes, sketch.told(votes, labels, cohort.sketched)
        typing, ways = self._types(cohort, labels, signatures)
        results = self._results(typing, before, points, ways)
        return replace(results, sweep=swept) if swept is not None else results

    def _points(self) -> np.ndarray:
        """What distances are computed from: the `type` markers, or principal components of transcripts."""
        deciding = self.cells.columns(self.cells.used("type"))
        if not deciding or len(self.cells.obs) < _FEWEST:
            found = f"{len(deciding)} markers and {len(self.cells.obs)} cells"
            raise DataError(Fault("cluster", f"a marker whose use is `type` and at least {_FEWEST} cells", found))
        if self.method.method == "log":
            return components(
                self.values[:, deciding],
                [self.cells.markers[i] for i in deciding],
                n_genes=self.config.n_genes,
                n_components=self.config.n_components,
                seed=self.seed,
            )
        return np.ascontiguousarray(features(self.values[:, deciding], self.method))

    def _types(
        self, cohort: assign.Cohort, labels: np.ndarray, signatures: list[Signature]
    ) -> tuple[assign.Typing, dict[str, np.ndarray]]:
        """Types by the way of the config, and those of all ways that the data allow."""
        config, ways = self.config, dict[str, np.ndarray]()
        by_signatures = assign.by_signatures(cohort, labels, signatures, config) if signatures else None
        moved = self._transferred() if config.reference is not None else None
        if config.typing == "table":
            names = [str(c) for c in range(int(labels.max()) + 1)]
            types, self.notes["types_from"] = clusters_given(config, names)
            typing = assign.by_table(labels, types)
        elif config.typing == "transfer":
            assert moved is not None
            typing = assign.by_cells(labels, *moved)
        else:
            assert by_signatures is not None
            typing = by_signatures
        if config.splits:
            retype.check_splits(typing, self.shown, config.splits)
            typing = assign.split(typing, self.dense, self.shown, config.splits)
        ways[config.typing] = typing.cell_type
        if by_signatures is not None:
            ways |= {"signatures": by_signatures.cell_type} if config.typing != "signatures" else {}
            assert by_signatures.by_markers is not None
            ways["markers of the cell"] = by_signatures.by_markers
        if moved is not None and config.typing != "transfer":
            ways["transfer"] = moved[0]
        came = self.cells.obs.get(k.CELL_TYPE_PROVIDED)
        if came is not None and came.notna().any():
            ways["provided"] = came.where(came.notna(), k.UNCLASSIFIED).astype(str).to_numpy(object)
        return typing, ways

    def _transferred(self) -> tuple[np.ndarray, np.ndarray]:
        """Type and confidence of each cell by the reference."""
        wanted = self.config.reference
        assert wanted is not None
        reference = read_reference(wanted.path, wanted.column, self.cells.markers)
        ours = self.cells.raw[:, self.cells.columns(reference.markers)]
        target_sum = self.config.normalise.target_sum if self.method.method == "log" else None
        scaled = [comparable(raw, target_sum) for raw in (ours, reference.raw)]
        self.notes["reference"] = f"{len(reference.types)} cells, {len(reference.markers)} shared markers"
        return transferred(
            scaled[0],
            scaled[1],
            reference.types,
            n_neighbours=wanted.n_neighbours,
            min_confidence=self.config.min_confidence,
            seed=self.seed,
        )

    def _results(
        self,
        typing: assign.Typing,
        before: np.ndarray | None,
        points: np.ndarray,
        ways: Mapping[str, np.ndarray] | None = None,
    ) -> Results:
        """Everything that is written, types in the order of the sheet."""
        config, root = self.config, self.method.method == "reference"
        typing = retype.renamed(typing, config.rename)
        retype.check_subtypes(typing, self.shown, config.subtypes)
        states = [m for m in self.cells.used("state") if m in self.shown]
        fixed = gates_given(config.states, self.shown)
        asked = [*fixed, *(m for by in config.subtypes.values() for m in by)]
        states = list(dict.fromkeys([*states, *asked]))
        values = self.dense[:, [self.shown.index(m) for m in states]]
        found_gates = gates.gate_table(values, states, fixed, root=root, seed=self.seed)
        typing = retype.subtyped(typing, self.dense, self.shown, found_gates, config.subtypes)
        types = typing.cell_type
        results = Results(
            typing=typing.reordered(self.back),
            votes=None if self.votes is None else self.votes[self.back],
            means=assign.marker_means(self.dense, self.shown, typing),
            gates=found_gates,
            states=gates.positivity(values, found_gates, self.sample, types),
            ridges=gates.ridges(self.dense, self.shown, types, typing.types, root=root),
        )
        ways = {name: retype.called(way, config.rename) for name, way in ways.items()} if ways is not None else None
        if ways is not None:
            results = replace(results, confusion=assign.confusion(dict(ways)))
        if before is not None:
            measured = [mixing(before, self.batch, types, "before", seed=self.seed)]
            if points is not before:
                measured.append(mixing(points, self.batch, types, "after", seed=self.seed))
            rows = embed.drawn(len(points), config.umap_cells, seed=self.seed)
            results = replace(results, mixing=pd.concat(measured, ignore_index=True))
            if rows.size > _FEWEST:
                results = replace(results, umap=self._umap(rows, points, typing))
        return self._spatial(results, types)

    def _umap(self, rows: np.ndarray, points: np.ndarray, typing: assign.Typing) -> pd.DataFrame:
        at = embed.umap(points[rows], seed=self.seed)
        table = self.cells.obs.loc[rows, [k.SAMPLE, k.CELL_ID]].reset_index(drop=True)
        return table.assign(
            umap_1=at[:, 0], umap_2=at[:, 1], cluster=typing.cluster[rows], cell_type=typing.cell_type[rows]
        )

    def _spatial(self, results: Results, types: np.ndarray) -> Results:
        wanted = self.config.spatial
        if wanted.moran:
            found = spatial.moran(self.dense, self.shown, self.cells.spatial, self.sample)
            results = replace(results, moran=found)
        if wanted.ligand_receptor is not None:
            pairs = read_pairs(wanted.ligand_receptor, self.cells.markers)
            genes = sorted({*pairs[k.SOURCE], *pairs[k.TARGET]})
            given = self.values[:, self.cells.columns(genes)]
            found = spatial.ligand_receptor(
                *(given, genes, types, pairs), permutations=wanted.permutations, seed=self.seed
            )
            results = replace(results, ligand_receptor=found)
        return results


def _say(notes: dict[str, Any]) -> None:
    """One line on stderr for whatever is not as the panel says."""
    for note, what in notes.items():
        if isinstance(what, list) and what:
            print(f"tumint: {note.replace('_', ' ')}: {', '.join(what)}", file=sys.stderr)
