"""Stages that are told to stop while they write (`make drill`)."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import runs
from ledger import Ledger

STAGES = ("ingest b0002", "qc: measure b0003", "neighbourhood g0002", "response", "report qc")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU)
ATTEMPTS = 10  # a write is over within milliseconds


@pytest.mark.slow
def test_signals_inside_a_write_leave_nothing(undisturbed: runs.Undisturbed, tmp_path: Path) -> None:
    folder = undisturbed.copy(tmp_path / "signalled", ran=True)
    commands, expected, journals = runs.commands(folder), runs.digests(folder), _journals(folder)
    with Ledger("signals") as ledger:
        for stage in STAGES:
            for number in SIGNALS:
                what = f"{stage}, {number.name}"
                done = next(
                    (one for _ in range(ATTEMPTS) if (one := _signalled(folder, commands[stage], number))), None
                )
                if done is None:
                    ledger.lose(f"{what}: no write was met")
                    continue
                ledger.look(what, done.said)
                found = runs.digests(folder)
                half = [name for name, digest in found.items() if digest != expected.get(name)]
                half = [name for name in half if not (name in journals and _journals(folder)[name] <= journals[name])]
                # what a stage remarks on, such as which domain it takes for the tumour, stands before
                stopped = [line for line in done.said.splitlines() if "stopped by" in line]
                told = stopped == done.said.splitlines()[-1:] and done.said.splitlines() == done.lines
                if done.code != 128 + number or not told or half or runs.left(folder):
                    ledger.lose(f"{what}: code {done.code}, {half} {runs.left(folder)} {done.said}")
                else:
                    ledger.same()


def _journals(folder: Path) -> dict[str, set[str]]:
    """`{file: names}` of the figures that a page writes: noted one by one, each before it is begun."""
    found = (folder / runs.RESULTS).rglob(".written")
    return {str(path.relative_to(folder / runs.RESULTS)): set(path.read_text().splitlines()) for path in found}


def _signalled(folder: Path, command: list[str], number: int) -> runs.Done | None:
    """A stage that is held while it writes, gets the signal, and goes on; None where the file was whole before."""
    process = runs.started(*runs.TUMINT, *command, cwd=folder)
    for path in runs.being_written(folder / runs.RESULTS, process, 300):
        os.kill(process.pid, signal.SIGSTOP)
        met = path.exists()
        if met:
            os.kill(process.pid, number)
        os.kill(process.pid, signal.SIGCONT)
        if met:
            break  # else it was whole before the stage stood still, and the next file is waited for
    done = runs.ended(process)
    return done if done.code else None
