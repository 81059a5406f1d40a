"""An AnnData of somebody else's as a `Matrix`, and what it tells `tumint init`; h5ad and SpatialData share it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.guess import Guess, guess, profiles_of
from tumint.ingest.matrix import Matrix
from tumint.ingest.reader import NOTHING, Asked, Decided, Found, Part
from tumint.ingest.recognise import stem
from tumint.io.raw.h5ad import PLACES, Frame, place_of
from tumint.io.raw.source import Place
from tumint.text import listed

_GRAPHS = ("spatial_connectivities", "adj")  # squidpy, steinbock; `connectivities` are neighbours in expression
_PANEL_AT_MOST, _LEVELS_AT_MOST, _COLUMNS_AT_MOST = 200, 50, 12
_DISSOCIATED = "the cells are taken for dissociated: `--x` and `--y` name obs columns that hold their place"


def part_of(data: Any, part: Part, config: IngestConfig, rows: np.ndarray | None = None) -> Matrix:
    """The cells of an AnnData in memory, which are these `rows` of its file."""
    X = data.X
    if config.layer is not None:
        if config.layer not in data.layers:
            found = ", ".join(data.layers) or "none"
            raise DataError(Fault(part.place.at(), f"a layer `{config.layer}` (`ingest.layer`)", found))
        X = data.layers[config.layer]
    if X is None:
        raise DataError(Fault(part.place.at(), "values in `X`, or `ingest.layer` that names a layer", "none"))
    slot = place_of(data)
    xy = None if slot is None else np.asarray(data.obsm[slot])
    graph = next((data.obsp[name] for name in _GRAPHS if name in data.obsp), None)
    return Matrix(X, list(data.var_names), data.obs, xy, graph=graph, rows=rows)


def found_in(data: Any, file: Path, rows: list[tuple[str, Path, str]], asked: Asked = NOTHING) -> Found:
    """What the obs of an AnnData say; its samples are added to `rows`."""
    obs = Frame(Place(str(file)), data.obs)
    slot = place_of(data)
    obs.require(*(name for name in vars(asked).values() if name is not None and name != asked.group))
    obs.stop_on_faults()
    what = guess(profiles_of(obs), asked, placed=slot is not None)
    located = slot is not None or what.x is not None
    # cells without a place are not those of an image: all of an animal are one sample, by themselves
    sample = what.sample if located or asked.sample is not None else what.subject or what.sample
    named: dict[str, Any] = {"x": what.x, "y": what.y, "cell_type": what.label or what.flags or None}
    parts, columns = _samples(obs, what, sample)
    if len(parts) > 1:
        named["part"] = sample
        rows += [(stem(Path(value)), file, value) for value in parts]
    else:
        rows.append((stem(file), file, ""))
    names = [str(name) for name in data.var_names]
    few = len(names) <= _PANEL_AT_MOST
    place = [] if slot is None else [Decided("x, y", f'obsm["{slot}"]', "its name")]
    if sample is not None and sample == what.subject and what.sample not in (None, sample):
        what.decided = [one for one in what.decided if one.what != "sample"]
        what.unused[str(what.sample)] = "cells have no place: all of a subject are one sample; `--sample` takes it"
    looked = f"no obsm of {listed(PLACES)}, and no pair of x and y in obs"
    nowhere = [] if located else [Decided("x, y", "none", f"{looked}: {_DISSOCIATED}")]
    columns_config = {role: value for role, value in named.items() if value is not None}
    return Found(
        rows,
        [(name, name) for name in names] if few else [],
        {"columns": columns_config} if columns_config else {},
        [] if located else [_DISSOCIATED],
        has_coordinates=located,
        has_types="cell_type" in columns_config,
        unit="" if few else k.COUNTS,
        features=() if few else names,
        one_per_subject=sample is not None and sample == what.subject,
        decided=[*place, *nowhere, *(one for one in what.decided if one.what not in _NOT_OF_OBS)],
        unused={name: why for name, why in what.unused.items() if name not in columns},
        per_row=columns,
    )


_NOT_OF_OBS = ("cell id", "cell area", "domain")  # which an AnnData keeps in slots of its own, or not at all


def _samples(obs: Frame, what: Guess, sample: str | None) -> tuple[list[str], dict[str, list[str]]]:
    """Values of the column that tells samples apart, and obs columns with one value in each of them."""
    texts = obs.names(sample) if sample is not None else np.full(len(obs), "", dtype=object)
    parts = list(dict.fromkeys(texts))
    kept = {what.x, what.y, what.label, sample, *what.flags}
    names = [n for n, p in what.profiles.items() if n not in kept and 2 <= p.levels <= max(_LEVELS_AT_MOST, len(parts))]
    found: dict[str, list[str]] = {}
    for name in names if len(parts) > 1 else ():
        by_part = pd.Series(obs.names(name)).groupby(texts, sort=False)
        if by_part.nunique().eq(1).all():
            found["subject" if name == what.subject else name] = [str(v) for v in by_part.first().reindex(parts)]
    if sample is not None and sample == what.subject:
        found["subject"] = [str(part) for part in parts]
    return parts, dict(list(found.items())[:_COLUMNS_AT_MOST])
