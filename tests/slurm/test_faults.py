"""Faults of jobs under a real Slurm: each is told in one line, and the next run goes on to the bytes of a local run.

One cohort goes from stage to stage, and at each something happens to it; every run begins where the last was ended.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger import Ledger
from running import Head, call, digests, until

pytestmark = pytest.mark.slurm_drill
ONCE = ("--retries", "0")
STATE = Path(os.environ.get("SLURM_STATE", "/var/tmp/tumint-slurm"))
NAME = "simulated_lung"


def _control(*words: str, check: bool = True) -> str:
    return subprocess.run(["scontrol", *words], text=True, capture_output=True, check=check).stdout


def _node(state: str) -> None:
    host = os.uname().nodename.partition(".")[0]
    if state != "RESUME":
        _control("update", f"NodeName={host}", f"State={state}", "Reason=drill")
        return
    # a node that registered again by itself cannot be resumed, and need not be
    _control("update", f"NodeName={host}", "State=RESUME", check=False)
    usable = re.compile(r"State=(IDLE|MIXED|ALLOCATED)[ *]")
    until(lambda: usable.search(_control("show", "node", host, "--oneliner")), "a node that takes jobs", 60)


def _is_over(job: str) -> bool:
    listed = ["squeue", "--noheader", "--states=RUNNING,COMPLETING,PENDING", f"--jobs={job}"]
    return not subprocess.run(listed, text=True, capture_output=True).stdout.strip()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort and, beside it, what a local run makes of it."""
    if shutil.which("sbatch") is None:
        pytest.fail("no Slurm here: `make drill` brings one up")
    folder = tmp_path_factory.mktemp("local")
    call("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 400, cwd=folder)
    config = folder / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 2"))
    call("run", "data/config.yaml", "--cores", 2, cwd=folder)
    return folder


@pytest.fixture
def cohort(wanted: Path, tmp_path: Path) -> Iterator[Path]:
    """The same cohort before anything ran; its results are on a small disk of their own."""
    shutil.copytree(wanted / "data", tmp_path / "data")
    results = tmp_path / "results"
    results.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(results)], check=True)
    try:
        yield tmp_path
    finally:
        (tmp_path / "hold").unlink(missing_ok=True)
        subprocess.run(["umount", "--lazy", str(results)], check=True)


class Drill:
    """The cohort on its way, and the faults that it has not yet been shown to have survived."""

    def __init__(self, folder: Path, wanted: Path, ledger: Ledger) -> None:
        self.folder, self.ledger = folder, ledger
        self.wanted = digests(wanted / "results" / NAME)
        self.waiting: list[tuple[str, bool]] = []

    def told(self, fault: str, head: Head, *said: str) -> None:
        """A run ended with one line that says `said`."""
        code, lines = head.end(), head.lines()
        self.ledger.look(
            fault, head.printed, *(p.read_text() for p in self.folder.glob(f"results/{NAME}/logs/**/*.log"))
        )
        if code == 0 or len(lines) != 1 or not all(re.search(words, lines[0]) for words in said):
            self.ledger.lose(f"{fault}: exit {code}, and the lines {lines}")
        else:
            print(f"{fault}: {lines[0]}", flush=True)
            self.waiting.append((fault, True))

    def lived(self, fault: str) -> None:
        """A run goes on through this one."""
        self.waiting.append((fault, False))

    def went_on(self, *made: str) -> None:
        """After what waits, these results were made, and everything there is as a local run has it."""
        found = digests(self.folder / "results" / NAME)
        wrong = [name for name, digest in found.items() if self.wanted.get(name) != digest]
        wrong += [name for name in made if name not in found]
        for fault, told in self.waiting:
            if wrong:
                self.ledger.lose(f"after {fault}: {wrong}")
            elif told:
                self.ledger.refuse()
            else:
                self.ledger.same()
        self.waiting = []


def test_faults_under_slurm(cohort: Path, wanted: Path) -> None:
    with Ledger("slurm") as ledger:
        drill = Drill(cohort, wanted, ledger)
        _in_ingest(drill)
        _in_quality_control(drill)
        _of_heads(drill)
        _to_the_end(drill)
    left = [path for path in (cohort / "results").rglob("*") if path.name.endswith(".part")]
    assert left == []
    assert digests(cohort / "results" / NAME) == drill.wanted


