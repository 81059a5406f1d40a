"""One SIMULATED cohort of 60 ROIs through a real one-node Slurm, as many jobs and as one: `make slurm-jobs`.

Both have to give the same bytes. Seconds by the clock, jobs of Slurm, and how often its programs were called, the head
process and the jobs themselves together, go to docs/scale.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml
from document import put
from readme import as_table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "slurm"))
from running import SLURM, TUMINT, digests, until  # noqa: E402  (found only now)

PROGRAMS = ("sbatch", "squeue", "sacct", "scontrol", "scancel", "sinfo", "sacctmgr", "srun")
SUBJECTS, ROIS, CELLS = 12, 5, 1000
ONE_JOB = {"account": "tumour", "partition": "short", "mem": "8G", "time": "01:00:00", "output": "one.log"}


def counted(folder: Path) -> dict[str, str]:
    """An environment in which every program of Slurm writes its name to `calls` in `folder` before it starts."""
    programs = folder / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        there = shutil.which(name)
        if there is None:
            sys.exit(f"slurm_jobs: expected Slurm (tests/slurm/up.sh brings one up), found no `{name}`")
        path = programs / name
        path.write_text(f'#!/bin/sh\necho {name} >>"{folder}/calls"\nexec {there} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def called(folder: Path) -> str:
    """How often each program was called since the last time this was asked."""
    path = folder / "calls"
    calls = Counter(path.read_text(encoding="utf-8").split())
    path.unlink()
    return f"{calls.total()} ({', '.join(f'{n} {name}' for name, n in calls.most_common())})"


def run(folder: Path, environment: dict[str, str], *arguments: object) -> tuple[str, float]:
    """What `tumint run` of the cohort printed, and seconds by the clock."""
    began = time.monotonic()
    words = [*TUMINT, "run", "data/config.yaml", *map(str, arguments)]
    done = subprocess.run(
        words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    return done.stdout, time.monotonic() - began


def in_queue(job: str) -> bool:
    """By the real `squeue`, which is not counted."""
    asked = ["squeue", "--noheader", "--jobs", job]
    return bool(subprocess.run(asked, text=True, capture_output=True, check=False).stdout.strip())


def main() -> None:
    """Run the cohort both ways and write the table."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        folder = Path(made)
        size = {"subjects": SUBJECTS, "rois": ROIS, "cells": CELLS, "seed": 60}
        options = [text for name, value in size.items() for text in (f"--{name}", str(value))]
        subprocess.run([*TUMINT, "simulate", "data", *options], cwd=folder, check=True)
        environment = counted(folder)
        printed, many = run(folder, environment, *SLURM)
        jobs = printed.count("has been submitted with SLURM jobid")
        rows = [["a job for each step (`slurm`)", f"{many:.0f} s", str(jobs), called(folder)]]
        results = folder / "results" / "simulated_lung"
        through_slurm = digests(results)
        shutil.move(folder / "results", folder / "results_of_jobs")
        shutil.rmtree(folder / ".snakemake")
        single = folder / "single"
        single.mkdir()
        (single / "config.yaml").write_text(yaml.safe_dump({"sbatch": ONE_JOB}), encoding="utf-8")
        began = time.monotonic()
        said, _ = run(folder, environment, "--profile", "single", "--cores", 2)
        number = re.search(r"Submitted as job (\d+) of Slurm", said)
        assert number is not None, said
        until(lambda: not in_queue(number[1]), "the job to end", seconds=3600)
        rows.append(["the whole run as one (`slurm-single`)", f"{time.monotonic() - began:.0f} s", "1", called(folder)])
        same = digests(results)
        assert same == through_slurm, (folder / "one.log").read_text(encoding="utf-8")[-3000:]
        shutil.rmtree(folder / "results_of_jobs")
    head = (
        f"Written by `make slurm-jobs`. {SUBJECTS * ROIS} ROIs of {CELLS:,} cells, SIMULATED, through Slurm on one "
        f"node of 2 cores: both ways gave the same {len(same)} files, byte for byte. On a cluster, jobs also wait "
        "in the queue, and many run at once."
    )
    columns = ["how", "by the clock", "jobs", "calls of Slurm's programs"]
    table = f"{head}\n\n{as_table(columns, rows)}"
    print(table)
    put(ROOT / "docs" / "scale.md", {"Many jobs of Slurm, or one": table})


if __name__ == "__main__":
    main()
