"""The sensitivity grid: counts and exact moments of one image under many graphs and nulls. No files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood.image import GraphSpec, Image, build_graph
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.nulls import Statistic
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
    nulls: dict[str, np.ndarray | None],
    min_cells: int,
    edges: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`contracts.GRID` of one image: every graph of `specs` under every null.

    Parameters
    ----------
    nulls
        Name of each null and the strata (cells, codes from 0) that labels are permuted within; None: the image.
    edges
        The edges that came with the data, for graphs that are `provided`.
    """
    K = len(types)
    names = np.asarray(types, dtype=object)
    labels = image.labels.astype(label_dtype(K))
    status = pair_status(np.bincount(labels, minlength=K), min_cells)
    parts = []
    for spec in specs:
        graph = build_graph(image, spec, edges)
        observed = Statistic().of(graph, labels, K)
        for null, codes in nulls.items():
            strata = np.zeros(graph.n, np.uint8) if codes is None else codes.astype(np.uint8)
            n = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
            expected, variance = exact_moments(graph, labels, strata, n)
            there = status != k.ABSENT
            parts.append(
                pd.DataFrame(
                    {
                        "setting": setting_name(spec, null),
                        k.SAMPLE: image.sample,
                        k.SOURCE: np.repeat(names, K),
                        k.TARGET: np.tile(names, K),
                        "observed": np.where(there, observed, np.nan).reshape(-1),
                        "expected": np.where(there, expected, np.nan).reshape(-1),
                        "sd": np.where(there, np.sqrt(variance), np.nan).reshape(-1),
                        k.STATUS: status.reshape(-1),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
