"""Broken configs, sheets, panels, formulas and command lines through `tumint run`: one line, before any job.

A refusal has exit code 2, prints one line with the place, the key and what was found, leaves the folder as it was, and
takes at most 3 seconds from the start of the process to its end. Where the clock says more on a machine that is busy
with other work (its load is above its number of cores), the seconds of the processor count.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attack import Attack, Ended, cohort, copied, make_raw, refusal_seconds, tree, tumint
from broken_configs import FORMULAS, VALUES, YAML
from broken_sheets import COMMANDS, PANELS, SHEETS
from ledger import Ledger

pytestmark = pytest.mark.slow
ATTACKS = (*VALUES, *FORMULAS, *YAML, *SHEETS, *PANELS, *COMMANDS)


def _try(attack: Attack, source: Path, folder: Path) -> tuple[Ended, str]:
    """How the run ended, and what is to be said against it; empty: nothing."""
    one = cohort(copied(source, folder))
    attack.do(one)
    one.write()
    if attack.after is not None:
        attack.after(folder)
    before = tree(folder)
    ended = tumint("run", *one.words, cwd=folder)
    said = " / ".join(ended.lines)[:600]
    if ended.code != 2:
        return ended, f"exit code {ended.code}: {said}"
    if len(ended.lines) != 1 or not ended.lines[0].startswith("tumint: "):
        return ended, f"{len(ended.lines)} lines: {said}"
    if lacking := [word for word in attack.words if word not in ended.lines[0]]:
        return ended, f"does not say {lacking}: {said}"
    if tree(folder) != before:
        return ended, f"left {sorted({*tree(folder)} ^ {*before})}"
    return ended, ""


def test_what_is_broken_is_refused_before_any_job(tmp_path: Path) -> None:
    source = tmp_path / "source"
    make_raw(source)
    sound = cohort(copied(source, tmp_path / "sound"))
    sound.write()
    # so that no attack is refused for something else
    ended = tumint("run", *sound.words, "--", "--dry-run", "--quiet", "all", cwd=sound.folder)
    assert ended.code == 0, ended.lines
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)

    with Ledger("configs") as ledger, ThreadPoolExecutor(2) as pool:
        tries = pool.map(lambda i: _try(ATTACKS[i], source, tmp_path / f"t{i}"), range(len(ATTACKS)))
        for attack, (ended, wrong) in zip(ATTACKS, tries, strict=True):
            ledger.look(attack.name, ended.out, ended.err)
            print(f"{ended.wall:.1f} s {attack.name}: {wrong or ended.lines[0]}")
            if wrong:
                ledger.lose(f"{attack.name}: {wrong}")
            else:
                ledger.refuse(refusal_seconds(ended))
