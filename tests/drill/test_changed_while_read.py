"""Raw files that change while their job reads them (`make drill`)."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import runs
from events import CLOSED, OPENED, Events
from ledger import Ledger

MOMENTS = ((OPENED, 1), (OPENED, 2), (CLOSED, 1))  # which event, the how many-th


def _append(raw: Path, _: Path) -> None:
    with open(raw, "a") as file:
        file.write(raw.read_text().splitlines()[-1] + "\n")


def _cut(raw: Path, _: Path) -> None:
    os.truncate(raw, raw.stat().st_size // 2)


def _replace(raw: Path, other: Path) -> None:
    shutil.copy(other, raw.with_suffix(".new"))
    os.replace(raw.with_suffix(".new"), raw)


def _overwrite(raw: Path, other: Path) -> None:
    raw.write_bytes(other.read_bytes())


def _edit(raw: Path, _: Path) -> None:
    """The same size, as where a value is corrected."""
    text = raw.read_bytes()
    raw.write_bytes(text[:-3] + bytes([text[-3] ^ 1]) + text[-2:])


CHANGES: tuple[Callable[[Path, Path], None], ...] = (_append, _cut, _replace, _overwrite, _edit)


@pytest.mark.slow
def test_a_raw_file_that_changes_is_told_or_read_as_one_state(undisturbed: runs.Undisturbed, tmp_path: Path) -> None:
    command = runs.commands(undisturbed.ran)["ingest b0002"]
    before = _ingested(_about_to_ingest(undisturbed, tmp_path / "before"), command)
    with Ledger("changed_while_read") as ledger:
        for i, (change, (event, count)) in enumerate(itertools.product(CHANGES, MOMENTS)):
            folder = _about_to_ingest(undisturbed, tmp_path / str(i))
            raws = sorted((folder / "data" / "raw").glob("AllCellsMask_*.csv"))
            rows = (folder / command[command.index("--rows") + 1].removeprefix("@")).read_text(encoding="utf-8")
            raw = next(raw for raw in raws if raw.name in rows)
            done = _changed(folder, command, raw, lambda: change(raw, raws[-1]), event, count)  # noqa: B023
            what = f"{change.__name__} at event {event}, {count}"
            ledger.look(what, done.said)
            if done.code == 2 and len(done.lines) == 1 and raw.name in done.lines[0] and not _outputs(folder):
                ledger.refuse()
            elif done.code == 0 and _outputs(folder) in (before, _ingested(folder, command)):
                ledger.same()
            else:
                ledger.lose(f"{what}: code {done.code}, {done.said[-1500:]}")


def _about_to_ingest(undisturbed: runs.Undisturbed, to: Path) -> Path:
    """A cohort of which nothing was made, with the files that a run hands to its jobs."""
    folder, handed = undisturbed.copy(to), Path(".snakemake") / "tumint_simulated_lung"
    shutil.copytree(undisturbed.ran / handed, folder / handed)
    return folder


def _changed(
    folder: Path, command: list[str], raw: Path, change: Callable[[], None], event: int, count: int
) -> runs.Done:
    """The job, held at a moment of its reading until the file is another."""
    with Events(event) as events:
        events.watch(raw)
        process = runs.started(*runs.TUMINT, *command, cwd=folder)
        while count and process.poll() is None:
            count -= min(count, len(events.next(0.2)))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGSTOP)
    change()
    if process.poll() is None:
        os.kill(process.pid, signal.SIGCONT)
    return runs.ended(process)


def _outputs(folder: Path) -> dict[str, str]:
    return runs.digests(folder)


def _ingested(folder: Path, command: list[str]) -> dict[str, str]:
    """What the job gives where nothing changes; its outputs are gone afterwards."""
    shutil.rmtree(folder / runs.RESULTS, ignore_errors=True)
    done = runs.tumint(*command, cwd=folder)
    found = _outputs(folder)
    assert (done.code, bool(found)) == (0, True), done.said
    shutil.rmtree(folder / runs.RESULTS, ignore_errors=True)
    return found
