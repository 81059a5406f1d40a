"""Reports read the batches of the sheet, whatever else lies in the folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.ingest.domains import domain_counts

TABLES = {"ingest/{batch}.samples.parquet": contracts.SAMPLES, "qc/{batch}.cells.parquet": contracts.QC_CELLS}


def _load(written: object, results: Path) -> Inputs:
    return Inputs.load(written.params, results, written.sheet)  # type: ignore[attr-defined]


@pytest.mark.parametrize("pattern", TABLES)
def test_what_a_killed_job_left_is_not_read(make, tmp_path: Path, pattern: str) -> None:
    written = make()
    results = shutil.copytree(written.results, tmp_path / "results")
    first = results / pattern.replace("{batch}", "b0001")
    # whole, cut off, of a batch that is no more, and a copy that a person made
    for name in (f".tmp-12-{first.name}", first.name.replace("b0001", "b0003"), f"copy.{first.name}"):
        shutil.copy(first, first.with_name(name))
    (first.parent / f".tmp-13-{first.name}").write_bytes(first.read_bytes()[:100])
    inputs, clean = _load(written, results), _load(written, written.results)
    assert inputs.table(pattern, TABLES[pattern]).equals(clean.table(pattern, TABLES[pattern]))
    assert inputs.hashes == clean.hashes
    assert len(inputs.hashes) == 2
    assert inputs.missing == []


def test_a_batch_that_is_not_there_is_named(make, tmp_path: Path) -> None:
    written = make()
    results = shutil.copytree(written.results, tmp_path / "results")
    (results / "ingest/b0002.samples.parquet").unlink()
    inputs = _load(written, results)
    table = inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES)
    assert list(table[k.SAMPLE]) == written.samples[:6]
    assert inputs.missing == ["ingest/b0002.samples.parquet"]
    (results / "ingest/b0001.samples.parquet").unlink()
    inputs = _load(written, results)
    assert inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES).empty
    assert inputs.missing == ["ingest/*.samples.parquet"]


def test_domains_come_from_the_cells_of_these_batches_alone(make, tmp_path: Path) -> None:
    import anndata as ad
    import pandas as pd

    written = make(domains=False)
    results = shutil.copytree(written.results, tmp_path / "results")
    sample = written.samples[0]
    obs = pd.DataFrame({k.SAMPLE: [sample] * 3, k.DOMAIN: ["tumour", "tumour", "stroma"]}, index=list("abc"))
    for name in ("b0001.h5ad", ".tmp-12-b0001.h5ad", "b0009.h5ad"):
        ad.AnnData(obs=obs.astype("category")).write_h5ad(results / "ingest" / name)
    counts = domain_counts(_load(written, results))
    assert counts.set_index(k.DOMAIN)["n_cells"].to_dict() == {"stroma": 1, "tumour": 2}
