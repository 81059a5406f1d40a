"""All methods of the comparison on many features, and the mixed model against a peer. Run by `make bench`.

The figures go to `benchmarks/response.md`.
"""

from __future__ import annotations

import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.response.compare import compare
from tumint.response.design import groups as design
from tumint.response.models.mixed import fit_mixed
from tumint.response.prediction import foretell
from tumint.response.remaining import remaining

FEATURES, SUBJECTS, ROIS, PERMUTATIONS = 5_000, 40, 3, 10_000
REPORT = Path(__file__).with_name("response.md")
CONFIG = ResponseConfig(
    contrasts=[Contrast(name="c", column="arm", reference="v", group="t")], permutations=PERMUTATIONS
)


@pytest.fixture(scope="module")
def report() -> Iterator[Callable[..., None]]:
    """Takes (what, ours, peer, ratio) and writes all of it as a table at the end."""
    rows: list[tuple[str, ...]] = []
    yield lambda *row: rows.append(tuple(map(str, row)))
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "pandas", "statsmodels"))
    head = f"python {platform.python_version()}, {packages}; {platform.machine()}, {os.cpu_count()} cores."
    lines = ["# Comparison of subjects: speed", "", f"Written by `make bench`. {head}", ""]
    lines += ["| what | tumint | peer | ratio |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def cohort() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A sheet and a feature table: half of the features in one family of interactions, the others spread over three."""
    rng = np.random.default_rng(0)
    subjects = [f"m{i:02d}" for i in range(SUBJECTS)]
    sheet = pd.DataFrame({k.SUBJECT: np.repeat(subjects, ROIS)}, dtype=object)
    sheet[k.SAMPLE] = sheet[k.SUBJECT] + [f"_R{i % ROIS}" for i in range(len(sheet))]
    sheet["arm"] = np.where(np.arange(len(sheet)) < len(sheet) // 2, "v", "t")
    types = [f"t{i:02d}" for i in range(50)]
    names = [(k.FAMILY_INTERACTION, f"{a}|{b}") for a in types for b in types]
    names += [(k.FAMILY_TOTAL, f"{a}|{b}") for a in types for b in types[:30]]
    names += [(k.FAMILY_DISTANCE, f"{a}|{b}") for a in types for b in types[:19]] + [
        (k.FAMILY_COMPOSITION, t) for t in types
    ]
    assert len(names) == FEATURES
    animal = rng.normal(size=(SUBJECTS, FEATURES))
    value = np.repeat(animal, ROIS, axis=0) + 0.7 * rng.normal(size=(len(sheet), FEATURES))
    missing = rng.random(value.shape) < 0.02  # types that are rare in a ROI: patterns of who is there
    features = pd.DataFrame(
        {
            k.SAMPLE: np.repeat(sheet[k.SAMPLE].to_numpy(), FEATURES),
            k.FAMILY: np.tile([family for family, _ in names], len(sheet)),
            k.FEATURE: np.tile([feature for _, feature in names], len(sheet)),
            k.VALUE: np.where(missing, np.nan, value).ravel(),
            k.SE: 0.1,
            k.WEIGHT: 50.0,
            k.N: 100,
            k.STATUS: np.where(missing, k.TOO_FEW, k.TESTED).ravel(),
        }
    )
    return sheet, features


def test_all_methods_with_permutations(report: Callable[..., None]) -> None:
    sheet, features = cohort()
    start, cpu = time.perf_counter(), time.process_time()
    result = compare(features, design.build(sheet, CONFIG.contrasts[0], "sheet"), CONFIG, 0)
    left = remaining(result, CONFIG)
    _, said = foretell(result, CONFIG, 0)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    effects = result.effects
    assert effects[["p", "p_mixed", "p_permutation", "p_maxt"]].notna().all(axis=None)
    assert len(left) == 2_500
    assert said["auc"] is None or 0 <= said["auc"] <= 1
    what = f"{FEATURES:,} features, {SUBJECTS} subjects of {ROIS} ROIs: moderated t, mixed model, {PERMUTATIONS:,} "
    what += "permutations with max-t, power, every subject left out, composition adjusted for, prediction"
    report(what, f"{wall:.1f} s, {cpu:.1f} s of CPU", "–", "–")
    # one thread does it all: what a quiet core takes, however many programs share this one
    assert cpu < 30


def test_mixed_model_against_statsmodels(report: Callable[..., None]) -> None:
    import statsmodels.api as sm

    rng, sample = np.random.default_rng(1), 20
    subject = np.repeat(np.arange(SUBJECTS), ROIS)
    X = np.column_stack([np.ones(len(subject)), subject >= SUBJECTS // 2]).astype(float)
    Y = rng.normal(size=(FEATURES, SUBJECTS))[:, subject] + 0.7 * rng.normal(size=(FEATURES, len(subject)))
    fit_mixed(Y[:10], X, subject, np.array([0.0, 1.0]))
    start = time.perf_counter()
    ours = fit_mixed(Y, X, subject, np.array([0.0, 1.0]))
    each = (time.perf_counter() - start) / FEATURES
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peers = [sm.MixedLM(y, X, groups=subject).fit(reml=True) for y in Y[:sample]]
    peer = (time.perf_counter() - start) / sample
    # it gives Wald's z only, which takes the subjects for many: estimates and errors are what can be compared
    np.testing.assert_allclose(ours.effect[:sample], [fit.params[1] for fit in peers], rtol=1e-4)
    np.testing.assert_allclose(ours.se[:sample], [fit.bse[1] for fit in peers], rtol=1e-3)
    ratio = peer / each
    mine = f"{each * 1e3:.3f} ms, with Satterthwaite's degrees of freedom"
    what = f"mixed model, one of {FEATURES:,} features"
    report(what, mine, f"statsmodels {peer * 1e3:.1f} ms, without", f"{ratio:,.0f}×")
    assert ratio > 50
