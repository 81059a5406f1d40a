"""The sensitivity grid: counts and exact moments of one image under many graphs and nulls. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood.image import GraphSpec, Image, build_graph
from tumint.neighbourhood.levels import Level
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.parts import parts
from tumint.neighbourhood.scores import label_dtype, pair_status


def setting_name(spec: GraphSpec, null: str) -> str:
    """A setting in words, such as `delaunay 50 µm, domain`."""
    graph = {
        "delaunay": f"delaunay {spec.max_edge_um:g} µm" if spec.max_edge_um > 0 else "delaunay",
        "knn": f"knn {spec.k}{' symmetric' if spec.symmetric else ''}",
        "radius": f"radius {spec.radius_um:g} µm",
        "provided": "provided",
    }[spec.kind]
    return f"{graph}, {null}"


def grid_table(
    image: Image,
    types: Sequence[str],
    specs: Sequence[GraphSpec],
    levels: Sequence[Level],
    edges: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`contracts.GRID` of one image: every graph of `specs` under every null, over the edges that can vary.

    Parameters
    ----------
    levels
        The nulls.
    edges
        The edges that came with the data, for graphs that are `provided`.
    """
    K = len(types)
    names = np.asarray(types, dtype=object)
    labels = image.labels.astype(label_dtype(K))
    status = pair_status(np.bincount(labels, minlength=K), 1)
    pairs = {
        k.SAMPLE: np.full(K * K, image.sample, dtype=object),
        k.SOURCE: np.repeat(names, K),
        k.TARGET: np.tile(names, K),
    }
    found: list[dict[str, np.ndarray]] = []
    for spec in specs:
        graph = build_graph(image, spec, edges)
        for level in levels:
            strata = level.tilings[0]
            n = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
            sd = np.sqrt(exact_moments(graph, strata, n)[1])
            split = parts(graph, labels, K, replace(level, nearby=None), level)
            there = status != k.ABSENT
            found.append(
                {
                    "setting": np.full(K * K, setting_name(spec, level.name), dtype=object),
                    **pairs,
                    "observed": np.where(there, split.observed, np.nan),
                    "expected": np.where(there, split.expected, np.nan),
                    "sd": np.where(there, sd, np.nan),
                    k.STATUS: np.where((status == k.TESTED) & (sd <= 0), k.NO_VARIATION, status),
                }
            )
    return pd.DataFrame({name: np.concatenate([one[name].reshape(-1) for one in found]) for name in found[0]})
