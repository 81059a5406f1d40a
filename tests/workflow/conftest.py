"""Cohorts for the tests of the workflow: one whose outputs are empty files, for dry runs, and one that ran."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tumint.cli.plan import read_dry_run

ROOT = Path(__file__).parents[2]
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile"))
SUBJECTS, ROIS = 4, 2
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}

Call = Callable[..., subprocess.CompletedProcess[str]]
Jobs = Callable[..., dict[str, list[str]]]


def call(*command: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in `cwd`; what it printed and its exit code."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, env={**ENVIRONMENT, **(env or {})}, text=True, capture_output=True)


@pytest.fixture(scope="session")
def tumint() -> Call:
    """`tumint` as a program: tumint(*arguments, cwd=folder)."""
    return lambda *arguments, **options: call(sys.executable, "-c", _MAIN, *arguments, **options)


_MAIN = "import sys; from tumint.cli import main; sys.exit(main())"


@pytest.fixture(scope="session")
def snakemake() -> Call:
    """Snakemake with the workflow of this repository: snakemake(*arguments, cwd=folder)."""
    return lambda *arguments, **options: call(*SNAKEMAKE, *arguments, **options)


@pytest.fixture(scope="session")
def jobs(snakemake: Call) -> Jobs:
    """`{step: batches}` that a dry run would run: jobs(cwd=folder, config="config.yaml")."""

    def dry_run(*, cwd: Path, config: str = "config.yaml", env: dict[str, str] | None = None) -> dict[str, list[str]]:
        done = snakemake("--configfile", config, "--cores", 1, "--dry-run", "--quiet", "host", cwd=cwd, env=env)
        assert done.returncode == 0, done.stderr
        return {step.name: sorted(step.batches) for step in read_dry_run(done.stdout + done.stderr)}

    return dry_run


def change(folder: Path, name: str = "config.yaml", **sections: object) -> None:
    """Write `folder/name`: the cohort's config with these keys, deeply merged."""
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    _merge(config, sections)
    (folder / name).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _merge(into: dict[str, object], other: dict[str, object]) -> None:
    for key, value in other.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        else:
            into[key] = value


@pytest.fixture(scope="session")
def edit() -> Callable[..., None]:
    """edit(folder, name, **sections): the cohort's config with other settings."""
    return change


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory, snakemake: Call) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    rows = ["sample\tsubject\tpath\tpixel_size_um\tarm"]
    (folder / "raw").mkdir()
    for subject in range(SUBJECTS):
        for roi in range(ROIS):
            sample = f"M{subject}_ROI{roi}"
            (folder / "raw" / f"{sample}.csv").write_text("ObjectNumber\n1\n", encoding="utf-8")
            rows.append(f"{sample}\tM{subject}\traw/{sample}.csv\t1.0\t{'treated' if subject % 2 else 'vehicle'}")
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "resources" / "panels" / "mouse_lung_imc.yaml", folder / "panel.yaml")
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    config |= {"samples": "samples.tsv", "panel": "panel.yaml", "samples_per_job": 4}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    common = ("--configfile", "config.yaml", "--cores", 1)
    summary = snakemake(*common, "--detailed-summary", "--dry-run", cwd=folder)
    for line in summary.stdout.splitlines()[1:]:
        output = folder / line.split("\t")[0]
        if output.parent.name == "figures":
            output /= "figure.svg"
        output.parent.mkdir(parents=True, exist_ok=True)
        output.touch()
    done = snakemake(*common, "--touch", "--forceall", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def finished(_finished: Path, tmp_path: Path) -> Path:
    """A cohort of 8 samples in batches of at most 4 that Snakemake takes for done; its results are empty files."""
    return shutil.copytree(_finished, tmp_path / "cohort")
