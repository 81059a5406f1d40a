"""Files of a finished run that are cut, emptied, changed or removed before it is started again (`make drill`)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import runs
from ledger import Ledger


def _cut(path: Path, rng: random.Random) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: rng.randrange(1, len(whole))])


def _empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def _flip(path: Path, rng: random.Random) -> None:
    whole = bytearray(path.read_bytes())
    whole[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(whole))


def _remove(path: Path, _: random.Random) -> None:
    path.unlink()


ATTACKS: tuple[Callable[[Path, random.Random], None], ...] = (_flip, _cut, _remove, _empty)
# files that are attacked before one rerun, and how many of them; what is made of one makes most of the time
ROUNDS = (
    ("ingest/", 6),
    ("ingest/", 6),
    ("qc/", 12),
    ("cluster/", 8),
    ("neighbourhood/", 8),
    ("response/", 6),
    ("response/effects.json", 1),
    ("(figures|reports)/", 12),
    ("figures/", 8),
    ("runs/", 1),
    ("runs/", 1),
    ("runs/", 1),
)
# read by what follows: told where no finished run remembers what it made
UNKNOWN = ("cluster/cells.parquet", "neighbourhood/features.parquet", "response/effects.json")


@pytest.mark.slow
def test_damaged_and_missing_files_are_made_again_or_named(undisturbed: runs.Undisturbed, tmp_path: Path) -> None:
    expected, rng = runs.digests(undisturbed.ran), random.Random(0)
    folder = undisturbed.copy(tmp_path / "damaged", ran=True)
    with Ledger("intermediates") as ledger:
        tried = 0
        for pattern, count in ROUNDS:
            names = rng.sample(sorted(name for name in expected if re.match(pattern, name)), count)
            attacks = {name: ATTACKS[(tried + i) % len(ATTACKS)] for i, name in enumerate(names)}
            tried += count
            _round(folder, attacks, expected, rng, ledger)
        for name in UNKNOWN:
            (folder / runs.RESULTS / ".made.json").unlink()
            _round(folder, {name: _flip}, expected, rng, ledger)


def _round(
    folder: Path,
    attacks: dict[str, Callable[[Path, random.Random], None]],
    expected: dict[str, str],
    rng: random.Random,
    ledger: Ledger,
) -> None:
    """Attack these files, run again, delete what the run names, run again; then every byte is as it was."""
    results = folder / runs.RESULTS
    for name, attack in attacks.items():
        attack(results / name, rng)
    said = []
    named: list[str] = []
    for _ in range(3):
        done = runs.run(folder)
        said.append(done.said)
        again = [name for name in attacks if any(f"{name}: " in line and "delete it" in line for line in done.lines)]
        if not done.code or not again:
            break
        named += again
        for name in again:
            (results / name).unlink(missing_ok=True)
    what = {name: attack.__name__ for name, attack in attacks.items()}
    ledger.look(f"{what}", *said)
    found = runs.digests(folder)
    wrong = runs.differences(found, expected)
    for name in attacks:
        if done.code or found.get(name) != expected[name] or set(wrong) - set(attacks):
            ledger.lose(f"{name}, {what[name]}: code {done.code}, {wrong}, {done.lines}")
        elif name in named:
            ledger.refuse()
        else:
            ledger.same()
    assert not wrong, f"{what}: {wrong} {done.lines} {done.said[-3000:]}"
