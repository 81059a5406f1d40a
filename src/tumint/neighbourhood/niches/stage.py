"""Niches of a cohort: cells → windows → what niches are, as files that the jobs of subjects read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.io import contracts
from tumint.io.by_sample import BySample
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.niches.learn import Drawn, Learned, Settings, Sketch, draw, learn
from tumint.neighbourhood.niches.sketch import place_counts
from tumint.neighbourhood.niches.windows import Window

FILES = {
    "niches": contracts.NICHES,
    "niche_types": contracts.NICHE_TYPES,
    "niche_numbers": contracts.NICHE_NUMBERS,
    "surroundings": contracts.SURROUNDINGS,
}
_COLUMNS = [k.CELL_ID, k.X_UM, k.Y_UM, k.CELL_TYPE]


def write(
    config: Any,
    window: Window | None,
    seed: int,
    cells: Path,
    subjects: Mapping[str, str],
    out: Path,
    meta: dict[str, Any],
) -> None:
    """Write the files of `FILES` to the folder `out`; without a window, or without coordinates, they have no rows.

    Parameters
    ----------
    config
        `config.niches.NichesConfig`.
    subjects
        Subject of every sample of the cohort. Their order changes nothing.
    """
    tables = {name: contracts.empty(contract) for name, contract in FILES.items()}
    cohort = BySample(cells)
    types = sorted(cohort.distinct(k.CELL_TYPE))
    # sums of floats must not depend on the number of threads
    with threadpool_limits(limits=1):
        drawn = [] if window is None else _drawn(config, window, seed, cohort, types, subjects)
        if drawn:
            people = len({one.subject for one in drawn})
            sketch = Sketch.of(drawn, max(config.learn_from // people, 1))
            settings = Settings(config.clusters, tuple(config.numbers), most=config.most, resamples=config.resamples)
            niches, of_types, numbers = learn(sketch, types, settings, seed)
            tables |= {"niches": niches, "niche_types": of_types, "niche_numbers": numbers}
            if config.places and people > 1:
                learned = Learned.from_tables(niches, of_types, types)
                tables["surroundings"] = _places(drawn, learned, config.per_subject, config.places)
    for name, contract in FILES.items():
        write_table(tables[name], out / f"{name}.parquet", contract, meta=meta)


def _drawn(
    config: Any, window: Window, seed: int, cohort: BySample, types: list[str], subjects: Mapping[str, str]
) -> list[Drawn]:
    """Windows of every sample with coordinates: no more than could be needed, whatever its subject's others hold."""
    most = max(config.learn_from // max(len(set(subjects.values())), 1), config.per_subject)
    found = []
    for sample in sorted(subjects):
        table = cohort.rows([sample], _COLUMNS)
        if table.empty or not table[k.X_UM].notna().any():
            continue
        labels = codes(table[k.CELL_TYPE], types)
        ids = table[k.CELL_ID].to_numpy()
        image = make_image(sample, table[[k.X_UM, k.Y_UM]].to_numpy(float), labels, None, ids)
        counts = window.counts(image, len(types))
        found.append(draw(sample, subjects[sample], image.ids, image.labels, counts, most, seed))
    return found


def _places(drawn: list[Drawn], learned: Learned, each: int, number: int) -> pd.DataFrame:
    """Counts at places, from as many windows of every subject."""
    cells = pd.Series([one.total for one in drawn]).groupby([one.subject for one in drawn]).sum()
    sketch = Sketch.of(drawn, min(each, int(cells.min())))
    people = len(cells)
    nearest = int(np.clip(8 * people, 50, max(len(sketch.ids) // 5, 1)))
    return place_counts(sketch, learned, number, nearest)


def read(folder: Path, types: list[str]) -> Learned | None:
    """The niches that `write` learnt; None where there are none."""
    niches = read_table(folder / "niches.parquet", contracts.NICHES)
    if niches.empty:
        return None
    return Learned.from_tables(niches, read_table(folder / "niche_types.parquet", contracts.NICHE_TYPES), types)
