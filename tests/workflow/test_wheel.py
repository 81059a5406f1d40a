"""The wheel by itself: built, installed into a new environment, and run in an empty folder with no checkout near."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = next((str(p) for p in (Path(sys.executable).with_name("uv"),) if p.exists()), shutil.which("uv"))
REPORTS = ("ingest", "qc", "cluster", "neighbourhood", "response", "index")
Run = Callable[..., subprocess.CompletedProcess[str]]


def _environment(home: Path) -> dict[str, str]:
    """Nothing of this checkout, of its environment, or of the user's home."""
    mine = ("PYTHON", "VIRTUAL_ENV", "NUMBA", "XDG_", "TUMINT", "MYPYPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    here = {str(Path(sys.executable).parent), str(Path(sys.prefix, "bin"))}
    path = os.pathsep.join(p for p in kept.get("PATH", "").split(os.pathsep) if p not in here)
    return {**kept, "PATH": path, "HOME": str(home)}


def _call(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(word) for word in words], text=True, capture_output=True, **options
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    if UV is None:
        pytest.fail("uv is not there: `make env` installs it")
    out = tmp_path_factory.mktemp("dist")
    _call(UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", out, ROOT)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_a_run_reads(wheel: Path) -> None:
    """Every file of the workflow and the resources, the annotated config, and no test or benchmark."""
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        assert packed.read("tumint/resources/config.yaml") == (ROOT / "config" / "config.yaml").read_bytes()
    for room in ("workflow", "resources"):
        there = {f"tumint/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / room).rglob("*") if p.is_file()}
        assert there <= names, there - names
    templates = {p for p in (ROOT / "src" / "tumint").rglob("*") if p.is_file() and p.suffix in (".j2", ".js", ".css")}
    assert {f"tumint/{p.relative_to(ROOT / 'src' / 'tumint').as_posix()}" for p in templates} <= names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "docs"))]


@pytest.mark.whole
def test_the_demo_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Without any extra: init, simulate, plan, run, doctor, score and compare, to the finished reports."""
    venv, home, work = tmp_path / "venv", tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    assert UV is not None
    quiet = {"env": {**os.environ, "UV_NO_CONFIG": "1", "UV_SYSTEM_CERTS": "1"}}
    _call(UV, "venv", "--quiet", "--python", sys.executable, venv, **quiet)
    python = venv / "bin" / "python"
    # the versions of the lock, of the packages that the wheel itself asks for
    _call(
        UV, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.lock", wheel, **quiet
    )
    there = _call(UV, "pip", "list", "--format", "freeze", "--python", python, **quiet).stdout
    names = {line.partition("==")[0] for line in there.splitlines()}
    assert "snakemake" in names
    assert not names & {"pytest", "ruff", "mypy", "scanpy", "squidpy", "spatialdata", "leidenalg"}

    # kernels are compiled here for the first time: without optimising, which takes a quarter less
    env = {**_environment(home), "NUMBA_OPT": "0"}

    def tumint(*words: object) -> str:
        return _call(venv / "bin" / "tumint", *words, cwd=work, env=env).stdout

    where = _call(python, "-c", "import tumint; print(tumint.__file__)", cwd=work, env=env).stdout
    assert Path(where.strip()).is_relative_to(venv)
    tumint("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 250)
    assert "jobs would run for results/simulated_lung" in tumint("plan", "data/config.yaml")
    done = _call(venv / "bin" / "tumint", "run", "data/config.yaml", "--cores", 2, cwd=work, env=env)
    last = done.stderr.splitlines()[-3:]
    assert last[0] == "tumint: the report: results/simulated_lung/reports/index.html"
    assert last[1].startswith("tumint: found: Treated against vehicle (arm): ")
    assert last[2] == "tumint: lost: no sample of 4."
    for name in REPORTS:
        text = (work / "results" / "simulated_lung" / "reports" / f"{name}.html").read_text(encoding="utf-8")
        assert "SIMULATED" in text
        assert str(ROOT) not in text
    doctor = tumint("doctor", "data/config.yaml")
    assert doctor.endswith("All is well.\n")
    assert re.search(
        rf"^try: workflow +{re.escape(str(venv))}/.*/tumint/workflow/Snakefile found$", doctor, re.MULTILINE
    )
    tumint("init", "mine", "--from", "data/raw")
    assert (work / "mine" / "config.yaml").is_file()
