"""`tumint plan` in words, and the faults that `run`, `plan` and Snakemake itself show before anything starts."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.whole
FAULTS = [
    "other.yaml: key `samples_per_job`: expected greater than or equal to 1, found `0`.",
    "other.yaml: key `neighbourhood.graph.max_egde`: expected only keys that config/README.md names, found "
    "`max_egde` (the nearest is `max_edge_um`).",
    "samples.tsv row 3 (sample M0_ROI0): expected each `sample` once, found `M0_ROI0` in row 2 too.",
]


def test_plan_of_a_finished_cohort(finished, tumint):
    done = tumint("plan", "config.yaml", cwd=finished)
    assert (done.returncode, done.stdout) == (0, "Nothing to do: everything in results/demo is up to date.\n")


def test_plan_names_the_settings_that_changed(finished, tumint, edit):
    edit(finished, "other.yaml", neighbourhood={"min_cells": 20})
    done = tumint("plan", "other.yaml", cwd=finished)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "9 jobs would run for results/demo:",  # niches are learnt without it
        "  neighbourhood (3 batches): settings changed: neighbourhood.min_cells 10 → 20",
        "  neighbourhood: gather the subjects: reads what is made again",
        *(f"  {step}: reads what is made again" for step in ("response", "report neighbourhood", "report response")),
        "  report cohort: reads what is made again",
        "  report index: reads what is made again",
    ]


def test_plan_tells_other_samples_from_other_settings(finished, tumint):
    sheet = finished / "samples.tsv"
    sheet.write_text(
        sheet.read_text().replace("M0_ROI0\tM0\traw/M0_ROI0.csv\t1.0", "M0_ROI0\tM0\traw/M0_ROI0.csv\t2.0")
    )
    lines = tumint("plan", "config.yaml", cwd=finished).stdout.splitlines()
    assert "  ingest (b0006): other samples" in lines


def test_plan_follows_the_order_of_the_stages(finished, tumint):
    shutil.rmtree(finished / "results")
    lines = tumint("plan", "config.yaml", cwd=finished).stdout.splitlines()
    assert [line.split(" (")[0].removesuffix(": not made yet").strip() for line in lines[1:]] == [
        *("ingest", "qc: measure", "qc: compare the ROIs of the cohort", "qc", "cluster"),
        *("neighbourhood: learn the niches", "neighbourhood", "neighbourhood: gather the subjects", "response"),
        *(f"report {name}" for name in ("ingest", "qc", "cluster", "neighbourhood", "response", "cohort", "index")),
    ]


def test_plan_tells_an_edited_file_from_a_missing_one(finished, tumint):
    (finished / "raw" / "M0_ROI0.csv").write_text("ObjectNumber\n1\n2\n")
    (finished / "results" / "demo" / "reports" / "qc.html").unlink()
    lines = tumint("plan", "config.yaml", cwd=finished).stdout.splitlines()
    assert "  ingest (b0006): an input file was edited" in lines
    assert "  report qc: not made yet" in lines


def test_plan_runs_nothing(finished, tumint):
    before = {p: p.stat().st_mtime_ns for p in (finished / "results").rglob("*")}
    (finished / "results" / "demo" / "reports" / "qc.html").unlink()
    tumint("plan", "config.yaml", cwd=finished)
    after = {p: p.stat().st_mtime_ns for p in (finished / "results").rglob("*")}
    assert {p.name for p in before.keys() - after.keys()} == {"qc.html"}
    assert all(before[p] == after[p] for p in after if p.name != "reports")


def _spoil(folder, edit):
    edit(folder, "other.yaml", samples_per_job=0, neighbourhood={"graph": {"max_egde": 3}})
    sheet = folder / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("M0_ROI1\t", "M0_ROI0\t"))


def test_run_shows_every_fault_and_starts_nothing(finished, tumint, edit):
    _spoil(finished, edit)
    for verb in ("run", "plan"):
        done = tumint(verb, "other.yaml", cwd=finished)
        assert done.returncode == 2
        assert done.stderr.splitlines() == [f"tumint: {fault}" for fault in FAULTS]


def test_plain_snakemake_shows_every_fault_without_traceback(finished, snakemake, edit):
    _spoil(finished, edit)
    done = snakemake("--configfile", "other.yaml", "--cores", 1, cwd=finished)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("tumint:")] == [f"tumint: {fault}" for fault in FAULTS]
    assert len(lines) == len(FAULTS) + 1  # and one that names the profile


def test_snakemake_checks_what_run_checks(finished, snakemake, edit):
    contrast = {"name": "arm", "column": "arm", "reference": "vehicle", "group": "treated", "formula": "~ arm + aeg"}
    edit(finished, "other.yaml", response={"contrasts": [contrast]})
    twice = (finished / "config.yaml").read_text(encoding="utf-8") + "seed: 1\n"
    (finished / "twice.yaml").write_text(twice, encoding="utf-8")
    for name, said in {
        "other.yaml": "tumint: other.yaml: key `response.contrasts.0.formula`: expected columns of samples.tsv, found",
        "twice.yaml": "key `seed`: expected each key once, found another in line",
    }.items():
        done = snakemake("--configfile", name, "--cores", 1, "-n", cwd=finished)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_arguments_after_the_dashes_go_to_snakemake(finished, tumint):
    done = tumint("run", "config.yaml", "--cores", "1", "--", "--summary", cwd=finished)
    assert done.returncode == 0
    assert "results/demo/response/effects.parquet" in done.stdout
    assert tumint("plan", "config.yaml", "--", "--summary", cwd=finished).returncode == 2


def test_doctor_says_what_there_is(finished, tumint):
    done = tumint("doctor", cwd=finished)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "All is well."
    assert any(line.startswith("working folder") and line.endswith("(writable)") for line in done.stdout.splitlines())
