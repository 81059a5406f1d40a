"""Hostile data through `tumint ingest` as a process: right values, or one line; no crash, no hang, nothing left.

Values are compared with those that pandas or h5py read. Each process may take 8 GB of addresses and
4 minutes.
"""

from __future__ import annotations

import importlib
import json
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
from attack import Ended, tumint
from hostile import TABLES, Case
from ledger import Ledger

pytestmark = pytest.mark.slow
SECONDS = 240  # of a machine that others use too: what hangs, hangs for ever
LIMIT_MB = 8000  # of addresses, of which libraries take a part that they never use
OF_FORMATS = (  # a file of a folder, as it is found by this pattern, and the format
    ("steinbock", "regionprops/a.csv"),
    ("steinbock", "neighbors/a.csv"),
    ("steinbock", "images.csv"),
    ("cellprofiler_folder", "Image.csv"),
    ("cellprofiler_folder", "cell.csv"),
    ("cellprofiler_folder", "panel.csv"),
    ("xenium", "x/cells.parquet"),
    ("xenium", "x/cell_feature_matrix.h5"),
    ("10x", "m/barcodes.tsv.gz"),
    ("10x", "m/matrix.mtx.gz"),
    ("spatialdata", "s.zarr/tables/table/zarr.json"),
    ("spatialdata", "s.zarr/tables/table/X/c/0/0"),
)


@dataclass(frozen=True)
class Try:
    """One run of ingest: what it is given, and what must come of it."""

    name: str
    path: Path
    config: dict[str, Any]
    case: Case | None = None
    panel: dict[str, Any] | None = None
    part: str = ""
    markers: Callable[[], list[list[float]]] | None = None  # as Python's own csv reads them


def _ingest(one: Try, folder: Path) -> tuple[Ended, Path]:
    folder.mkdir()
    params = {"ingest": one.config} | ({"panel": one.panel} if one.panel else {})
    rows = [{"sample": "S", "path": str(one.path), "part": one.part or None}]
    out = folder / "b0001.h5ad"
    words = ("ingest", "--params", json.dumps(params), "--rows", json.dumps(rows), "-o", out)
    return tumint(*words, cwd=folder, timeout=SECONDS, limit_mb=LIMIT_MB), out


def _agrees(one: Try, out: Path) -> bool:
    """Whether the cells are those of an independent reading; False where there is nothing that could be read."""
    cells = ad.read_h5ad(out)
    X = cells.X.toarray() if hasattr(cells.X, "toarray") else np.asarray(cells.X)
    if one.case is None:
        return one.markers is not None and np.array_equal(X, np.array(one.markers(), X.dtype), equal_nan=True)
    if one.case.cells is None:
        return False
    got = np.column_stack([cells.obsm["spatial"], X[:, list(cells.var_names).index("CD8")]])
    wanted = one.case.cells(one.path)[["x", "y", "CD8"]].to_numpy(float)
    wanted[np.isnan(wanted[:, :2]).any(axis=1), :2] = np.nan  # half a place is none: qc drops such a cell
    return np.array_equal(got, wanted, equal_nan=True)


def _judged(one: Try, ended: Ended, out: Path) -> tuple[str, str]:
    """`same`, `refuse` or `lose`, and why."""
    said = " / ".join(ended.lines)[:400]
    if ended.code == 0:
        if not _agrees(one, out):
            return "lose", "was read, and not as others read it"
        asked = () if one.case is None or one.case.either else one.case.words
        return (
            ("same", "") if all(word in ended.out + ended.err for word in asked) else ("lose", f"{said} lacks {asked}")
        )
    if ended.code != 2:
        return "lose", f"ended with {ended.code}: {said}"
    if list(out.parent.iterdir()):
        return "lose", f"left {list(out.parent.iterdir())}"
    if one.case is not None and one.case.cells is not None and not one.case.either:
        return "lose", f"is refused: {said}"
    # every fault of a file has its line
    if not ended.lines or not all(line.startswith("tumint: ") and "S" in line for line in ended.lines):
        return "lose", said
    words = one.case.words if one.case is not None else ()
    lacking = [word for word in words if not any(word in line for line in ended.lines)]
    return ("lose", f"does not say {lacking}: {said}") if lacking else ("refuse", said)


def _tries(shared_data: Path, tmp_path: Path) -> list[Try]:
    found = []
    for i, case in enumerate(TABLES):
        (tmp_path / f"in{i}").mkdir()
        path = tmp_path / f"in{i}" / case.path
        case.make(path)
        found.append(Try(case.name, path, case.config, case))
    damage, formats = importlib.import_module("damage"), importlib.import_module("make_formats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what SpatialData imports
        intact = damage.cases(shared_data, formats, tmp_path / "intact")
    for name, one in intact.items():
        for seed in (1, 2):
            copy = one.copy(tmp_path / f"{name}{seed}")
            rng = np.random.default_rng(1000 + seed)
            victim = copy.victims[int(rng.integers(len(copy.victims)))]
            victim.write_bytes(damage.damaged(victim.read_bytes(), rng, copy.delimiter))
            markers = copy.expected if copy.values else None
            found.append(Try(f"{name}, damage {seed}", copy.path, copy.config, None, copy.panel(), copy.part, markers))
    for i, (name, victim) in enumerate(OF_FORMATS):
        for what, make in (("pipe", os.mkfifo), ("device", lambda path: os.symlink("/dev/zero", path))):
            copy = intact[name].copy(tmp_path / f"{what}{i}")
            path = copy.root / victim
            assert path.is_file(), path
            path.unlink()
            make(path)
            found.append(Try(f"a {what} for {victim}", copy.path, copy.config, None, copy.panel(), copy.part))
    return [*found, *_stores(intact["spatialdata"], tmp_path)]


def _stores(case: Any, tmp_path: Path) -> list[Try]:
    """Zarr stores whose arrays have shapes and chunks that no memory holds."""

    def shape(about: dict[str, Any]) -> None:
        about["shape"] = [10**7, 10**6]

    def chunk(about: dict[str, Any]) -> None:
        about["chunk_grid"]["configuration"]["chunk_shape"] = [10**6, 10**6]

    changes: dict[str, Callable[[dict[str, Any]], None]] = {"shape": shape, "chunk": chunk}
    found = []
    for name, change in changes.items():
        copy = case.copy(tmp_path / f"zarr_{name}")
        file = copy.root / "s.zarr" / "tables" / "table" / "X" / "zarr.json"
        about = json.loads(file.read_text())
        change(about)
        file.write_text(json.dumps(about))
        found.append(Try(f"a store with an absurd {name}", copy.path, copy.config, None, copy.panel(), copy.part))
    return found


def test_hostile_data_are_read_right_or_refused(shared_data: Path, tmp_path: Path) -> None:
    tries = _tries(shared_data, tmp_path)
    with Ledger("data") as ledger, ThreadPoolExecutor(2) as pool:
        ran = pool.map(lambda i: _ingest(tries[i], tmp_path / f"out{i}"), range(len(tries)))
        for one, (ended, out) in zip(tries, ran, strict=True):
            ledger.look(one.name, ended.out, ended.err)
            outcome, why = _judged(one, ended, out)
            print(f"{ended.wall:.1f} s {one.name}: {outcome} {why}")
            if outcome == "lose":
                ledger.lose(f"{one.name}: {why}")
            else:
                ledger.same() if outcome == "same" else ledger.refuse()
