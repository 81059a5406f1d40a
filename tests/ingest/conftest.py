"""A small CellProfiler cohort, and ingest through the command line."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import anndata as ad
import pandas as pd
import pytest

from tumint import jobs
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.config.load import Cohort
from tumint.io.cells import read_anndata
from tumint.io.contracts import EDGES, SAMPLES
from tumint.io.tables import read_table

PANEL = {
    "name": "small",
    "source": "made for tests",
    "markers": [
        {"marker": "CD8"},
        {"marker": "EPCAM", "use": "state"},
        {"marker": "Xe131", "channel": "131Xe", "use": "reference"},
        {"marker": "DNA1", "use": "dna"},
        {"marker": "DNA2", "use": "dna"},
    ],
}


@dataclass(frozen=True)
class Done:
    """What a run of ingest left."""

    code: int
    lines: list[str]  # on stderr
    out: Path

    @property
    def cells(self) -> ad.AnnData:
        return read_anndata(self.out)

    @property
    def samples(self) -> pd.DataFrame:
        return read_table(self.out.with_suffix(".samples.parquet"), SAMPLES)

    @property
    def edges(self) -> pd.DataFrame:
        return read_table(self.out.with_suffix(".edges.parquet"), EDGES)


Ingest = Callable[..., Done]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """`tests/data/make_cellprofiler.py`."""
    return importlib.import_module("make_cellprofiler")


@pytest.fixture(scope="session")
def formats() -> ModuleType:
    """`tests/data/make_formats.py`."""
    return importlib.import_module("make_formats")


@pytest.fixture(scope="session")
def transcripts() -> ModuleType:
    """`tests/data/make_transcripts.py`."""
    return importlib.import_module("make_transcripts")


@pytest.fixture(scope="session")
def phenotypes() -> ModuleType:
    """`tests/data/make_phenotypes.py`."""
    return importlib.import_module("make_phenotypes")


@pytest.fixture(scope="session")
def images() -> ModuleType:
    """`tests/data/make_images.py`."""
    return importlib.import_module("make_images")


@pytest.fixture(scope="session")
def damage() -> ModuleType:
    """`tests/data/damage.py`."""
    return importlib.import_module("damage")


@pytest.fixture
def started() -> Callable[[Path, Path], tuple[Cohort, list[ad.AnnData]]]:
    """`started(folder, source)`: the cohort that `tumint init` makes of `source`, and the cells of its batches."""

    def start(folder: Path, source: Path) -> tuple[Cohort, list[ad.AnnData]]:
        assert main(["init", str(folder), "--from", str(source)]) == 0
        cohort = load_cohort(folder / "config.yaml")
        cells = []
        for batch, samples in jobs.batches(cohort.sheet, cohort.config.samples_per_job).items():
            params, rows = stage_params(cohort.config, cohort.panel, "ingest"), jobs.rows_json(cohort.sheet, samples)
            assert main(["ingest", "--params", params, "--rows", rows, "-o", str(folder / f"{batch}.h5ad")]) == 0
            assert all(Path(path).exists() for path in jobs.raw_files(cohort.sheet, samples, cohort.config.ingest))
            cells.append(read_anndata(folder / f"{batch}.h5ad"))
        return cohort, cells

    return start


@pytest.fixture
def ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ingest:
    """`ingest({sample: path}, panel=..., parts=..., **config)`: `tumint ingest`, and what it left."""

    def run(
        paths: dict[str, Path | str],
        *,
        panel: dict[str, Any] | None = PANEL,
        pixel_sizes: dict[str, float] | None = None,
        parts: dict[str, str] | None = None,
        files: dict[str, dict[str, Path | str]] | None = None,
        name: str = "b0001",
        **config: Any,
    ) -> Done:
        rows = [
            {
                "sample": sample,
                "path": str(path),
                "part": (parts or {}).get(sample),
                "pixel_size_um": (pixel_sizes or {}).get(sample),
            }
            | {column: str(file) for column, file in (files or {}).get(sample, {}).items()}
            for sample, path in paths.items()
        ]
        params = {"ingest": config} | ({"panel": panel} if panel else {})
        out = tmp_path / "results" / f"{name}.h5ad"
        capsys.readouterr()
        code = main(["ingest", "--params", json.dumps(params), "--rows", json.dumps(rows), "-o", str(out)])
        return Done(code, capsys.readouterr().err.splitlines(), out)

    return run
