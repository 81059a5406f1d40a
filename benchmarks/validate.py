"""The results of simulated cohorts against what was planted: `make validate SEEDS="1 2 3"`.

Exits 1 where they fall short. Seed 0 is the demo cohort; others are simulated, run and kept under `data/seed_<n>`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml
from sklearn.metrics import adjusted_rand_score

FDR = 0.1
LEAST_ARI = 0.9
TUMINT = Path(sys.executable).with_name("tumint")


def cohort(seed: int) -> tuple[Path, Path]:
    """Folder of the data and folder of the results of a seed; simulated and run where that was not done."""
    if seed == 0:
        folder, config = Path("data/demo"), Path("config/config.yaml")
    else:
        folder = Path(f"data/seed_{seed}")
        config = folder / "cohort.yaml"
        if not (folder / "raw_data" / "config.yaml").exists():
            subprocess.run([TUMINT, "simulate", folder / "raw_data", "--seed", str(seed)], check=True)
        settings = yaml.safe_load((folder / "raw_data" / "config.yaml").read_text(encoding="utf-8"))
        settings |= {"cohort": f"seed_{seed}", "samples_per_job": 12}
        config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        folder = folder / "raw_data"
    subprocess.run([TUMINT, "run", config, "--", "--quiet", "all"], check=True)
    return folder, Path("results") / ("demo" if seed == 0 else f"seed_{seed}")


def judge(data: Path, results: Path) -> tuple[bool, str]:
    """Whether every planted interaction and no decoy is significant and cells are typed well; and that in words."""
    truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    effects = effects[effects["family"] == "interaction"].set_index(["source", "target"])
    found = set(effects.index[effects["q"] < FDR])
    planted = [(p["source"], p["target"]) for p in truth["interactions"]]
    decoys = [(p["source"], p["target"]) for p in truth["decoys"]]
    hits = [pair for pair in planted if pair in found or pair[::-1] in found]
    false = [pair for pair in decoys if pair in found or pair[::-1] in found]
    cells = pd.read_parquet(results / "cluster" / "cells.parquet", columns=["sample", "cell_id", "cell_type"])
    cells["sample"] = cells["sample"].astype(str)
    true = pd.read_csv(data / "truth_cells.csv.gz").query("is_debris == 0")
    both = cells.merge(true, on=["sample", "cell_id"], suffixes=("", "_true"))
    ari = adjusted_rand_score(both["cell_type_true"], both["cell_type"])
    words = f"{len(hits)} of {len(planted)} planted interactions and {len(false)} of {len(decoys)} decoys at q < {FDR}"
    passed = len(hits) == len(planted) and not false and ari >= LEAST_ARI
    return (
        passed,
        f"{words}; {len(found)} pairs in all; cell types: adjusted Rand index {ari:.3f} on {len(both):,} cells",
    )


def main() -> int:
    """Judge the seeds of the command line, 0 first."""
    verdicts = []
    for seed in dict.fromkeys([0, *map(int, sys.argv[1:])]):
        passed, words = judge(*cohort(seed))
        verdicts.append(passed)
        print(f"seed {seed}: {'passes' if passed else 'FALLS SHORT'}: {words}", flush=True)
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
