"""Everything that is measured on samples, before any limit: their cells, channels, stripes, and they as a whole.

Pure: arrays in, tables out.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.config.qc import MARKER, QcConfig
from tumint.io import contracts as c
from tumint.qc import space
from tumint.qc.channels import profile
from tumint.qc.doublets import doublet_scores
from tumint.qc.metrics import METRICS, cell_metrics, lacks_intensity, used
from tumint.qc.regions import inside_any
from tumint.qc.stripes import Stripe, find_stripes

STRIPE_COLUMNS = (k.SAMPLE, "axis", "start_um", "end_um", "depth", "z", "n_cells", "channels_lower")


@dataclass(frozen=True)
class Raw:
    """The cells of one sample as ingest wrote them: `X` dense (images) or sparse (RNA counts), cells × markers."""

    sample: str
    X: Any
    markers: Sequence[str]
    uses: Sequence[str]
    area_um2: np.ndarray
    spatial: np.ndarray  # (cells, 2) in µm; NaN: no coordinates
    shapes: dict[str, np.ndarray]  # of keys.SHAPES what there is

    @property
    def is_counts(self) -> bool:
        """RNA counts, which the house keeps sparse, and not intensities."""
        return bool(sparse.issparse(self.X))


@dataclass(frozen=True)
class Measured:
    """A row per cell (`METRICS`, `marker_<m>` of the config, `excluded`, `no_intensity`, `no_place`), per channel and
    per stripe."""

    cells: pd.DataFrame
    channels: pd.DataFrame
    roi: dict[str, Any]
    stripes: pd.DataFrame


@dataclass(frozen=True)
class Measures:
    """The tables of a batch: cells in its order (`QC_MEASURES`), ROIs, channels and stripes."""

    cells: pd.DataFrame
    rois: pd.DataFrame
    channels: pd.DataFrame
    stripes: pd.DataFrame


def measure_batch(read: Annotated, rows: Mapping[str, np.ndarray], config: QcConfig, seed: int) -> Measures:
    """Measure one sample after the other; `rows` are the positions of each sample's cells, together all."""
    xy = np.asarray(read.obsm[k.SPATIAL], dtype=np.float64)
    uses, markers = list(read.var[k.USE].astype(str)), list(read.var_names)
    shapes = [name for name in k.SHAPES if name in read.obs]
    X: Any = read.X
    parts = []
    for sample, at in rows.items():
        of = read.obs.iloc[at]
        given = {name: of[name].to_numpy(float) for name in shapes}
        raw = Raw(sample, X[at], markers, uses, of[k.AREA_UM2].to_numpy(float), xy[at], given)
        parts.append(measure(raw, config, seed))
    ids = {k.SAMPLE: read.obs[k.SAMPLE].astype(str).to_numpy(), k.CELL_ID: read.obs[k.CELL_ID].to_numpy()}
    cells = pd.DataFrame({**ids, k.X_UM: xy[:, 0], k.Y_UM: xy[:, 1]})
    order = np.argsort(np.concatenate([*rows.values(), np.empty(0, dtype=np.int64)]), kind="stable")
    stacked = pd.concat([part.cells for part in parts], ignore_index=True).iloc[order].reset_index(drop=True)
    named = [part.channels.assign(**{k.SAMPLE: sample}) for sample, part in zip(rows, parts, strict=True)]
    return Measures(
        pd.concat([cells, stacked], axis=1),
        pd.DataFrame([part.roi for part in parts]),
        c.joined(named, c.QC_CHANNELS),
        c.joined([part.stripes for part in parts], c.QC_STRIPES),
    )


