"""A small cohort with nothing wrong in it, what is done to it, and `tumint` as a process whose time is measured."""

from __future__ import annotations

import copy
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from tumint.cli import main; sys.exit(main())"
SLOWEST = 3.0
TIMEOUT = 120

CONFIG: dict[str, Any] = {
    "cohort": "small",
    "title": "A small cohort",
    "source": "made for the drill",
    "samples": "samples.tsv",
    "panel": "panel.yaml",
    "ingest": {"format": "table", "columns": {"x": "x", "y": "y"}},
    "cluster": {"typing": "signatures", "normalise": {"method": "arcsinh"}},
    "response": {
        "contrasts": [{"name": "arm", "column": "arm", "reference": "vehicle", "group": "treated"}],
        "outcomes": [{"name": "size", "column": "size"}],
    },
}
PANEL: dict[str, Any] = {
    "name": "small",
    "source": "made for the drill",
    "markers": [
        {"marker": "CD3"},
        {"marker": "CD8"},
        {"marker": "PD1", "use": "state"},
        {"marker": "DNA", "use": "dna"},
    ],
    "signatures": [
        {"cell_type": "T cells", "positive": ["CD3"], "negative": ["CD8"]},
        {"cell_type": "CD8 T cells", "positive": ["CD3", "CD8"]},
    ],
}
HEADER = ("sample", "subject", "path", "pixel_size_um", "arm", "time", "batch", "size", "days", "died")


def rows() -> list[list[str]]:
    """The sheet: 6 animals, each before and after."""
    found = [list(HEADER)]
    for i in range(6):
        for when in ("before", "after"):
            name = f"M{i}_{when}"
            arm = "treated" if i % 2 else "vehicle"
            found.append(
                [name, f"M{i}", f"raw/{name}.csv", "1.0", arm, when, f"b{i % 3}", str(5 + i), str(30 + i), str(i % 2)]
            )
    return found


@dataclass
class Cohort:
    """What an attack may change before it is written: a text in place of a table or of a dict is written as it is."""

    folder: Path
    config: Any
    panel: Any
    sheet: list[list[str]]
    text: dict[str, bytes]
    words: list[str]  # of the command line, after `run`

    def write(self) -> None:
        """Write all of it into the folder, which holds the raw data already."""
        (self.folder / "c.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")
        (self.folder / "panel.yaml").write_text(yaml.safe_dump(self.panel, sort_keys=False), encoding="utf-8")
        lines = ["\t".join(row) for row in self.sheet]
        (self.folder / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name, data in self.text.items():
            (self.folder / name).write_bytes(data)


@dataclass(frozen=True)
class Attack:
    """One thing that is wrong: how it is called, what it does, and the words that the one line must hold."""

    name: str
    do: Callable[[Cohort], object]
    words: tuple[str, ...]
    after: Callable[[Path], object] | None = None  # done to the folder once all is written


def make_raw(folder: Path) -> None:
    """The tables of cells, each its own."""
    (folder / "raw").mkdir(parents=True)
    (folder / "types.csv").write_text("cluster,type\n0,T cells\n", encoding="utf-8")
    for i, row in enumerate(rows()[1:]):
        cells = [f"{17 * j % 101},{31 * j % 103},{j % 7},{(j + i) % 5},{j % 3},{5 + j % 2}" for j in range(80)]
        (folder / row[2]).write_text("\n".join(["x,y,CD3,CD8,PD1,DNA", *cells]) + "\n", encoding="utf-8")


def cohort(folder: Path) -> Cohort:
    """The sound cohort in `folder`, not yet written."""
    return Cohort(folder, copy.deepcopy(CONFIG), copy.deepcopy(PANEL), rows(), {}, ["c.yaml", "--cores", "1"])


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (negative: a signal; None: it had to be stopped), what it said, its seconds."""

    code: int | None
    out: str
    err: str
    wall: float
    cpu: float

    @property
    def lines(self) -> list[str]:
        """All lines that it printed."""
        return [line for line in (self.out + self.err).splitlines() if line.strip()]


def tumint(*words: object, cwd: Path, timeout: float = TIMEOUT, limit_mb: int | None = None) -> Ended:
    """`tumint` as a program in a session of its own; the seconds of processor are those of it and of all it waited for.

    Args:
        words: Of the command line.
        cwd: Its working folder.
        timeout: Seconds after which it is ended with all it started; then its code is None.
        limit_mb: Address space that it may take.
    """

    def limited() -> None:
        if limit_mb is not None:
            resource.setrlimit(resource.RLIMIT_AS, (limit_mb << 20, limit_mb << 20))

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    said = [cwd.with_name(f"{cwd.name}.{name}") for name in ("out", "err")]
    started = time.perf_counter()
    with open(said[0], "wb") as out, open(said[1], "wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *map(str, words)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=limited,
        )
        status, used, code = 0, None, None
        waited, last = 0.0, started  # a machine that was put to sleep meanwhile has not waited
        while waited < timeout:
            now = time.perf_counter()
            waited, last = waited + min(now - last, 1.0), now
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.005)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = status  # it is waited for: nobody else is to do so
    wall = time.perf_counter() - started
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in said]
    for path in said:
        path.unlink()
    return Ended(code, *texts, wall, used.ru_utime + used.ru_stime if used is not None else 0.0)


def refusal_seconds(ended: Ended) -> float:
    """What a refusal took: by the clock, or by the processor where others keep this machine from working on it."""
    disturbed = os.getloadavg()[0] > len(os.sched_getaffinity(0))
    return ended.cpu if ended.wall > SLOWEST and disturbed else ended.wall


def tree(folder: Path) -> list[str]:
    """Names of all that is in a folder, and their sizes: a refusal leaves nothing and changes nothing."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(f"{path.relative_to(folder)} {path.lstat().st_size if not path.is_dir() else ''}")
    return found


def copied(source: Path, to: Path) -> Path:
    """A folder of its own for one try; raw data are linked, as no run writes them."""
    shutil.copytree(source, to, copy_function=os.link)
    return to
