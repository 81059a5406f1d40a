"""Compile the kernels that a small cohort needs, before the tests of several workers each do: `make kernels`."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from pathlib import Path

from tumint import compiled

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write the cohort of the tests of the reports, which goes through all default statistics."""
    began = time.monotonic()
    spec = importlib.util.spec_from_file_location("compile_cohorts", ROOT / "tests" / "report" / "cohorts.py")
    assert spec is not None
    assert spec.loader is not None
    cohorts = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = cohorts
    spec.loader.exec_module(cohorts)
    with tempfile.TemporaryDirectory() as folder:
        cohorts.write(Path(folder), cohorts.Plan(subjects=4, rois=1))
    kept = len(list(Path(compiled.folder()).rglob("*.nbi")))
    print(f"kernels: {kept} are compiled, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
