"""Ratios against peers that a run measured go into the history, and a fall of 20 % is told at its end."""

from __future__ import annotations

import history
import pytest

_BEFORE: pytest.StashKey[dict[tuple[str, str], float]] = pytest.StashKey()


def pytest_sessionstart(session: pytest.Session) -> None:
    """What the documents say before the benchmarks write them."""
    session.config.stash[_BEFORE] = history.measured()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Add what was measured; a warning for each ratio that fell."""
    before, now = config.stash[_BEFORE], history.measured()
    known = history.read()
    grown = history.added(known, before, now)
    if len(grown) == len(known):
        return
    history.save(grown)
    new = set(map(tuple, grown[history.KEY].iloc[len(known) :].to_numpy().tolist()))
    fell = history.worse(grown[[key in new for key in map(tuple, grown[history.KEY].to_numpy().tolist())]])
    terminalreporter.section("ratios against peers")
    terminalreporter.write_line(
        "\n".join(fell) or f"{len(new)} measured; none is 20 % below what it was", yellow=bool(fell)
    )
