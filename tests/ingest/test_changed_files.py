"""A raw file that is edited while its job reads it: one line, exit 2, nothing written; whatever reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tumint.ingest import registry, stage

N = 40


def _table(path: Path) -> None:
    rows = "".join(f"{i},{i % 7},{i // 7},{i % 5}.5\n" for i in range(N))
    path.write_text("cell_id,x,y,CD8\n" + rows)


def _h5ad(path: Path) -> None:
    import anndata as ad
    import numpy as np
    import pandas as pd

    obs = pd.DataFrame({"cell_id": range(N)}, index=[str(i) for i in range(N)])
    cells = ad.AnnData(np.ones((N, 1), dtype=np.float32), obs=obs, var=pd.DataFrame(index=["CD8"]))
    cells.obsm["spatial"] = np.stack([np.arange(N) % 7, np.arange(N) // 7], axis=1).astype(float)
    cells.write_h5ad(path)


def _parquet(path: Path) -> None:
    import pandas as pd

    _table(path.with_suffix(".csv"))
    pd.read_csv(path.with_suffix(".csv")).to_parquet(path, index=False)


KINDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "raw.csv": ("table", _table),
    "raw.parquet": ("table", _parquet),
    "raw.h5ad": ("h5ad", _h5ad),
}
PANEL = {"name": "small", "source": "made for tests", "markers": [{"marker": "CD8"}]}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("policy", ["stop", "quarantine"])
@pytest.mark.parametrize("when", ["between", "after"])
def test_an_edit_stops_the_job(ingest, tmp_path: Path, monkeypatch, name: str, policy: str, when: str) -> None:
    kind, write = KINDS[name]
    path = tmp_path / name
    write(path)
    columns = {"columns": {"x": "x", "y": "y"}} if kind == "table" else {}
    settings = {"format": kind, "on_bad_sample": policy, **columns}
    assert ingest({"s": path}, panel=PANEL, name="whole", **settings).code == 0
    reader = registry.reader(kind)

    def edited(*arguments: object) -> object:
        if when == "between":  # after the job has begun, before the reader opens the file
            path.write_bytes(path.read_bytes()[:-7])
        yield from reader.read(*arguments)
        path.write_bytes(path.read_bytes()[:-7])

    monkeypatch.setattr(stage.registry, "reader", lambda _: replace(reader, read=edited))
    done = ingest({"s": path}, panel=PANEL, **settings)
    assert done.code == 2
    assert len(done.lines) == 1
    assert done.lines[0].startswith(f"tumint: {path}: expected a file that stays as it is while it is read, found")
    assert not list(done.out.parent.glob("b0001*"))
