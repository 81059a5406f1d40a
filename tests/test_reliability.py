"""The ledger of the drills counts what it is told, and fails on any loss."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger import ATTACKS, Ledger, page


def drill(kind: str, counts: Path, same: int = 0, refused: tuple[float, ...] = (), lost: str = "", said: str = ""):
    with Ledger(kind, counts) as ledger:
        for _ in range(same):
            ledger.same()
        for seconds in refused:
            ledger.refuse(seconds)
        if lost:
            ledger.lose(lost)
        ledger.look("a try", said)


def test_loss_or_traceback_fails(tmp_path: Path):
    with pytest.raises(AssertionError, match="half a table"):
        drill("disk", tmp_path, same=6, lost="half a table")
    with pytest.raises(AssertionError, match="traceback"):
        drill("disk", tmp_path, same=6, said="Traceback (most recent call last):")


def test_too_few_tries_and_slow_refusals_fail(tmp_path: Path):
    with pytest.raises(AssertionError, match="5 tries of at least 6"):
        drill("disk", tmp_path, same=5)
    with pytest.raises(AssertionError, match=r"4\.0 s"):
        drill("disk", tmp_path, same=5, refused=(4.0,))


def test_page_has_a_row_for_every_attack(tmp_path: Path):
    assert page(tmp_path).count("| not run to its end |") == len(ATTACKS)
    for kind, attack in ATTACKS.items():
        drill(kind, tmp_path, same=attack.at_least)
    text = page(tmp_path)
    assert "| The disk is full at some point of the run | 6 | 6 | 0 | 0 | 0 |" in text
    assert text.count("\n| ") == len(ATTACKS) + 1
