"""What the Snakefile computes: rows of batches as JSON, raw files, memory and time of a job, the lock of
a run and the faults in the logs of its jobs. The rules are in `workflow/rules`, and Snakemake is not imported here.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

import pandas as pd

from tumint import keys as k
from tumint import machine, slurm
from tumint.batches import batches as batches
from tumint.batches import subject_batches as subject_batches
from tumint.config.cluster import ClusterConfig
from tumint.config.ingest import IngestConfig
from tumint.errors import Fault, TumintError
from tumint.ingest import registry
from tumint.io.atomic import write_text
from tumint.stages import ALL

# what ends a job; what it only remarks on, such as samples that are left out, stays in its log
_FAULT = re.compile(r"tumint: (.*\bexpected .*, found |internal error|stopped by )")
_SMALLEST_MB = 700  # under Slurm each job starts two nested Snakemakes


def subjects_json(sheet: pd.DataFrame, samples: Sequence[str]) -> str:
    """`{sample: subject}` of `samples`, in their order."""
    subject = dict(zip(sheet[k.SAMPLE], sheet[k.SUBJECT], strict=True))
    return json.dumps({s: subject[s] for s in samples}, ensure_ascii=False, separators=(",", ":"))


def rows_json(sheet: pd.DataFrame, samples: Sequence[str], config: IngestConfig | None = None) -> str:
    """The rows of `samples` as ingest takes them: name, file, part and pixel size, and none of the design's columns.

    With the config of ingest also the columns that name more files for its reader.
    """
    columns = [column for column in (k.SAMPLE, k.PATH, k.PART, k.PIXEL_SIZE_UM) if column in sheet]
    columns += registry.sheet_files(config.format, sheet.columns) if config is not None else []
    rows = sheet.set_index(k.SAMPLE, drop=False).loc[list(samples), columns]
    return json.dumps(rows.to_dict("records"), ensure_ascii=False, separators=(",", ":"))


def batches_json(sheet: pd.DataFrame, column: str) -> str:
    """`{sample: batch}` by a column of the sheet, in its order."""
    named = dict(zip(sheet[k.SAMPLE], sheet[column].astype(str), strict=True))
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def sketched_json(sheet: pd.DataFrame, config: ClusterConfig) -> str:
    """`{sample: subject}` by name, for a sketch of the cells; empty where none is drawn: no other subject reruns it."""
    drawn = config.sketch is not None and config.typing != "provided"
    return subjects_json(sheet, sorted(sheet[k.SAMPLE]) if drawn else [])


def check_reader(config: IngestConfig) -> None:
    """Raise `ConfigError` where the reader of the format cannot be had."""
    registry.reader(config.format)


def raw_files(sheet: pd.DataFrame, samples: Sequence[str], config: IngestConfig) -> list[str]:
    """The files that ingest reads for `samples`, each once: tables of cells, and what belongs to them."""
    rows = sheet.set_index(k.SAMPLE, drop=False).loc[list(samples)]
    parts = rows[k.PART] if k.PART in rows else [""] * len(rows)
    named = rows[registry.sheet_files(config.format, sheet.columns)].to_numpy(dtype=object)
    found: dict[str, None] = {}
    for path, part, others in zip(rows[k.PATH], parts, named, strict=True):
        found |= dict.fromkeys(registry.files(path, part, config, filter(None, others)))
    return list(found)


def memory_mb(stage: str, input_mb: float, attempt: int) -> int:
    """Memory that a job of `stage` asks for: from the size of its inputs, times the attempt."""
    need = ALL[stage].need
    return max(_SMALLEST_MB, math.ceil(need.base_mb + need.per_mb * input_mb)) * attempt


def minutes(stage: str, attempt: int) -> int:
    """Minutes that a job of `stage` asks for, times the attempt."""
    return ALL[stage].need.minutes * attempt


_locks: list[IO[str]] = []  # an open file is what holds a lock


def hold_lock(path: str | Path) -> None:
    """Lock a cohort for the life of this process.

    Snakemake's own lock outlives a killed run and has to be removed by hand; this one goes with the process.

    Raises
    ------
    TumintError
        Another run of the cohort holds it, or its folder cannot be written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "w", encoding="utf-8")  # noqa: SIM115  (it stays open)
    except OSError as error:
        raise TumintError(Fault(str(path), "a folder that can be written", f"`{error.strerror}`")) from None
    try:
        machine.lock(handle)
    except BlockingIOError:
        handle.close()
        raise TumintError(
            Fault(str(path), "no other run of this cohort in this folder", "one that is running")
        ) from None
    _locks.append(handle)


def end_earlier(memory: str | Path, logs: Sequence[str]) -> list[str]:
    """End what the run before this one, if it was killed, left in Slurm; the numbers of the jobs.

    `memory` is the file that has the run's log of Snakemake; those of this run, `logs`, are written there.
    """
    path, left = Path(memory), []
    with contextlib.suppress(OSError, UnicodeDecodeError):
        left = [job for log in path.read_text(encoding="utf-8").splitlines() for job in slurm.cancel_left(Path(log))]
    with contextlib.suppress(OSError):
        write_text(path, "\n".join(logs))
    return left


def remove_other_batches(results: str | Path, names: Collection[str]) -> list[str]:
    """Remove what an earlier run with more batches left, so that no report reads a sample twice; what was removed.

    `names` are those of batches of samples and of groups of subjects.
    """
    removed = []
    for path in sorted(p for stage in ("ingest", "qc", "neighbourhood") for p in Path(results, stage).glob("[bg]*")):
        batch = path.name.split(".")[0]
        # batches of samples, as earlier versions had them, are no longer those of the neighbourhood stage
        stale = path.parent.name == "neighbourhood" and batch.startswith("b")
        if re.fullmatch(r"[bg]\d{4,}", batch) and (batch not in names or stale):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed.append(str(path))
    return removed


def remove_told(folder: str | Path) -> None:
    """Remove logs under `folder` that have a fault: a job that is ended before it writes one would seem to have it."""
    for path in Path(folder).rglob("*.log"):
        if any(line.startswith("tumint: ") for line in path.read_text("utf-8", "replace").splitlines()):
            path.unlink()


def faults_in_logs(folder: str | Path, since: float) -> list[str]:
    """The users' faults that jobs wrote to logs under `folder` after `since` (seconds of the epoch), with their log."""
    found = []
    for path in sorted(Path(folder).rglob("*.log")):
        if path.stat().st_mtime >= since:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [f"{line} ({path})" for line in lines if _FAULT.match(line)]
    return found
