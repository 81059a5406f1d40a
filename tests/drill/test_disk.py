"""Runs on a disk that is full, and go on when there is room (`make drill`; needs root, for a disk of its own)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import runs
from ledger import Ledger

SHARES = (0.02, 0.12, 0.3, 0.5, 0.7, 0.9)  # of the room that the results take


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, of 100 kB."""
    folder = tmp_path / "full" / "results"
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _room(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size // 1024}k", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_run_goes_on(undisturbed: runs.Undisturbed, disk: Path) -> None:
    """The same run meets the end of the disk six times, each time further on; its results count for all."""
    folder, results = disk.parent, undisturbed.ran / runs.RESULTS
    subprocess.run(["cp", "-a", str(undisturbed.raw / "data"), str(folder)], check=True)
    whole = sum(-(-path.stat().st_size // 4096) * 4096 for path in results.rglob("*") if path.is_file())
    said: list[str] = []
    faults: list[str] = []
    with Ledger("disk") as ledger:
        for share in SHARES:
            _room(disk, int(share * whole))
            done = runs.run(folder)
            ledger.look(f"{share:.0%}", done.said)
            told = [line for line in done.lines if "room on the disk" in line]
            said += told[:1]
            if not done.code or not told:
                faults.append(f"{share:.0%}: code {done.code}, {done.lines}\n{done.said[-2000:]}")
        _room(disk, 4 * whole)
        done = runs.run(folder)
        ledger.look("room", done.said)
        wrong = runs.differences(runs.digests(folder), runs.digests(undisturbed.ran))
        if done.code or wrong or runs.left(folder):
            faults.append(f"after room was made: code {done.code}, {wrong} {runs.left(folder)} {done.lines}")
        for fault in faults:
            ledger.lose(fault)
        for _ in range(len(SHARES) - len(faults)):
            ledger.same()
    print(*said, sep=os.linesep)
