"""The planted truth: what differs between the arms by design, and what came of it in the simulated ROIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tumint import keys as k
from tumint.simulate import artefacts as wrong
from tumint.simulate import design as d
from tumint.simulate import markers as m
from tumint.simulate.cohort import BATCHES, Roi, Settings
from tumint.simulate.tissue import MAX_EDGE_UM, delaunay_edges


def pair_counts(labels: np.ndarray, strata: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directed edges between types, types × types: seen, and expected when labels are permuted within strata.

    With n_as cells of type a in stratum s and W_st edges from s to t, the expectation is Σ W_st n_as n_bt / (n_s n_t)
    for s ≠ t, and W_ss n_as (n_bs − [a = b]) / (n_s (n_s − 1)) inside a stratum.
    """
    types, n_strata = len(d.TYPES), int(strata.max()) + 1
    seen = np.zeros((types, types))
    np.add.at(seen, (labels[edges[:, 0]], labels[edges[:, 1]]), 1.0)
    between = np.zeros((n_strata, n_strata))
    np.add.at(between, (strata[edges[:, 0]], strata[edges[:, 1]]), 1.0)
    count = np.zeros((n_strata, types))
    np.add.at(count, (strata, labels), 1.0)
    total = count.sum(axis=1)
    share = count / np.maximum(total, 1.0)[:, None]
    expected = share.T @ (between - np.diag(np.diag(between))) @ share
    for s in range(n_strata):
        if total[s] > 1:
            pairs = np.outer(count[s], count[s]) - np.diag(count[s])
            expected += between[s, s] * pairs / (total[s] * (total[s] - 1))
    return seen, expected


@dataclass
class Tally:
    """Adds up ROI after ROI what the truth file tells."""

    settings: Settings
    counts: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)  # subject → sums of types × types
    arms: dict[str, str] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    spoilt: list[tuple[str, wrong.Spoilt]] = field(default_factory=list)

    def add(self, roi: Roi) -> None:
        """Count one ROI: its cells without the debris."""
        real = ~roi.is_debris
        labels, domain = roi.labels[real], roi.tissue.domain[real]
        edges = delaunay_edges(roi.tissue.xy[real], MAX_EDGE_UM)
        sums = self.counts.setdefault(roi.mouse.subject, {})
        self.arms[roi.mouse.subject] = roi.mouse.arm
        if roi.spoilt is not None:
            self.spoilt.append((roi.sample, roi.spoilt))
        for name, strata in (("domain", domain), ("global", np.zeros_like(domain))):
            seen, expected = pair_counts(labels, strata, edges)
            sums["seen"] = sums.get("seen", 0.0) + seen if name == "domain" else sums["seen"]
            sums[name] = sums.get(name, 0.0) + expected
        share = np.bincount(domain, minlength=len(k.DOMAINS)) / domain.size
        self.samples.append(
            {
                "sample": roi.sample,
                "subject": roi.mouse.subject,
                "arm": roi.mouse.arm,
                "n_cells": int(real.sum()),
                "n_debris": int((~real).sum()),
                "domains": {name: round(float(v), 4) for name, v in zip(k.DOMAINS, share, strict=True)},
                "cell_types": {
                    name: int(v) for name, v in zip(d.TYPES, np.bincount(labels, minlength=len(d.TYPES)), strict=True)
                },
            }
        )

    def log2_enrichment(self, null: str) -> dict[str, np.ndarray]:
        """Per arm, mice × types × types: log2 of (seen + ½) / (expected + ½), each summed over the ROIs of a mouse."""
        values: dict[str, list[np.ndarray]] = {arm: [] for arm in d.ARMS}
        for subject, sums in self.counts.items():
            values[self.arms[subject]].append(np.log2((sums["seen"] + 0.5) / (sums[null] + 0.5)))
        return {arm: np.stack(mice) for arm, mice in values.items()}

    def document(self) -> dict[str, Any]:
        """The contents of `truth.json`."""
        s, effect = self.settings, self.settings.effect
        shift = dict(zip(m.MARKERS, wrong.batch_shift(s.seed, len(m.MARKERS)).tolist(), strict=True))
        return {
            **({"artefacts": wrong.document(self.spoilt, (BATCHES[1], shift))} if s.artefacts else {}),
            "what": "SIMULATED cohort: what was planted, and what came of it",
            "settings": {"subjects": s.subjects, "rois": s.rois, "cells": s.cells, "seed": s.seed, "effect": effect},
            "contrast": {"column": "arm", "reference": d.VEHICLE, "group": d.TREATED},
            "cell_types": list(d.TYPES),
            "interactions": self._pairs(d.PLANTED) if effect else [],
            "decoys": self._pairs(d.DECOYS),
            "same_in_both_arms": self._pairs(d.BASELINE if effect else (*d.BASELINE, *d.PLANTED)),
            "compositions": [
                {"cell_type": name, "log_weight_difference": shift}
                for name, shift in d.COMPOSITION_SHIFTS.items()
                if effect
            ],
            "markers": [
                {"cell_type": name, "marker": marker, "fold": fold}
                for (name, marker), fold in d.MARKER_FOLDS.items()
                if effect
            ],
            "domain_area_shares": {
                arm: dict(zip(k.DOMAINS, d.DOMAIN_SHARES[arm if effect else d.VEHICLE], strict=True)) for arm in d.ARMS
            },
            "samples": self.samples,
        }

    def _pairs(self, pairs: Sequence[d.Interaction]) -> list[dict[str, Any]]:
        within, overall = self.log2_enrichment("domain"), self.log2_enrichment("global")
        rows = []
        for pair in pairs:
            at = (slice(None), d.index(pair.source), d.index(pair.target))
            treated = pair.treated if self.settings.effect else pair.vehicle
            row: dict[str, Any] = {
                "source": pair.source,
                "target": pair.target,
                "beta_vehicle": pair.vehicle,
                "beta_treated": treated,
                # by how much each neighbour of the one type multiplies the odds that a cell is of the other
                "odds_ratio_vehicle": round(float(np.exp(pair.vehicle)), 4),
                "odds_ratio_treated": round(float(np.exp(treated)), 4),
                "ratio_of_odds_ratios": round(float(np.exp(treated - pair.vehicle)), 4),
            }
            for name, values in (("log2_enrichment", within), ("global_log2_enrichment", overall)):
                means = {arm: float(values[arm][at].mean()) for arm in d.ARMS}
                row |= {f"{name}_{arm}": round(mean, 4) for arm, mean in means.items()}
                row[f"{name}_difference"] = round(means[d.TREATED] - means[d.VEHICLE], 4)
            rows.append(row)
        return rows
