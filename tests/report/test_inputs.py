"""Reports read the batches of the sheet, whatever else lies in the folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tumint import keys as k
from tumint.io import contracts
from tumint.io.tables import read_table
from tumint.report.engine.inputs import Inputs
from tumint.report.ingest.domains import domain_counts

TABLES = {"ingest/{batch}.samples.parquet": contracts.SAMPLES, "qc/{batch}.cells.parquet": contracts.QC_CELLS}


def _load(written: object, results: Path) -> Inputs:
    return Inputs.load(written.params, results, written.sheet)  # type: ignore[attr-defined]


@pytest.mark.parametrize("pattern", TABLES)
def test_what_a_killed_job_left_is_not_read(make, tmp_path: Path, pattern: str) -> None:
    written = make()
    results = shutil.copytree(written.results, tmp_path / "results")
    first = _load(written, results).files(pattern)[0]
    # whole, cut off, of a batch that is no more, and a copy that a person made
    for name in (f".tmp-12-{first.name}", first.name.replace(first.name[:5], "b0001"), f"copy.{first.name}"):
        shutil.copy(first, first.with_name(name))
    (first.parent / f".tmp-13-{first.name}").write_bytes(first.read_bytes()[:100])
    inputs, clean = _load(written, results), _load(written, written.results)
    assert inputs.table(pattern, TABLES[pattern]).equals(clean.table(pattern, TABLES[pattern]))
    assert inputs.hashes == clean.hashes
    assert len(inputs.hashes) == len(inputs.files(pattern)) > 1
    assert inputs.missing == []


def test_a_batch_that_is_not_there_is_named(make, tmp_path: Path) -> None:
    written = make()
    results = shutil.copytree(written.results, tmp_path / "results")
    *others, last = _load(written, results).files("ingest/{batch}.samples.parquet")
    lost = set(read_table(last)[k.SAMPLE])
    last.unlink()
    inputs = _load(written, results)
    table = inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES)
    assert list(table[k.SAMPLE]) == [sample for sample in written.samples if sample not in lost]
    assert inputs.missing == [f"ingest/{last.name}"]
    for path in others:
        path.unlink()
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
    mine = _load(written, results).files("ingest/{batch}.h5ad")[0].name
    for name in (mine, f".tmp-12-{mine}", "b0001.h5ad"):
        ad.AnnData(obs=obs.astype("category")).write_h5ad(results / "ingest" / name)
    counts = domain_counts(_load(written, results))
    assert counts.set_index(k.DOMAIN)["n_cells"].to_dict() == {"stroma": 1, "tumour": 2}
