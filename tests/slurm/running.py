"""Runs of a small cohort under the Slurm of these tests, and what came of them."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tumint.io.atomic import is_leftover

ROOT = Path(__file__).parents[2]
TUMINT = (sys.executable, "-m", "tumint")
SLURM = (
    *("--profile", ROOT / "workflow" / "profiles" / "slurm", "--"),
    *("--default-resources", "slurm_account=tumour", "slurm_partition=short"),
    *("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2", "--latency-wait", "10"),
)
LONGEST = 900  # seconds; a hung submission must end the test, not the CI run


def digests(results: Path) -> dict[str, str]:
    """SHA-256 of every result, by path.

    Not of logs, benchmarks and `.made.json`, which hold times; nor of `.lock` and what Snakemake itself notes of a
    folder, which hold nothing; nor of what a killed job was writing, which has no result's name and goes when the next
    run starts.
    """
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        is_result = (
            name.parts[0] not in ("logs", "benchmarks", ".lock", ".made.json") and path.name != ".snakemake_timestamp"
        )
        if path.is_file() and is_result and not is_leftover(path.name):
            found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def call(*arguments: object, cwd: Path) -> str:
    """What a `tumint` that ends well printed."""
    done = subprocess.run(
        [*TUMINT, *map(str, arguments)],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def until(is_so: Callable[[], object], what: str, seconds: float = 900) -> None:
    """Wait until something is so; AssertionError where that takes too long."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.2)


class Head:
    """A `tumint run` of the cohort in `folder` through Slurm, whose jobs can be held inside a write."""

    def __init__(self, folder: Path, *arguments: object, hold: str = "") -> None:
        self.folder, self.printed = folder, ""
        self.held_in = folder / "held"
        self.held_in.mkdir(exist_ok=True)
        if hold:
            self.hold(hold)  # also what an earlier run left held
        else:
            self.release()
        paths = [str(Path(__file__).parent / "hold"), str(ROOT / "src")]
        self.log = open(folder / "printed.txt", "w+", encoding="utf-8")  # noqa: SIM115  (until it ends)
        self.process = subprocess.Popen(
            [*TUMINT, "run", "data/config.yaml", *map(str, (*SLURM, *arguments))],
            cwd=folder,
            env={**os.environ, "DRILL_FOLDER": str(folder), "PYTHONPATH": os.pathsep.join(paths)},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def hold(self, words: str) -> None:
        """Hold jobs whose command has these words."""
        for path in self.held_in.iterdir():
            path.unlink()
        (self.folder / "hold").write_text(words, encoding="utf-8")

    def release(self) -> None:
        """Hold none any longer."""
        (self.folder / "hold").unlink(missing_ok=True)

    def held(self) -> tuple[int, str]:
        """Process and number in Slurm of a job that is held; waits for one."""

        def found() -> list[Path]:
            assert self.process.poll() is None, self.log_text()
            return [path for path in self.held_in.iterdir() if path.read_text()]

        until(found, "a job to be held")
        path = found()[0]
        return int(path.name), path.read_text()

    def log_text(self) -> str:
        """What it printed so far."""
        return (self.folder / "printed.txt").read_text(encoding="utf-8")

    def end(self) -> int:
        """Wait for its end; the exit code. `printed` has what it printed."""
        try:
            code = self.process.wait(timeout=LONGEST)
        finally:
            self.kill()
        self.printed = self.log_text()
        return code

    def kill(self) -> None:
        """SIGKILL, to it and what it started here; jobs in Slurm go on."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    def lines(self) -> list[str]:
        """The lines that it printed for a person at its end, after the logs of the jobs that failed."""
        last = self.printed.rpartition("Exiting because a job execution failed.")[2]
        return re.findall(r"^tumint: .*$", last, flags=re.MULTILINE)
