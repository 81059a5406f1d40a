"""Small feature tables with known groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k

Make = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="session")
def cohort() -> Make:
    """`make(sizes, ...)`: a sheet and features with animal and ROI variance; `shift` moves the first features."""

    def make(
        sizes: dict[str, int],
        *,
        n_features: int = 12,
        rois: int = 3,
        shift: float = 0.0,
        n_shifted: int = 3,
        seed: int = 0,
        family: str = k.FAMILY_DENSITY,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        rng = np.random.default_rng(seed)
        subjects = [(f"{arm}{i}", arm) for arm, size in sizes.items() for i in range(size)]
        sheet = pd.DataFrame(
            [(f"{subject}_R{r}", subject, arm) for subject, arm in subjects for r in range(rois)],
            columns=[k.SAMPLE, k.SUBJECT, "arm"],
            dtype=object,
        )
        last = list(sizes)[-1]
        effect = np.where(np.arange(n_features) < n_shifted, shift, 0.0)
        animal = {subject: rng.normal(0, 0.5, n_features) + effect * (arm == last) for subject, arm in subjects}
        rows = [
            (sample, family, f"a|t{f}", animal[subject][f] + rng.normal(0, 0.4), 0.1, 20.0, 100, k.TESTED)
            for sample, subject in zip(sheet[k.SAMPLE], sheet[k.SUBJECT], strict=True)
            for f in range(n_features)
        ]
        columns = [k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS]
        return sheet, pd.DataFrame(rows, columns=columns)

    return make
