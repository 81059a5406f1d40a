"""The cohort that the drills attack; it is simulated and run once."""

from __future__ import annotations

import pytest
import runs


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> runs.Undisturbed:
    """A cohort of four ROIs, and the same after a run that nothing disturbed."""
    return runs.undisturbed(tmp_path_factory.mktemp("undisturbed"))
