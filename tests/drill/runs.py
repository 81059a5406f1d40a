"""Real runs of a cohort that is as small as a cohort can be, and what the drills compare of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from events import CREATED, FOLDER, Events

ROOT = Path(__file__).parents[2]
TUMINT = (sys.executable, "-m", "tumint")
CONFIG = "data/config.yaml"
COHORT = "simulated_lung"
RESULTS = Path("results") / COHORT
# times of jobs, what they printed, the lock, dates of files: no results
NO_RESULTS = ("logs", "benchmarks", ".lock", ".made.json")
LEFT = ".tmp-"


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    said: str  # what it printed, both streams

    @property
    def lines(self) -> list[str]:
        """What tumint itself said, each once."""
        return list(dict.fromkeys(line for line in self.said.splitlines() if line.startswith("tumint: ")))


@dataclass(frozen=True)
class Undisturbed:
    """A cohort before anything ran, the same after a run that nothing disturbed, and the seconds that this took."""

    raw: Path
    ran: Path
    seconds: float

    def copy(self, to: Path, *, ran: bool = False) -> Path:
        """A folder of its own to attack."""
        return shutil.copytree(self.ran if ran else self.raw, to, symlinks=True)


def undisturbed(folder: Path, **settings: object) -> Undisturbed:
    """Simulate a cohort of four ROIs, two to a job, and run it."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    done = tumint("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 200, cwd=raw)
    assert done.code == 0, done.said
    config = yaml.safe_load((raw / CONFIG).read_text(encoding="utf-8")) | {"samples_per_job": 2} | settings
    (raw / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    ran = shutil.copytree(raw, folder / "ran")
    start = time.monotonic()
    done = run(ran)
    assert done.code == 0, done.said
    return Undisturbed(raw, ran, time.monotonic() - start)


def environment(**changed: str | None) -> dict[str, str]:
    """That of this process with the code of this checkout first; None takes a variable away."""
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    merged = {**os.environ, "PYTHONPATH": path, **changed}
    return {name: value for name, value in merged.items() if value is not None}


def started(*words: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A program of its own process group, so that all that it starts can be killed with it."""
    return subprocess.Popen(
        [str(word) for word in words],
        cwd=cwd,
        env=env or environment(),
        text=True,
        errors="replace",
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=_hear_signals,
    )


def _hear_signals() -> None:
    """A drill in the background, or under nohup, ignores some, and what it starts would too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ended(process: subprocess.Popen[str], timeout: float = 1800) -> Done:
    """Wait for it; one that hangs is killed, and has no exit code that any drill takes."""
    try:
        said, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        kill(process)
        return Done(-1, "it hangs")
    return Done(process.returncode, said)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to all of its group; it and they are gone afterwards."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    while True:  # children of a dead parent go a moment later
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)


def tumint(*arguments: object, cwd: Path, env: dict[str, str] | None = None) -> Done:
    """A verb, to its end."""
    return ended(started(*TUMINT, *arguments, cwd=cwd, env=env))


def start(folder: Path, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """`tumint run` of a cohort."""
    given = arguments or ("--cores", 2)
    return started(*TUMINT, "run", CONFIG, *given, cwd=folder, env=env)


def run(folder: Path, *arguments: object, env: dict[str, str] | None = None) -> Done:
    """`tumint run` of a cohort, to its end."""
    return ended(start(folder, *arguments, env=env))


def digests(folder: Path, results: Path = RESULTS) -> dict[str, str]:
    """SHA-256 of every file of the results but `NO_RESULTS` and Snakemake's own, by path."""
    found = {}
    for path in sorted((folder / results).rglob("*")):
        name = path.relative_to(folder / results)
        if path.is_file() and name.parts[0] not in NO_RESULTS and name.name != ".snakemake_timestamp":
            found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Names of files that are other, too many or missing."""
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def left(folder: Path) -> list[Path]:
    """What a process was writing when it was killed."""
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names if name.startswith(LEFT)]


def being_written(folder: Path, process: subprocess.Popen[str], seconds: float) -> Iterator[Path]:
    """Files that are being written under `folder`, each when it is begun, as long as the process lives."""
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + seconds
    with Events(CREATED) as events:
        for place, _, _ in os.walk(folder):
            events.watch(Path(place))
        while process.poll() is None and time.monotonic() < end:
            for mask, path in events.next(0.2):
                if mask & FOLDER and path.is_dir():
                    events.watch(path)
                elif path.name.startswith(LEFT):
                    yield path


def commands(folder: Path) -> dict[str, list[str]]:
    """`{message of a job: its command, without the log}`, of all jobs of a run."""
    done = run(folder, "--cores", 1, "--", "--dry-run", "--forceall", "--printshellcmds", "--quiet", "host")
    assert done.code == 0, done.said
    found = {}
    for match in re.finditer(r"^Job \d+: (.+)\n(?:.*\n)*?(?:Shell command: )?(tumint .+)$", done.said, re.MULTILINE):
        found[match[1]] = shlex.split(match[2].rpartition(" > ")[0])[1:]
    return found
