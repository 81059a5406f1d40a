"""Before clustering: markers that samples lack, normalisation by the config, which markers and signatures are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster.cohort import Cells, missing_markers, without
from tumint.cluster.normalise import compensate, log_normalise, normalise, reference_levels
from tumint.config.cluster import ClusterConfig, NormaliseConfig
from tumint.config.panel import Panel, Signature
from tumint.errors import DataError, Fault
from tumint.text import setting

_SHOWN = 100  # genes that are shown where the panel names none


def settle_missing(cells: Cells, policy: str) -> tuple[Cells, dict[str, Any]]:
    """Markers that some samples lack: 0 after normalisation under `fill`, else the cohort goes on without them.

    A value that only some cells of a sample lack becomes 0 after normalisation in any case.
    """
    missing = missing_markers(cells)
    shown = [f"{marker} (not in {', '.join(samples)})" for marker, samples in missing.items()]
    everywhere = cells.samples
    nowhere = [marker for marker, samples in missing.items() if samples == everywhere]
    out = dict.fromkeys(nowhere if policy == "fill" else missing)
    notes: dict[str, Any] = {
        "markers_left_out": [text for marker, text in zip(missing, shown, strict=True) if marker in out],
        "markers_set_to_0": [text for marker, text in zip(missing, shown, strict=True) if marker not in out],
    }
    cells = without(cells, list(out))
    counts = [] if cells.sparse else np.isnan(cells.raw).sum(axis=0)
    notes["values_set_to_0"] = [
        f"{marker} ({n} cells)" for marker, n in zip(cells.markers, counts, strict=False) if n and marker not in missing
    ]
    return cells, notes


def normalised(
    cells: Cells, config: ClusterConfig, seed: int, spillover: Callable[[list[str]], np.ndarray]
) -> tuple[NormaliseConfig, Any]:
    """The method that was used, and the values; types that came with the data need no reference channel.

    `spillover` gives the matrix of these channels, where the config names one.
    """
    method, raw = config.normalise, cells.raw
    if method.compensation is not None and cells.sparse:
        expected = "none, for transcripts: spillover is one of channels"
        raise DataError(Fault("config: key `cluster.normalise.compensation`", expected, f"`{method.compensation}`"))
    if method.compensation is not None:
        channels = cells.columns(cells.used("type", "state", "dna", "reference"))
        raw = raw.copy()
        raw[:, channels] = compensate(raw[:, channels], spillover([cells.markers[c] for c in channels]))
    if method.method == "log":
        return method, log_normalise(raw if cells.sparse else np.nan_to_num(raw), method.target_sum)
    if cells.sparse:
        if method.method == "reference" and config.typing == "provided":
            return method.model_copy(update={"method": "log"}), log_normalise(raw, method.target_sum)
        expected = "`log`, for transcripts"
        raise DataError(Fault("config: key `cluster.normalise.method`", expected, f"`{method.method}`"))
    codes = pd.Categorical(cells.obs[k.SAMPLE], categories=cells.samples).codes.astype(np.int64)
    scale = None
    if method.method == "reference":
        reference = cells.used("reference")
        if not reference and config.typing != "provided":
            expected = "a marker whose use is `reference` in every sample, for `cluster.normalise.method: reference`"
            raise DataError(Fault("panel", expected, "none"))
        if reference:
            scale = _levels(cells, raw[:, cells.columns(reference)[0]], reference[0], codes)[codes]
        else:
            method = method.model_copy(update={"method": "none"})
    values = normalise(raw, method, scale=scale, sample=codes, seed=seed)
    return method, np.where(np.isnan(values), np.float32(0), values)


def _levels(cells: Cells, reference: np.ndarray, name: str, codes: np.ndarray) -> np.ndarray:
    """The level of the reference channel in each sample, all above 0."""
    levels = reference_levels(reference, codes)
    faults: list[Fault | str] = [
        Fault(f"sample {sample}", f"a median of the reference channel {name} above 0", f"`{setting(level)}`")
        for sample, level in zip(cells.samples, levels, strict=True)
        if not level > 0
    ]
    if faults:
        raise DataError(faults)
    return levels


def shown_markers(cells: Cells, panel: Panel | None) -> list[str]:
    """The markers that tables and figures show, and signatures may name: of transcripts those of the panel."""
    used = cells.used("type", "state")
    if not cells.sparse:
        return used
    named = set(panel.used("type", "state")) if panel is not None else set(used[:_SHOWN])
    return [m for m in used if m in named]


def usable_signatures(panel: Panel | None, markers: Sequence[str], notes: dict[str, Any]) -> list[Signature]:
    """The signatures by the markers that are there; one that would lose a positive marker is named and left out."""
    signatures, here = panel.signatures if panel is not None else [], set(markers)
    lost = [s for s in signatures if not here.issuperset(s.positive)]
    notes["cell_types_left_out"] = [
        f"{s.cell_type} (needs {', '.join(m for m in s.positive if m not in here)})" for s in lost
    ]
    left = {s.cell_type for s in lost}
    kept = []
    for signature in (s for s in signatures if s not in lost):
        parent = None if signature.parent in left else signature.parent
        negative = [m for m in signature.negative if m in here]
        kept.append(signature.model_copy(update={"negative": negative, "parent": parent}))
    return kept
