"""The real cohorts through the whole workflow by their committed configs; only the folder of the data may differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.whole


@pytest.fixture
def place(shared_data, tmp_path):
    """place(name): a folder and the config in it that runs a committed cohort.

    Where the data lie beside the checkout that is the checkout itself, so that `make browser` finds the results made;
    else a folder of its own, with the paths of the data put right.
    """

    def prepare(name: str) -> tuple[Path, str]:
        committed = f"config/cohorts/{name}.yaml"
        if shared_data == (ROOT.parent / "shared" / "data").resolve():
            return ROOT, committed
        config = yaml.safe_load((ROOT / committed).read_text(encoding="utf-8"))
        for key in ("samples", "data", "panel"):
            if config.get(key):
                config[key] = str(ROOT / config[key].replace("../shared/data", str(shared_data)))
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        return tmp_path, "config.yaml"

    return prepare


@pytest.fixture
def results_of(place, tumint):
    """results_of(name): the results of a committed cohort, run by `tumint run`."""

    def run(name: str) -> Path:
        folder, config = place(name)
        done = tumint("run", config, "--cores", 2, cwd=folder)
        assert done.returncode == 0, done.stderr
        return folder / "results" / name

    return run


# in CI: one subject in each group in tests/report/test_reports.py, Snakemake started by itself in test_plan.py
@pytest.mark.slow
def test_mouse_tumour_codex_gives_effects_and_no_p(place, snakemake):
    """By Snakemake itself, as a lab with a profile of its own starts it."""
    folder, config = place("mouse_tumour_codex")
    done = snakemake("--configfile", config, "--cores", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    results = folder / "results" / "mouse_tumour_codex"
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    assert set(effects["contrast"]) == {"T_cell_vs_control", "2HC_vs_control"}
    assert effects[["p", "q", "p_mixed", "p_permutation"]].isna().all(axis=None)
    # one region of one animal in each group
    assert set(effects["n_subjects_reference"]) | set(effects["n_subjects_group"]) <= {0, 1}
    interactions = effects[effects["family"] == "interaction"].set_index(["contrast", "feature"])
    assert interactions["effect"].notna().any()
    assert interactions.loc[interactions["effect"].notna(), "reason"].str.contains("subject").all()
    # there is no T cell in the control, so nothing can be compared with it
    assert interactions.loc[interactions["source"].isin(["PD1p", "PD1n"]), "effect"].isna().all()
    assert (results / "reports" / "response.html").stat().st_size > 10_000
    assert "SIMULATED" not in (results / "reports" / "index.html").read_text(encoding="utf-8")


def test_nsclc_mif_compares_patients_not_images(results_of):
    results = results_of("nsclc_mif")
    cells = pd.read_parquet(results / "cluster" / "cells.parquet", columns=["sample"])
    assert (len(cells), cells["sample"].nunique()) == (95_749, 80)
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    tested = effects[effects["p"].notna()]
    assert set(tested["family"]) >= {"interaction", "composition", "distance"}
    # patients, of whom there are 8 and 8, and not their 80 images
    assert tested["n_subjects_reference"].max() == 8
    assert tested["n_subjects_group"].max() == 8
    # their 16 − 2 degrees of freedom, and what a prior adds: no more than those of all features of the family, which it
    # does where variances are alike to within their errors, as in those left out
    families = tested.groupby("family")["df"].agg(["max", "size"])
    assert (families["max"] <= 14 * families["size"]).all()
    assert families["max"].drop(["mixing", "domain_of_type", "niche", "type_in_niche"]).max() < 80
    assert tested["p"].between(0, 1).all()
    # one compartment: nothing is shared by domains, and no rounding is taken for a difference of it
    assert "shared_domain" not in set(tested["family"])
    # mixed model of ROIs and moderated t of patients see the same direction: all 97 with p < 0.2, 223 of the 231
    # features with p < 0.5, where the other 8 are effects of neither
    mixed = pd.read_parquet(results / "response" / "mixed.parquet")
    both = tested.drop(columns="p_mixed").merge(mixed, on=["contrast", "family", "feature"], suffixes=("", "_mixed"))
    same = np.sign(both["effect"]) == np.sign(both["effect_mixed"])
    assert same[both["q"] < 0.2].all()
    assert (both["p"] < 0.2).sum() >= 50
    assert same[both["p"] < 0.2].all()
    assert same[both["p"] < 0.5].mean() > 0.95
    assert (both["p_mixed"][~same & (both["p"] < 0.5)] > 0.5).all()
    assert same.mean() > 0.8
    summary = json.loads((results / "response" / "effects.json").read_text(encoding="utf-8"))
    assert summary["tumint"]["stage"] == "response"
    (contrast,) = summary["contrasts"]
    hits = (effects["q"] < summary["fdr"]).sum()
    assert len(contrast["findings"]) == hits
    if not hits:  # nothing found is said with the effect that would have been seen
        nothing = {family["family"]: family["nothing"] for family in contrast["families"]}
        assert all("would have been found in 80% of such cohorts." in nothing[f] for f in set(tested["family"]))
    for name in ("ingest", "qc", "cluster", "neighbourhood", "response", "index"):
        assert (results / "reports" / f"{name}.html").is_file()


@pytest.mark.slow
def test_mouse_spleen_codex_tells_shared_tissue_from_contact(results_of):
    """Across the image CD4 and CD8 T cells touch far too often; among T cells, given where they are, too seldom."""
    results = results_of("mouse_spleen_codex")
    cells = pd.read_parquet(results / "cluster" / "cells.parquet", columns=["sample", "domain"])
    assert cells["sample"].value_counts().to_dict() == {"BALBc-1": 82_382, "BALBc-2": 81_925}
    assert set(cells["domain"]) == {"red pulp", "PALS", "marginal zone", "B-zone", "NoAnnotation"}
    scores = pd.read_parquet(results / "neighbourhood" / "interactions.parquet")
    pair = scores[(scores["source"] == "CD4(+) T cells") & (scores["target"] == "CD8(+) T cells")]
    pair = pair[pair["statistic"] == "edges"]
    z = pair.pivot_table(index="sample", columns="null", values="z")
    assert len(z) == 2
    assert z["global"].gt(100).all()
    assert z["domain"].between(10, 25).all()
    assert z["parent"].between(-20, -5).all()
    page = (results / "reports" / "neighbourhood.html").read_text(encoding="utf-8")
    told = [f"{v:+.0f}" if abs(v) >= 10 else f"{v:+.1f}".replace("-", "−") for v in z["domain"]]
    assert (
        "CD4(+) T cells and CD8(+) T cells touch more often than chance in the whole image (z "
        f"{z['global'].iloc[0]:+.0f} and {z['global'].iloc[1]:+.0f}) and within tissue domains ({' and '.join(told)}), "
        "but less often among T cells alone (" in page
    )
    assert ", in both subjects: they live in the same parts of the tissue, but do not seek each other." in page


@pytest.mark.slow
def test_mouse_lung_scrna_compares_compositions_and_scores_nothing(results_of):
    results = results_of("mouse_lung_scrna")
    cells = pd.read_parquet(results / "cluster" / "cells.parquet")
    assert len(cells) == 800
    assert cells[["x_um", "y_um"]].isna().all(axis=None)
    scores = pd.read_parquet(results / "neighbourhood" / "interactions.parquet")
    assert set(scores["status"]) == {"no_coordinates"}
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    assert set(effects.loc[effects["p"].notna(), "family"]) == {"composition"}
    for name in ("ingest", "qc", "cluster", "neighbourhood", "response", "index"):
        assert (results / "reports" / f"{name}.html").is_file()
