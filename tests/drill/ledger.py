"""What `make drill` attacks, how often, and what came of it: the counts behind docs/reliability.md.

A drill opens a `Ledger` for its kind of attack and says of every single try how it ended. The ledger writes the counts
to `benchmarks/out/drill/<kind>.json`; `python tests/drill/ledger.py` makes the page of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
COUNTS = ROOT / "benchmarks" / "out" / "drill"
PAGE = ROOT / "docs" / "reliability.md"
SLOWEST_REFUSAL = 3.0
"""Seconds that a refusal may take before any job has started."""


@dataclass(frozen=True)
class Attack:
    """A kind of attack: how it is called on the page, how many tries it has at least, and what is promised."""

    title: str
    at_least: int
    promise: str


ATTACKS = {
    "kills": Attack(
        "A run is killed (SIGKILL), also inside a write, and started again",
        40,
        "The second run ends with the same bytes as a run that was never killed.",
    ),
    "signals": Attack(
        "A stage gets SIGTERM, SIGINT, SIGHUP or SIGXCPU inside a write",
        20,
        "No half-written file stands under a final name, and no temporary file stays behind.",
    ),
    "intermediates": Attack(
        "A file between stages is cut, emptied, changed by a bit or removed, and the run is started again",
        60,
        "The run makes it anew, with the same bytes, or stops with a line that names the file and what to do.",
    ),
    "disk": Attack(
        "The disk is full at some point of the run",
        6,
        "One line says so; after room was made, the same command goes on to the same bytes.",
    ),
    "two_runs": Attack(
        "Two runs on one results folder, from two working folders",
        4,
        "One runs, the other is refused with a line; the results are those of one run.",
    ),
    "changed_while_read": Attack(
        "A raw file changes while its job reads it",
        10,
        "The job stops and names the file; it never mixes two states.",
    ),
    "configs": Attack(
        "A config, sheet, panel or formula is wrong",
        200,
        "One line before any job starts, within 3 seconds, with exit code 2.",
    ),
    "names": Attack(
        "Odd names of samples, through whole runs",
        60,
        "The name comes through unchanged to the last table, or is refused with a line before any job starts.",
    ),
    "data": Attack(
        "A data file is damaged, hostile or not what its name says",
        60,
        "Its values are right, or one line says what is wrong with it. It never ends in a crash.",
    ),
    "circumstances": Attack(
        "Another locale, time zone, hash seed, number of cores, HOME or path",
        30,
        "The same bytes.",
    ),
    "slurm": Attack(
        "A job under Slurm is cancelled, killed, out of memory or out of time, or its node fails",
        10,
        "One line says which job, what it had and what to raise; the next run goes on to the same bytes.",
    ),
}


class Ledger:
    """Counts of one drill; leaving it fails the test on any loss, traceback or missing try.

    Args:
        kind: A key of `ATTACKS`.
        counts: The folder that gets `<kind>.json`.
    """

    def __init__(self, kind: str, counts: Path = COUNTS) -> None:
        self.kind, self.attack = kind, ATTACKS[kind]
        self.file = counts / f"{kind}.json"
        self.survived = self.refused = 0
        self.slowest_refusal = 0.0
        self.lost: list[str] = []
        self.tracebacks: list[str] = []

    @property
    def tried(self) -> int:
        """The number of tries so far."""
        return self.survived + self.refused + len(self.lost)

    def same(self) -> None:
        """This try ended with the right result."""
        self.survived += 1

    def refuse(self, seconds: float = 0.0) -> None:
        """This try ended in one line that says what is wrong; `seconds` where it was refused before any job."""
        self.refused += 1
        self.slowest_refusal = max(self.slowest_refusal, seconds)

    def lose(self, why: str) -> None:
        """This try ended in a wrong result, a silent loss, a hang, or a refusal that does not say why."""
        self.lost.append(why)

    def look(self, name: str, *printed: str) -> None:
        """Note a traceback in what the try `name` printed."""
        if any("Traceback (most recent call last)" in text for text in printed):
            self.tracebacks.append(name)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        counts = {
            "tried": self.tried,
            "survived": self.survived,
            "refused": self.refused,
            "lost": len(self.lost),
            "tracebacks": len(self.tracebacks),
            "slowest_refusal_s": round(self.slowest_refusal, 1),
        }
        self.file.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
        print(f"{self.kind}: {counts}")
        assert not self.lost, "\n".join(self.lost)
        assert not self.tracebacks, f"a traceback was printed: {self.tracebacks}"
        assert self.tried >= self.attack.at_least, f"{self.tried} tries of at least {self.attack.at_least}"
        assert self.slowest_refusal <= SLOWEST_REFUSAL, f"a refusal took {self.slowest_refusal:.1f} s"


HEAD = """# What can go wrong, and what is promised then

This page is made by `make drill`, which attacks real runs. *Came through* means that the result was the right one,
to the byte where a run is compared with an undisturbed one. *Refused* means that one line said what was wrong.
*Lost* means anything else: a wrong number, a silent loss, a hang or a message that does not help.

| attack | tried | came through | refused | lost | tracebacks | what is promised |
|---|---:|---:|---:|---:|---:|---|
"""

TAIL = """
## What is not promised

- A disk that returns other bytes than were written is noticed where a file carries a checksum: tables between stages
  do, page by page. A change in a figure or a report page is noticed by the next run where it changed the date of the
  file too.
- What a run made is compared with what is there only after a run that finished: after one that was killed or failed,
  the checksums inside tables are what is left, and a single figure that is gone is not missed.
- Results are for one writer at a time. The lock is a file in the results folder: it holds between runs on one machine
  and between machines that share a file system with working locks.
- Raw data that change between two runs are read again. A change that keeps both size and time of the file is not
  noticed: keep raw data read-only.
- A file that claims to be huge is refused at a stated limit; memory below that limit is the user's to provide. Of a
  Zarr store this holds for what its arrays say of themselves, not for a chunk that unpacks to more than they say.
- YAML that grows without end is refused by `tumint run`, `plan` and `doctor`. Plain `snakemake --configfile` reads the
  config before tumint can look at it.
"""


def page(counts: Path = COUNTS, before: str = "") -> str:
    """The text of docs/reliability.md.

    A drill without counts keeps its row of the page `before`; where it has none there it has not run to its end.
    """
    rows = []
    for kind, attack in ATTACKS.items():
        file = counts / f"{kind}.json"
        if not file.exists():
            kept = [line for line in before.splitlines() if line.startswith(f"| {attack.title} |")]
            rows.append(kept[0] if kept else f"| {attack.title} | not run to its end | | | | | {attack.promise} |")
            continue
        n = json.loads(file.read_text(encoding="utf-8"))
        cells = [n[key] for key in ("tried", "survived", "refused", "lost", "tracebacks")]
        rows.append(f"| {attack.title} | " + " | ".join(map(str, cells)) + f" | {attack.promise} |")
    return HEAD + "\n".join(rows) + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(before=PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")
