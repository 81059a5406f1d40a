"""Does quality control find what was planted? `python tests/drill/artefacts.py SEED [...]` says so.

For each seed a cohort with artefacts is simulated and taken through ingest and qc, and the verdicts are compared with
the truth. Exit code 1 where not.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.jobs import batches, rows_json

WITHIN_UM = 10.0
LEAST_DEBRIS, LEAST_DOUBLETS, MOST_LOST = 0.90, 0.60, 0.02


@dataclass(frozen=True)
class Score:
    """What quality control made of a cohort with planted artefacts."""

    edges_um: list[float]  # error of the worse edge of each planted stripe; infinite: not found
    not_planted: int  # stripes found where none is
    failed: bool  # the ROI that failed is flagged, and no other
    debris: float  # share that is dropped
    doublets: float
    lost: float  # share of good cells that is dropped

    @property
    def good(self) -> bool:
        """Whether all of it is as asked."""
        shares = self.debris >= LEAST_DEBRIS and self.doublets >= LEAST_DOUBLETS and self.lost <= MOST_LOST
        return shares and self.failed and max(self.edges_um) <= WITHIN_UM and self.not_planted == 0

    def __str__(self) -> str:
        edges = ", ".join(f"{edge:.1f}" for edge in self.edges_um)
        return (
            f"{'good' if self.good else 'NOT GOOD'}: edges of {len(self.edges_um)} stripes off by at most {edges} µm, "
            f"{self.not_planted} stripes not planted; failed ROI {'' if self.failed else 'NOT '}flagged alone; dropped "
            f"{self.debris:.1%} of debris, {self.doublets:.1%} of doublets, {self.lost:.2%} of good cells"
        )


def run_qc(folder: Path, out: Path, samples_per_job: int | None = None) -> None:
    """Ingest and qc of a simulated cohort, with the commands that the rules call."""
    cohort = load_cohort(folder / "config.yaml")
    params = {stage: stage_params(cohort.config, cohort.panel, stage) for stage in ("ingest", "qc")}
    jobs = batches(cohort.sheet, samples_per_job or cohort.config.samples_per_job)
    measures = [str(out / "qc" / f"{name}.measures.parquet") for name in jobs]
    for name, samples in jobs.items():
        raw = str(out / "ingest" / f"{name}.h5ad")
        _call("ingest", "--params", params["ingest"], "--rows", rows_json(cohort.sheet, samples), "-o", raw)
    qc = ("qc", "--params", params["qc"])
    batch = {
        name: (
            "--cells",
            str(out / "ingest" / f"{name}.h5ad"),
            "--samples",
            str(out / "ingest" / f"{name}.samples.parquet"),
        )
        for name in jobs
    }
    for name, path in zip(jobs, measures, strict=True):
        _call(*qc, "--measure", *batch[name], "-o", path)
    _call(*qc, "--gather", *measures, "-o", str(out / "qc"))
    for name, path in zip(jobs, measures, strict=True):
        passed = str(out / "qc" / f"{name}.h5ad")
        _call(*qc, *batch[name], "--measures", path, "--cohort", str(out / "qc"), "-o", passed)


def _call(*argv: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(list(argv))
    if code:
        raise RuntimeError(said.getvalue())


def judge(out: Path, folder: Path) -> Score:
    """The results of `run_qc` against the truth in `folder`."""
    planted = json.loads((folder / "truth.json").read_text())["artefacts"]
    stripes = pd.read_parquet(out / "qc" / "stripes.parquet")
    rois = pd.read_parquet(out / "qc" / "rois.parquet")
    verdicts = pd.concat([pd.read_parquet(p) for p in sorted((out / "qc").glob("*.cells.parquet"))])
    truth = pd.read_csv(folder / "truth_cells.csv.gz")
    cells = truth.merge(verdicts[["sample", "cell_id", "verdict"]], on=["sample", "cell_id"], validate="one_to_one")
    assert len(cells) == len(truth), "a cell without a verdict"
    # what lies in a stripe or a failed ROI is spoilt as it is, whatever else it may be
    whole = cells[(cells["in_stripe"] == 0) & (cells["in_failed_roi"] == 0)]
    dropped = whole["verdict"] != "pass"
    debris, doublet = whole["is_debris"] == 1, whole["is_doublet"] == 1
    matched = [_edge_error(stripes, stripe) for stripe in planted["stripes"]]
    return Score(
        edges_um=[error for error, _ in matched],
        not_planted=len(stripes) - sum(found for _, found in matched),
        failed=list(rois.loc[rois["status"] != "pass", "sample"]) == planted["failed_rois"],
        debris=float(dropped[debris].mean()),
        doublets=float(dropped[doublet].mean()),
        lost=float(dropped[~debris & ~doublet].mean()),
    )


def _edge_error(found: pd.DataFrame, stripe: dict[str, float]) -> tuple[float, int]:
    """Error of the worse edge of the stripe that was found in this place, and 1; infinite and 0 where there is none."""
    mine = found[(found["sample"] == stripe["sample"]) & (found["axis"] == stripe["axis"])]
    mine = mine[(mine["start_um"] < stripe["to_um"]) & (mine["end_um"] > stripe["from_um"])]
    if mine.empty:
        return float("inf"), 0
    row = mine.iloc[0]
    return float(max(abs(row["start_um"] - stripe["from_um"]), abs(row["end_um"] - stripe["to_um"]))), 1


def score_seed(seed: int, folder: Path, *options: str) -> Score:
    """Simulate a cohort of this seed into `folder`, and score quality control on it."""
    _call("simulate", str(folder / "data"), "--artefacts", "--seed", str(seed), *options)
    run_qc(folder / "data", folder / "results")
    return judge(folder / "results", folder / "data")


if __name__ == "__main__":
    scores = {}
    for text in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as name:
            scores[text] = score_seed(int(text), Path(name))
        print(f"seed {text}: {scores[text]}", flush=True)
    sys.exit(not all(one.good for one in scores.values()))
