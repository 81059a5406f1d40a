"""Runs that are killed again and again, and then end as one that was never killed (`make drill`)."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
import runs
from ledger import Ledger

KILLS, AIMED, IN_A_ROW = 40, 10, 8


@pytest.mark.slow
def test_killed_runs_end_with_the_same_bytes(undisturbed: runs.Undisturbed, tmp_path: Path) -> None:
    """A run is killed some times in a row: what one kill left is there at the next, and its results count for all."""
    expected, hits, seed = runs.digests(undisturbed.ran), 0, 0
    with Ledger("kills") as ledger:
        while ledger.tried < KILLS or hits < AIMED:
            rng = random.Random(seed)
            folder = undisturbed.copy(tmp_path / f"killed_{seed}")
            kills = 0
            for turn in range(IN_A_ROW):
                hit = _kill(folder, rng.uniform(0.1, 0.4) * undisturbed.seconds, aimed=turn % 2 == 1)
                if hit is None:
                    break
                kills, hits = kills + 1, hits + hit
            done = runs.run(folder)
            ledger.look(f"seed {seed}", done.said)
            wrong = runs.differences(runs.digests(folder), expected)
            for _ in range(kills):
                if done.code or wrong or runs.left(folder):
                    ledger.lose(f"seed {seed}, {kills} kills: code {done.code}, {wrong} {done.lines}")
                else:
                    ledger.same()
            seed += 1
    print(f"{hits} kills inside a write")


def _kill(folder: Path, after: float, *, aimed: bool) -> bool | None:
    """Whether a write was cut off; None where the run had ended before."""
    process = runs.start(folder)
    time.sleep(min(after, 3) if aimed else after)
    if aimed:
        for path in runs.being_written(folder / runs.RESULTS, process, 3 * after):
            # a graceful share of pages and figures is enough: tables are what is read again
            if path.suffix == ".part" and not path.name.endswith((".svg.part", ".csv.part")):
                break
    over = process.poll() is not None
    runs.kill(process)
    return None if over else bool(runs.left(folder))