def measure(raw: Raw, config: QcConfig, seed: int) -> Measured:
    """Measure one sample; everything random has a stream of its own by `seed` and the name of the sample."""
    n = raw.X.shape[0]
    found = {name: np.full(n, np.nan) for name in METRICS}
    placed = np.isfinite(raw.spatial).all(axis=1)
    located = bool(placed.any())
    excluded = inside_any(raw.spatial, config.exclude_regions_of(raw.sample))
    found |= raw.shapes | (_counts(raw, config) if raw.is_counts else cell_metrics(raw.X, raw.uses, raw.area_um2))
    if located:
        found["local_density"][placed] = space.local_density(raw.spatial[placed], config.density_radius_um)
        found["border_um"][placed] = space.border_gap(raw.spatial[placed], raw.area_um2[placed])
    if config.doublets and n:
        found["doublet_score"] = _doublets(raw, found["dna"], seed)
    for marker in config.markers:
        found[f"{MARKER}{marker}"] = _column(raw, marker)
    found["excluded"] = excluded
    found["no_intensity"] = np.zeros(n, dtype=bool) if raw.is_counts else lacks_intensity(raw.X, raw.uses)
    found["no_place"] = ~placed & located  # dissociated cells have none, and that is no fault of theirs
    cells = pd.DataFrame(found)
    kept = ~excluded
    channels = pd.DataFrame() if raw.is_counts else profile(raw.X[kept], raw.markers, raw.uses)
    stripes = _stripes(raw, cells, kept & placed, config) if located and not raw.is_counts else []
    table = pd.DataFrame([{k.SAMPLE: raw.sample, **asdict(s)} for s in stripes], columns=list(STRIPE_COLUMNS))
    return Measured(cells, channels, _roi(raw, cells[kept], located, int(excluded.sum())), table)


def _counts(raw: Raw, config: QcConfig) -> dict[str, np.ndarray]:
    from tumint.qc.counts import count_metrics

    found = count_metrics(raw.X, raw.markers, config.mito_prefixes)
    return found | {k.AREA_UM2: raw.area_um2.astype(np.float64), "total": found["n_counts"]}


def _doublets(raw: Raw, dna: np.ndarray, seed: int) -> np.ndarray:
    own = [seed, zlib.crc32(raw.sample.encode())]
    if raw.is_counts:
        from tumint.qc.counts import count_doublets

        return count_doublets(raw.X, int(np.random.SeedSequence(own).generate_state(1)[0]) % 2**31)
    types = used(raw.uses, "type")
    present = types & ~np.isnan(raw.X).all(axis=0)
    return doublet_scores(raw.X[:, present], dna, raw.area_um2, raw.spatial, np.random.default_rng(own))


def _column(raw: Raw, marker: str) -> np.ndarray:
    """One channel as it came; NaN where the cohort has no such channel."""
    if marker not in raw.markers:
        return np.full(raw.X.shape[0], np.nan)
    column = raw.X[:, list(raw.markers).index(marker)]
    return np.asarray(column.todense() if raw.is_counts else column, dtype=np.float64).ravel()


def _stripes(raw: Raw, cells: pd.DataFrame, kept: np.ndarray, config: QcConfig) -> list[Stripe]:
    """By DNA, which all cells have alike; without it by their total signal."""
    signal = (cells["dna"] if cells["dna"].notna().any() else cells["total"]).to_numpy()[kept]
    channels = raw.X[kept][:, used(raw.uses, "type", "state", "dna")]
    options = {"min_depth": config.stripes.min_depth, "max_width_um": config.stripes.max_width_um}
    return find_stripes(raw.spatial[kept], signal, channels, **options)


def _roi(raw: Raw, cells: pd.DataFrame, located: bool, n_excluded: int) -> dict[str, Any]:
    """The row of the sample: what is not excluded, in all."""
    tissue = space.tissue_mm2(raw.spatial[np.isfinite(raw.spatial).all(axis=1)]) if located else np.nan
    metrics = {"signal": "total", "dna": "dna", "n_counts": "n_counts", "mito_share": "mito_share"}
    medians = {name: _median(cells[metric].to_numpy()) for name, metric in metrics.items()}
    return {
        k.SAMPLE: raw.sample,
        "n_cells": len(cells) + n_excluded,
        "n_excluded": n_excluded,
        "tissue_mm2": tissue,
        "density_per_mm2": (len(cells) + n_excluded) / tissue if located else np.nan,
        **medians,
    }


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else np.nan
