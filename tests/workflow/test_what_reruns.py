"""What a change makes Snakemake run again: the list of jobs of each dry run."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole  # each of them starts Snakemake several times

BATCHES = ["b0002", "b0006", "b0007"]
SUBJECTS = [
    "g0003",
    "g0004",
    "g0005",
]  # contact odds ratios are fitted by subject, so their batches are of whole subjects
MINE = "b0006"  # of M3_ROI1
REPORTS = (
    *("report ingest", "report qc", "report cluster", "report neighbourhood", "report response", "report index"),
    "report cohort",
)
LEARN, GATHER = "neighbourhood: learn the niches", "neighbourhood: gather the subjects"
MEASURE, COMPARE = "qc: measure", "qc: compare the ROIs of the cohort"
STAGES = ("ingest", MEASURE, COMPARE, "qc", "cluster", LEARN, "neighbourhood", GATHER, "response")
ROOT = Path(__file__).parents[2]


def _steps(*names: str) -> dict[str, list[str]]:
    """`{step: batches}`; all batches of those stages that run by batch."""
    of_step = {"ingest": BATCHES, MEASURE: BATCHES, "qc": BATCHES, "neighbourhood": SUBJECTS}
    return {name: of_step.get(name, []) for name in names}


FROM_NEIGHBOURHOOD = _steps(
    *(LEARN, "neighbourhood", GATHER, "response"),
    *("report neighbourhood", "report response", "report index", "report cohort"),
)


def test_nothing_was_made(finished, jobs):
    shutil.rmtree(finished / "results")
    assert jobs(cwd=finished) == _steps(*STAGES, *REPORTS)


def test_everything_is_up_to_date(finished, jobs):
    assert jobs(cwd=finished) == {}


def test_a_neighbourhood_key(finished, jobs, edit):
    edit(finished, "other.yaml", neighbourhood={"graph": {"max_edge_um": 30.0}})
    without = {step: of for step, of in FROM_NEIGHBOURHOOD.items() if step != LEARN}
    assert jobs(cwd=finished, config="other.yaml") == without  # what niches are does not depend on it


@pytest.mark.slow
def test_a_key_of_niches(finished, jobs, edit):
    edit(finished, "other.yaml", neighbourhood={"niches": {"nearest": 20}})
    assert jobs(cwd=finished, config="other.yaml") == FROM_NEIGHBOURHOOD


@pytest.mark.slow
def test_a_figure_setting(finished, jobs, edit):
    edit(finished, "other.yaml", report={"point_size": 5.0})
    assert jobs(cwd=finished, config="other.yaml") == _steps(*REPORTS)


def test_a_signature_of_the_panel_leaves_ingest_alone(finished, jobs):
    panel = finished / "panel.yaml"
    panel.write_text(panel.read_text().replace("[EPCAM, PVR]", "[EPCAM]"))
    assert jobs(cwd=finished) == {
        **FROM_NEIGHBOURHOOD,
        **_steps("cluster", "report cluster"),
    }


def test_a_raw_table(finished, jobs):
    with open(finished / "raw" / "M3_ROI1.csv", "a") as table:
        table.write("2\n")
    everything = _steps(*STAGES, *REPORTS)
    assert jobs(cwd=finished) == {**everything, "ingest": [MINE], MEASURE: [MINE], "qc": [MINE]}


@pytest.mark.slow
def test_limits_of_the_cohort_judge_every_batch_again(finished, jobs, edit):
    edit(finished, "other.yaml", qc={"total": {"mad_above": 5.0, "per": "cohort"}})
    asked = jobs(cwd=finished, config="other.yaml")
    assert asked == _steps(*STAGES[1:], *REPORTS[1:])


def test_the_design_of_the_sheet(finished, jobs, edit):
    sheet = finished / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("vehicle", "control"))
    contrast = {"name": "arm", "column": "arm", "reference": "control", "group": "treated"}
    edit(finished, response={"contrasts": [contrast]})
    assert jobs(cwd=finished) == _steps("response", *REPORTS)


@pytest.mark.parametrize("at", [1, pytest.param(9, marks=pytest.mark.slow)])
def test_a_sample_more_runs_its_own_batch_wherever_it_stands(finished, jobs, at):
    (finished / "raw" / "new.csv").write_text("ObjectNumber\n1\n")
    sheet = (finished / "samples.tsv").read_text().splitlines()
    sheet.insert(at, "new\tM3\traw/new.csv\t1.0\ttreated")
    (finished / "samples.tsv").write_text("\n".join(sheet) + "\n")
    everything = _steps(*STAGES, *REPORTS)
    assert jobs(cwd=finished) == {**everything, "ingest": ["b0002"], MEASURE: ["b0002"], "qc": ["b0002"]}


@pytest.mark.slow
def test_a_sample_less_or_of_another_name_runs_its_own_batch(finished, jobs):
    sheet = (finished / "samples.tsv").read_text()
    everything = _steps(*STAGES, *REPORTS)
    (finished / "samples.tsv").write_text(sheet.replace("M3_ROI1\t", "new\t"))
    both = ["b0002", MINE]  # that of the old name and that of the new
    assert jobs(cwd=finished) == {**everything, "ingest": both, MEASURE: both, "qc": both}
    (finished / "samples.tsv").write_text("".join(r for r in sheet.splitlines(keepends=True) if "M3_ROI1" not in r))
    assert jobs(cwd=finished) == {**everything, "ingest": [MINE], MEASURE: [MINE], "qc": [MINE]}


def test_an_edited_kernel(finished, jobs, tmp_path):
    copy = shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    moments = copy / "tumint" / "kernels" / "moments.py"
    env = {"PYTHONPATH": str(copy)}
    moments.write_text(moments.read_text() + "\n# a comment changes nothing\n")
    assert jobs(cwd=finished, env=env) == {}
    moments.write_text(moments.read_text() + "\nUNUSED = 0.5\n")
    assert jobs(cwd=finished, env=env) == FROM_NEIGHBOURHOOD


@pytest.mark.slow
def test_an_edited_figure(finished, jobs, tmp_path):
    copy = shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    with open(copy / "tumint" / "report" / "cluster" / "figures.py", "a") as figures:
        figures.write("\nUNUSED = 0.5\n")
    assert jobs(cwd=finished, env={"PYTHONPATH": str(copy)}) == _steps("report cluster", "report index")


def _dated(folder: Path, *patterns: str, days: float) -> None:
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        os.utime(path, (time.time() + 86400 * days,) * 2)


THEIRS = ("raw/*.csv", "*.tsv", "*.yaml")


@pytest.mark.parametrize("days", [-3000, pytest.param(30_000, marks=pytest.mark.slow)])
def test_the_dates_of_users_files_say_nothing(finished, jobs, days):
    _dated(finished, *THEIRS, days=days)
    assert jobs(cwd=finished) == {}


@pytest.mark.slow
def test_a_raw_table_of_the_future_is_read_once(finished, jobs):
    """That it says something else is seen all the same."""
    _dated(finished, *THEIRS, days=3)
    with open(finished / "raw" / "M3_ROI1.csv", "a") as table:
        table.write("2\n")
    _dated(finished, *THEIRS, days=4)
    assert jobs(cwd=finished)["ingest"] == [MINE]


@pytest.mark.slow
def test_results_without_order_are_not_made_again(finished, jobs):
    """As in a folder that was copied file by file, or by several at once."""
    paths = sorted(path for path in (finished / "results").rglob("*") if path.is_file())
    for i, path in enumerate(paths):
        os.utime(path, (time.time() - 3600 + 7919 * i % 1800,) * 2)
    _dated(finished, "results/demo/ingest/*.h5ad", days=2)
    assert jobs(cwd=finished) == {}


@pytest.mark.slow
def test_large_raw_tables_with_other_dates(finished, jobs, snakemake):
    """Their hash, which the end of a run remembers, decides."""
    raw = sorted((finished / "raw").glob("*.csv"))
    for path in raw:
        path.write_text("ObjectNumber\n" + "1\n" * 600_000, encoding="utf-8")
    common = ("--configfile", "config.yaml", "--cores", 1)
    assert snakemake(*common, "--touch", "--forceall", cwd=finished).returncode == 0
    assert jobs(cwd=finished) == {}
    _dated(finished, *THEIRS, days=3)
    assert jobs(cwd=finished) == {}
    raw[-1].write_text("ObjectNumber\n" + "2\n" * 600_000, encoding="utf-8")
    assert jobs(cwd=finished)["ingest"] == [MINE]


def test_a_missing_report(finished, jobs):
    (finished / "results" / "demo" / "reports" / "qc.html").unlink()
    assert jobs(cwd=finished) == _steps("report qc", "report index")


@pytest.mark.slow
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("edited")])
def test_a_single_figure_and_a_file_of_another_content(finished, jobs, change):
    results = finished / "results" / "demo"
    for name in ("figures/qc/figure.svg", "response/prediction.parquet"):
        change(results / name)
    assert jobs(cwd=finished) == _steps("response", "report qc", "report response", "report index")


MISSED = {
    "ingest/b0006.h5ad": "ingest",
    "ingest/b0006.samples.parquet": "ingest",
    "ingest/b0006.edges.parquet": "ingest",
    "qc/b0007.measures.parquet": MEASURE,
    "qc/limits.parquet": COMPARE,
    "qc/b0002.h5ad": "qc",
    "qc/b0002.cells.parquet": "qc",
    "cluster/cells.h5ad": "cluster",
    "cluster/moran.parquet": "cluster",
    "neighbourhood/g0003/nulls.parquet": "neighbourhood",
    "neighbourhood/g0004/features.parquet": "neighbourhood",
    "neighbourhood/nulls.parquet": GATHER,
    "response/prediction.parquet": "response",
    "response/effects.json": "response",
    "figures/qc": "report qc",
    "neighbourhood/g0005/graph.parquet": "neighbourhood",
    "cohort.h5ad": "report cohort",
}


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])  # each takes a dry run
def test_every_file_that_is_gone_is_missed(finished, jobs, every):
    overlooked = []
    for name, step in list(MISSED.items())[::every]:
        path = finished / "results" / "demo" / name
        path.rename(finished / "away")
        if step not in jobs(cwd=finished):
            overlooked.append(name)
        (finished / "away").rename(path)
    assert not overlooked
