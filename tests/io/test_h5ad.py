"""tumint.io.h5ad beside anndata: what one writes, the other reads, with nothing changed."""

from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint.annotated import Annotated
from tumint.io import h5ad

N, M = 40, 5


def _cells(kind: str, n: int = N) -> Annotated:
    rng = np.random.default_rng(1)
    X = rng.random((n, M)).astype(np.float32)
    obs = pd.DataFrame(
        {
            "sample": pd.Categorical(rng.choice(["a", "ü b"], n), categories=["ü b", "a", "without cells"]),
            "grade": pd.Categorical(rng.choice(["low", "high"], n), categories=["low", "high"], ordered=True),
            "cell_id": np.arange(n, dtype=np.int64),
            "area_um2": np.where(np.arange(n) % 7 == 0, np.nan, rng.random(n)),
            "edge": rng.random(n) < 0.5,
            "cell_name": np.array([f"µ{i}" for i in range(n)], dtype=object),
        },
        index=[f"a:{i}" for i in range(n)],
    )
    var = pd.DataFrame({"use": pd.Categorical(["type"] * M)}, index=[f"m{i}" for i in range(M)])
    values = X if kind == "dense" else sparse.csr_matrix(np.where(X > 0.6, X, 0))
    return Annotated(values, obs, var, {"spatial": rng.random((n, 2))}, {"counts": values}, {"tumint": '{"µ": 1}'})


def _anndata(cells: Annotated) -> ad.AnnData:
    parts = {"obsm": dict(cells.obsm), "layers": dict(cells.layers), "uns": dict(cells.uns)}
    return ad.AnnData(cells.X, cells.obs.copy(), cells.var.copy(), **parts)


def _dense(matrix: object) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def _equal(read: Any, expected: Any) -> None:
    """Values and kinds; pandas 3 calls objects that are texts by another name."""
    assert read.shape == expected.shape
    for name in ("obs", "var"):
        here, there = getattr(read, name), getattr(expected, name)
        assert list(here) == list(there)
        assert list(here.index) == list(there.index)
        for column in there:
            if pd.api.types.is_numeric_dtype(there[column].dtype):
                assert here[column].dtype == there[column].dtype
                np.testing.assert_array_equal(here[column], there[column])
            else:
                assert here[column].astype(object).tolist() == there[column].astype(object).tolist()
            if isinstance(there[column].dtype, pd.CategoricalDtype):
                assert list(here[column].cat.categories) == list(there[column].cat.categories)
                assert here[column].cat.ordered == there[column].cat.ordered
    pairs = ((read.X, expected.X), (read.layers["counts"], expected.layers["counts"]))
    for here, there in (*pairs, (read.obsm["spatial"], expected.obsm["spatial"])):
        assert sparse.issparse(here) == sparse.issparse(there)
        assert here.dtype == there.dtype
        np.testing.assert_array_equal(_dense(here), _dense(there))
    assert dict(read.uns) == dict(expected.uns)


@pytest.mark.parametrize("n", [N, 0])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_anndata_reads_what_is_written(tmp_path, kind, n):
    cells = _cells(kind, n)
    h5ad.write(cells, tmp_path / "ours.h5ad")
    read = ad.read_h5ad(tmp_path / "ours.h5ad")
    theirs = _anndata(cells)
    theirs.strings_to_categoricals()  # as its writer does with texts that repeat
    _equal(read, theirs)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("by", ["tumint", "anndata"])
def test_what_is_written_is_read(tmp_path, kind, by):
    cells, path = _cells(kind), tmp_path / "cells.h5ad"
    if by == "tumint":
        h5ad.write(cells, path)
    else:
        _anndata(cells).write_h5ad(path)
    read = h5ad.read(path)
    _equal(read, cells)
    assert read.shape == (read.n_obs, read.n_vars) == (N, M)


def test_equal_values_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        h5ad.write(_cells("sparse"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_slots_belong_together():
    cells = _cells("dense")
    with pytest.raises(ValueError, match=r"X is \(40, 5\)"):
        Annotated(cells.X, cells.obs[:3], cells.var, {})
    with pytest.raises(ValueError, match="obsm"):
        Annotated(cells.X, cells.obs, cells.var, {"spatial": np.zeros((3, 2))})