def _in_ingest(drill: Drill) -> None:
    folder, to = drill.folder, (*ONCE, "--until", "ingest")
    head = Head(folder, *to, "--set-resources", "ingest:slurm_partition=nowhere", "--jobs", "1")
    drill.told("a partition that is not there", head, "job ingest b000[23]", "that Slurm takes it", "invalid partition")

    raw = min((folder / "data" / "raw").glob("AllCellsMask_*.csv"))
    text = raw.read_text(encoding="utf-8")
    raw.write_text(text.replace("Location_Center_X", "Location_X", 1), encoding="utf-8")
    drill.told("a column that is missing", Head(folder, *to), raw.name, "Location_Center_X", r"b0003\.log")
    raw.write_text(text, encoding="utf-8")
    drill.went_on("ingest/b0002.h5ad")

    head = Head(folder, *to, "--set-resources", "ingest:mem_mb=100")
    drill.told("too little memory", head, "job ingest b000[23]", "ingest:mem_mb=200", "more than the 100 MB it had")

    head = Head(folder, *to, hold="ingest")
    _, job = head.held()
    subprocess.run(["scancel", job], check=True)
    drill.told(
        "scancel", head, "job ingest b000[23]", "somebody cancelled it in Slurm; it had 7[0-9]{2} MB and 30 minutes"
    )

    head = Head(folder, *to, hold="ingest")
    head.held()
    filler = folder / "results" / "filler"
    _fill(filler)
    head.release()
    drill.told("a full disk", head, "room (on the disk|for its results and its log)", r"b000[23]\.log")
    filler.unlink()


def _fill(filler: Path) -> None:
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _in_quality_control(drill: Drill) -> None:
    folder = drill.folder
    head = Head(folder, *ONCE, "--until", "qc_measure", hold="qc --measure")
    pid, _ = head.held()
    os.kill(pid, signal.SIGKILL)
    head.release()
    drill.told(
        "SIGKILL", head, "job qc: measure b000[23]", r"killed \(signal 9\); it had 700 MB", "qc_measure:mem_mb=1400"
    )
    drill.went_on("ingest/b0002.h5ad", "ingest/b0003.h5ad")

    head = Head(folder, *ONCE, "--until", "qc_gather", "--set-resources", "qc_gather:runtime=1", hold="qc --gather")
    head.held()
    drill.told(
        "out of time", head, "job qc: compare the ROIs", "qc_gather:runtime=2", "longer than the 1 minute it had"
    )
    drill.went_on("qc/b0002.measures.parquet", "qc/b0003.measures.parquet")


def _of_heads(drill: Drill) -> None:
    folder = drill.folder
    head = Head(folder, *ONCE, "--until", "cluster", hold="cluster")
    _, job = head.held()
    other = subprocess.run(
        head.process.args, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240
    )
    lines = [line for line in other.stdout.splitlines() if line.startswith("tumint: ")]
    drill.ledger.look("two heads", other.stdout)
    if other.returncode != 2 or len(lines) != 1 or "found one that is running" not in lines[0]:
        drill.ledger.lose(f"two heads: exit {other.returncode}, {lines}")
    else:
        drill.waiting.append(("two heads", True))

    head.kill()
    assert not _is_over(job)
    head = Head(folder, *ONCE, "--until", "cluster", hold="cluster")  # the job that is held belongs to nobody now
    head.held()
    head.release()
    code = head.end()
    drill.ledger.look("a killed head", head.printed)
    if code != 0 or not any(
        f"cancelled in Slurm, as the run that sent them was killed: {job}" in one for one in head.lines()
    ):
        drill.ledger.lose(f"a killed head: exit {code}, {head.lines()}")
    else:
        drill.lived("a killed head")
    drill.went_on("qc/b0002.h5ad", "qc/b0003.h5ad", "cluster/cells.parquet", "cluster/cells.h5ad")


def _to_the_end(drill: Drill) -> None:
    """One run, through all that is to be waited for or sent again."""
    head = Head(drill.folder, "--retries", "2", hold="neighbourhood --subjects")
    _, job = head.held()
    _node("DRAIN")
    head.hold("neighbourhood --gather")
    until(lambda: _is_over(job), "the job of the node that is drained")
    time.sleep(5)
    _node("RESUME")
    drill.lived("a node that is drained")

    head.held()
    _node("DOWN")
    head.hold("response")
    time.sleep(5)
    _node("RESUME")
    drill.lived("a node that is down")

    head.held()
    controller = int((STATE / "run" / "slurmctld.pid").read_text())
    os.kill(controller, signal.SIGSTOP)
    head.hold("report index")
    time.sleep(15)
    os.kill(controller, signal.SIGCONT)
    drill.lived("a controller that does not answer")

    _, job = head.held()
    subprocess.run(["scancel", job], check=True)
    head.release()
    drill.lived("scancel of a job that is sent again")
    code = head.end()
    drill.ledger.look("the last run", head.printed)
    if code != 0:
        drill.ledger.lose(f"the last run: exit {code}, {head.lines()}\n{head.printed[-3000:]}")
    drill.went_on(*drill.wanted)
