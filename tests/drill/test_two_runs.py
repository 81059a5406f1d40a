"""Two runs on one folder of results, from two working folders at one moment (`make drill`)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import runs
import yaml
from ledger import Ledger

# seconds by which the second starts later; the stages up to here are enough to meet
DELAYS = (0.0, 0.0, 0.3, 1.0, 2.0)
UNTIL = ("--cores", 1, "--", "--until", "qc")


@pytest.mark.slow
def test_one_of_two_runs_is_refused(undisturbed: runs.Undisturbed, tmp_path: Path) -> None:
    expected = {n: d for n, d in runs.digests(undisturbed.ran).items() if n.startswith(("ingest/", "qc/b"))}
    with Ledger("two_runs") as ledger:
        for i, delay in enumerate(DELAYS):
            folders = [_folder(undisturbed, tmp_path / f"{i}_{side}", tmp_path / f"{i}_results") for side in "ab"]
            first = runs.start(folders[0], *UNTIL)
            time.sleep(delay)
            second = runs.start(folders[1], *UNTIL)
            both = [runs.ended(first), runs.ended(second)]
            for done in both:
                ledger.look(f"try {i}", done.said)
            found = {
                n: d for n, d in runs.digests(tmp_path, Path(f"{i}_results", runs.COHORT)).items() if n in expected
            }
            wrong = runs.differences(found, expected)
            refused = [
                done for done in both if done.code == 2 and len(done.lines) == 1 and "is running" in done.lines[0]
            ]
            if sorted(done.code for done in both) != [0, 2] or len(refused) != 1 or wrong:
                ledger.lose(f"try {i}: {wrong} {[(done.code, done.said[-1500:]) for done in both]}")
            else:
                ledger.same()


def _folder(undisturbed: runs.Undisturbed, folder: Path, results: Path) -> Path:
    undisturbed.copy(folder)
    config = yaml.safe_load((folder / runs.CONFIG).read_text(encoding="utf-8")) | {"results": str(results)}
    (folder / runs.CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return folder
