"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest and is one test begins first, or it would run alone at the end of `make whole`."""
    items.sort(key=lambda item: item.path.name != "test_wheel.py")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real cohorts: `TUMINT_TEST_DATA`, else `../shared/data`; in CI its absence is a failure."""
    folder = Path(os.environ.get("TUMINT_TEST_DATA", ROOT.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        message = f"the real cohorts are not at {folder}; set TUMINT_TEST_DATA"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
