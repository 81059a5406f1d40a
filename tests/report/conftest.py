"""Cohorts that several tests look at, written once for all workers of a run; nothing here changes them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    """`cohorts.py` beside this file (the tests are no package)."""
    spec = importlib.util.spec_from_file_location("report_cohorts", Path(__file__).with_name("cohorts.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report_cohorts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def cohorts() -> ModuleType:
    """The module that draws small cohorts."""
    return _load()


@pytest.fixture(scope="session")
def make(cohorts: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Write the tables of a cohort (fields of `Plan` as keywords); equal plans are written once."""
    folder = cohorts.shared(tmp_path_factory.getbasetemp())
    return lambda **fields: cohorts.kept(folder, cohorts.Plan(**fields))


@pytest.fixture(scope="session")
def page(cohorts: ModuleType) -> Callable[[object, str], str]:
    """The text of a report of a made cohort; each is made once."""
    return lambda written, stage: cohorts.page(written, stage).read_text(encoding="utf-8")
