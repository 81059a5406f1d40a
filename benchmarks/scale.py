"""Whole runs from raw tables to reports at growing size, on SIMULATED cohorts: `python benchmarks/scale.py [ROIS...]`.

Each cohort has ROIs of 4,000 cells, 5 of a mouse, 32 markers, and runs by `tumint run` on the cores of this machine.
CPU seconds and peak memory are those that the system counts for each process (`usage/sitecustomize.py`); of the run,
all that ran, Snakemake itself included. `benchmarks/scale.md` has the table, with the slope of log CPU on log ROIs
between the smallest and the largest size (1 is linear); docs/scale.md also what follows for other sizes. Runs lie in
`benchmarks/out/scale`; one that is there is run anew.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from document import put
from readme import STAGES, as_table

from tumint import module_code, simulate
from tumint.machine import usable_threads
from tumint.stages import ALL
from tumint.text import integer, number, percent, plural

ROOT = Path(__file__).parents[1]
OUT = Path(__file__).parent / "out" / "scale"
CELLS, ROIS_OF_A_SUBJECT = 4000, 5
SIZES = (20, 100, 400)  # of an even number of mice: half of them are treated
OTHERS, MANY = (100, 400, 1000, 3500, 25000), 16
_PAGES = ("reports", "figures", "cohort.h5ad")  # results of the report stage
Run = tuple[pd.DataFrame, float, float, float, tuple[float, float]]  # stages, CPU s, s, largest page, `overhead`
TUMINT = (sys.executable, "-P", "-m", "tumint")


def simulated(rois: int) -> Path:
    """A cohort of `rois` ROIs in a folder of its own, without results; its config.

    One that is there stays, if it was made by the same code: it takes as long as the run.
    """
    folder = OUT / str(rois)
    asked = {"subjects": rois // ROIS_OF_A_SUBJECT, "rois": ROIS_OF_A_SUBJECT, "cells": CELLS, "seed": rois}
    made_by = "".join(module_code.read(path)[0] for path in sorted(Path(simulate.__file__).parent.glob("*.py")))
    mark = hashlib.sha256(f"{asked} {made_by}".encode()).hexdigest()
    if (folder / "made").is_file() and (folder / "made").read_text(encoding="utf-8") == mark:
        for path in (folder / "results", folder / ".snakemake"):
            shutil.rmtree(path, ignore_errors=True)
        return folder / "config.yaml"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    subprocess.run([*TUMINT, "simulate", str(folder), *options], check=True, stdout=subprocess.DEVNULL)
    config = folder / "config.yaml"
    # `simulate` asks for small jobs, so that a small cohort shows several; here their size is that of a user's cohort
    text = re.sub(r"^samples_per_job: .*\n", "", config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    config.write_text(text, encoding="utf-8")
    (folder / "made").write_text(mark, encoding="utf-8")
    return config


def whole_run(config: Path) -> tuple[float, float]:
    """CPU seconds of all that ran, and seconds by the clock."""
    usage = _usage(config)
    usage.unlink(missing_ok=True)
    path = os.pathsep.join([str(Path(__file__).parent / "usage"), os.environ.get("PYTHONPATH", "")])
    noted = {**os.environ, "USAGE_FILE": str(usage), "PYTHONPATH": path.rstrip(os.pathsep)}
    noted.pop("PYTHONDONTWRITEBYTECODE", None)  # without .pyc files every start is 2 to 4 times slower
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(config.with_name("run.log"), "w", encoding="utf-8") as log:
        words = [*TUMINT, "run", "config.yaml", "--", "--benchmark-extended"]
        subprocess.run(words, cwd=config.parent, check=True, stdout=log, stderr=log, env=noted)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began


def _usage(config: Path) -> Path:
    return config.with_name("usage.tsv").resolve()


def used(config: Path) -> pd.DataFrame:
    """What each process used: where its output went, its command, CPU seconds and peak memory (KiB)."""
    return pd.read_csv(_usage(config), sep="\t", names=["out", "command", "cpu", "kib"])


def overhead(config: Path, jobs: pd.DataFrame) -> tuple[float, float]:
    """CPU seconds of Snakemake, and of all that jobs do before they begin: Python and its modules."""
    noted = used(config)
    snakemake = noted.loc[noted["command"].str.contains("-m snakemake", regex=False), "cpu"].sum()
    starts = 0.0
    for stage, n in jobs["stage"].value_counts().items():
        module = "report.engine.render" if stage == "report" else f"{stage}.stage"
        words = [sys.executable, "-P", "-c", f"import tumint.cli, tumint.{module}"]
        costs = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(words, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        starts += n * min(costs)
    return float(snakemake), starts


def jobs_of(config: Path) -> tuple[Path, pd.DataFrame]:
    """The folder of the results; a row per job: its stage, CPU seconds, peak memory, memory asked and inputs (MB)."""
    results = config.parent / yaml.safe_load(config.read_text(encoding="utf-8")).get("results", "results")
    found = next(path for path in [*results.rglob("benchmarks"), results / "benchmarks"] if path.is_dir())
    noted = used(config).set_index("out")
    parts = []
    for stage in STAGES:
        for path in sorted((found / stage).rglob("*.tsv")):
            told = pd.read_csv(path, sep="\t", na_values="NA").iloc[[0]]
            asked = ast.literal_eval(told["resources"].iloc[0])["mem_mb"]
            inputs = sum(ast.literal_eval(told["input_size_mb"].iloc[0]).values())
            log = (found.with_name("logs") / path.relative_to(found)).with_suffix(".log").resolve()
            own = noted.loc[[str(log)]]
            usage = {"cpu": own["cpu"].sum(), "rss": own["kib"].max() / 1024}
            parts.append({"stage": stage, "asked": asked, "inputs": inputs, **usage})
    return found, pd.DataFrame(parts)


def measured(config: Path) -> pd.DataFrame:
    """A row per stage: jobs, CPU seconds, peak memory of a job (MB) and results (MB)."""
    found, every = jobs_of(config)
    rows = []
    for stage in STAGES:
        jobs = every[every["stage"] == stage]
        places = [found.parent / name for name in (_PAGES if stage == "report" else (stage,))]
        files_made = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
        size = sum(path.stat().st_size for path in files_made)
        rows.append((stage, len(jobs), jobs["cpu"].sum(), jobs["rss"].max(), size / 1e6))
    return pd.DataFrame(rows, columns=["stage", "jobs", "cpu", "rss", "mb"]).set_index("stage")


def pages(config: Path) -> float:
    """Size of the largest page, MB."""
    return max(path.stat().st_size for path in config.parent.rglob("reports/*.html")) / 1e6


def slope(sizes: list[int], values: list[float]) -> float:
    """Of log value on log size, from the smallest to the largest."""
    return float(np.log(values[-1] / values[0]) / np.log(sizes[-1] / sizes[0]))


def table(runs: dict[int, Run]) -> str:
    """The runs beside each other."""
    sizes = sorted(runs)
    columns = ["stage", *(f"{size} ROIs" for size in sizes), "slope"]
    rows = []
    for stage in STAGES:
        cells = [runs[size][0].loc[stage] for size in sizes]
        texts = [f"{c['cpu']:.0f} s, {plural(int(c['jobs']), 'job')}, {integer(c['rss'])} MB" for c in cells]
        rows.append([stage, *texts, number(slope(sizes, [float(c["cpu"]) for c in cells]), 3)])
    whole = [f"**{cpu:.0f} s**, {clock:.0f} s by the clock" for _, cpu, clock, *_ in (runs[size] for size in sizes)]
    rows.append(["whole run", *whole, number(slope(sizes, [runs[size][1] for size in sizes]), 3)])
    for name, at in (("of these, Snakemake", 0), ("of these, the start of jobs", 1)):
        shares = [(runs[size][4][at], runs[size][1]) for size in sizes]
        rows.append([name, *(f"{cpu:.0f} s, {percent(cpu / whole)}" for cpu, whole in shares), ""])
    results = [f"{runs[size][0]['mb'].sum():.0f} MB, largest page {runs[size][3]:.1f} MB" for size in sizes]
    rows.append(["results", *results, ""])
    return as_table(columns, rows)


def memory(jobs: pd.DataFrame) -> str:
    """What jobs ask for, by `tumint.stages`, beside what they used, and a straight line through the latter.

    Parameters
    ----------
    jobs
        Those of all runs.
    """
    rows = []
    for stage in STAGES:
        of = jobs[jobs["stage"] == stage]
        most = of.loc[(of["rss"] / of["asked"]).idxmax()]
        line = "–"
        if of["inputs"].max() > 1.5 * of["inputs"].min() > 0:
            rise, base = np.polyfit(of["inputs"], of["rss"], 1)
            line = f"{integer(base)} + {number(rise, 2)} × MB of the inputs"
        need = ALL[stage].need
        model = f"{integer(need.base_mb)} + {number(need.per_mb, 2)} × MB of the inputs"
        fullest = f"{integer(most['rss'])} of {integer(most['asked'])} MB"
        rows.append([stage, integer(len(of)), model, line, fullest, percent(most["rss"] / most["asked"])])
    head = "Memory that jobs ask for, and what they used; the job that came nearest to what it had asked for."
    return f"{head}\n\n{as_table(['stage', 'jobs', 'asked, MB', 'used, fitted, MB', 'fullest', 'share'], rows)}"


def other_sizes(runs: dict[int, Run]) -> str:
    """What the two largest runs say of others: CPU as a power of the size, memory and results as straight lines."""
    small, large = sorted(runs)[-2:]
    rows = []
    for rois in OTHERS:
        grows = float(np.log(runs[large][1] / runs[small][1]) / np.log(large / small))
        hours = runs[large][1] * (rois / large) ** max(grows, 1.0) / 3600
        memory = _line(small, large, rois, lambda n: runs[n][0]["rss"].max())
        disk = _line(small, large, rois, lambda n: runs[n][0]["mb"].sum())
        at_once = _hours(runs, small, large, rois)
        cells = f"{rois * CELLS / 1e6:.1f} million"
        rows.append(
            [integer(rois), cells, f"{hours:.1f}", f"{at_once:.1f}", f"{memory / 1e3:.0f}", f"{disk / 1e3:.0f}"]
        )
    head = (
        f"**Computed**, not run, from the runs of {small} and {large} ROIs: CPU hours of all, hours on {MANY} cores "
        "(clustering and comparison are one job each, and the reports are taken one after the other), memory of the "
        "largest job, which clusters, and disk for the results. An hour costs what your cluster charges for it."
    )
    columns = ["ROIs", "cells", "CPU hours", f"hours on {MANY} cores", "GB of the largest job", "GB of results"]
    return f"{head}\n\n{as_table(columns, rows)}"


def _line(small: int, large: int, at: int, value: Callable[[int], float]) -> float:
    rise = max((value(large) - value(small)) / (large - small), 0.0)
    return float(value(large) + rise * (at - large))


def _hours(runs: dict[int, Run], small: int, large: int, rois: int) -> float:
    """Stages that wait for all others, one after the other on one core, and the rest on all."""
    total = 0.0
    for stage in STAGES:
        cpu = [float(runs[size][0].loc[stage, "cpu"]) for size in (small, large)]
        grown = cpu[1] * (rois / large) ** max(float(np.log(cpu[1] / cpu[0]) / np.log(large / small)), 1.0)
        total += grown / (1 if stage in ("cluster", "response", "report") else MANY)
    return total / 3600


def main(sizes: list[int]) -> None:
    """Run the sizes one after the other and write the table."""
    runs, jobs = {}, []
    whole_run(simulated(sizes[0]))  # compiles the kernels, which the first run on a machine does once
    for size in sizes:
        config = simulated(size)
        cpu, clock = whole_run(config)
        jobs.append(jobs_of(config)[1])
        runs[size] = (measured(config), cpu, clock, pages(config), overhead(config, jobs[-1]))
        print(f"{size} ROIs: {cpu:.0f} CPU s\n{runs[size][0].round(1).to_string()}", flush=True)
    head = (
        f"CPU seconds, number of jobs and peak memory of a job, by stage; ROIs of {integer(CELLS)} cells, SIMULATED, "
        f"{usable_threads()} cores. CPU seconds of stages hold each job's start-up, those of the run Snakemake's too."
    )
    measured_ones = f"{head}\n\n{table(runs)}"
    put(ROOT / "benchmarks" / "scale.md", {"Whole runs": measured_ones})
    if len(runs) > 1:
        asked = memory(pd.concat(jobs))
        made = {"Whole runs, measured": measured_ones, "Memory": asked, "Other sizes": other_sizes(runs)}
        put(ROOT / "docs" / "scale.md", made)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or list(SIZES))
