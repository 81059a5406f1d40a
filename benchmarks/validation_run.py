"""What the sections of the validation share: how much is simulated, results that are kept, means with their error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from tumint.io.atomic import write_text

DESIGNS = (3, 4, 6, 8)  # animals of each arm
Rates = dict[str, float]


@dataclass(frozen=True)
class Run:
    """How much is simulated, and where results of finished designs are kept for a run that goes on."""

    cohorts: int
    seed: int
    workers: int = 1
    keep: Path | None = None

    def each(self, what: str, one: Callable[[int, int, int], Rates], n: int, cohorts: int) -> pd.DataFrame:
        """`one(n, seed, cohort)` of all cohorts, a row each."""
        path = None if self.keep is None else self.keep / f"{what}_{n}_{cohorts}_{self.seed}.csv"
        if path is not None and path.is_file():
            return pd.read_csv(path)
        table = pd.DataFrame(self._map(partial(one, n, self.seed), range(cohorts)))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, table.to_csv(index=False))
        return table

    def _map(self, one: Callable[[int], Rates], cohorts: Iterable[int]) -> list[Rates]:
        if self.workers == 1:
            return [one(i) for i in cohorts]
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            return list(pool.map(one, cohorts, chunksize=4))


def mean(values: pd.Series, digits: int = 3) -> str:
    """Mean over cohorts and 1.96 standard errors of it: features of one cohort are not independent, cohorts are."""
    values = values.dropna()
    error = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():.{digits}f} ± {error:.{digits}f}"
