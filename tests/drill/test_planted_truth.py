"""On four simulated cohorts of full size the workflow finds what was planted, and no decoy (`make drill`)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("planted", Path(__file__).with_name("planted.py"))
assert _spec is not None
assert _spec.loader is not None
planted = importlib.util.module_from_spec(_spec)
sys.modules["planted"] = planted  # dataclasses look their module up
_spec.loader.exec_module(planted)


@pytest.mark.slow
# the simulation was tuned on seeds 0 to 3; the three others have never been looked at
@pytest.mark.parametrize("seed", [0, 11, 12, 13])
def test_the_planted_truth_is_found(tmp_path: Path, seed: int) -> None:
    tumint = [sys.executable, "-m", "tumint"]
    data = tmp_path / "data"
    subprocess.run([*tumint, "simulate", str(data), "--seed", str(seed)], check=True, cwd=ROOT)
    config = yaml.safe_load((data / "config.yaml").read_text()) | {"cohort": f"seed{seed}", "results": str(tmp_path)}
    (data / "config.yaml").write_text(yaml.safe_dump(config))
    subprocess.run([*tumint, "run", str(data / "config.yaml"), "--cores", "2"], check=True, cwd=ROOT)
    verdict = planted.judge(tmp_path / f"seed{seed}", data)
    print(f"seed {seed}: {verdict}")
    assert verdict.good, str(verdict)
