"""Config, panel and sheet are validated together: every fault at once, each with its place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tumint.config import load_cohort, load_params, niche_params, stage_params
from tumint.errors import TumintError

PANEL = {
    "name": "small",
    "source": "made for tests",
    "markers": [{"marker": "Xe", "use": "reference"}, {"marker": "CD3"}, {"marker": "DNA", "use": "dna"}],
    "signatures": [{"cell_type": "T cells", "positive": ["CD3"]}],
}
SHEET = "sample\tsubject\tpath\tarm\nA1\tA\ta1.csv\tvehicle\nA2\tA\ta2.csv\tvehicle\nB1\tB\tb1.csv\ttreated\n"


@pytest.fixture
def cohort(tmp_path: Path) -> dict[str, Any]:
    for name in ("a1", "a2", "b1"):
        (tmp_path / f"{name}.csv").write_text("x\n")
    (tmp_path / "samples.tsv").write_text(SHEET)
    (tmp_path / "panel.yaml").write_text(yaml.safe_dump(PANEL))
    return {
        "cohort": "small",
        "title": "A small cohort",
        "source": "made for tests",
        "samples": str(tmp_path / "samples.tsv"),
        "panel": str(tmp_path / "panel.yaml"),
        "response": {
            "contrasts": [{"name": "treated", "column": "arm", "reference": "vehicle", "group": "treated"}],
        },
    }


def faults(config: dict[str, Any]) -> list[str]:
    with pytest.raises(TumintError) as caught:
        load_cohort(config, "c.yaml")
    return [str(f) for f in caught.value.faults]


def test_a_valid_cohort_loads_in_the_order_of_the_sheet(cohort: dict[str, Any]) -> None:
    loaded = load_cohort(cohort)
    assert loaded.samples == ["A1", "A2", "B1"]
    assert loaded.config.neighbourhood.graph.max_edge_um == 50
    assert loaded.panel is not None
    assert loaded.panel.used("type", "dna") == ["CD3", "DNA"]


def test_faults_of_config_panel_and_sheet_come_together(cohort: dict[str, Any], tmp_path: Path) -> None:
    cohort["seed"] = -1
    cohort["qc"] = {"are_um2": {}}
    cohort["response"]["contrasts"][0]["reference"] = "treated"
    panel = copy.deepcopy(PANEL)
    panel["signatures"][0]["positive"] = ["CD33"]  # type: ignore[index]
    (tmp_path / "panel.yaml").write_text(yaml.safe_dump(panel))
    (tmp_path / "samples.tsv").write_text(SHEET.replace("A2\t", "A1\t"))
    found = faults(cohort)
    assert found == [
        "c.yaml: key `seed`: expected greater than or equal to 0, found `-1`.",
        "c.yaml: key `qc.are_um2`: expected only keys that config/README.md names, found `are_um2` "
        "(the nearest is `area_um2`).",
        "c.yaml: key `response.contrasts.0`: expected `group` to differ from `reference`, found a section with "
        "column, group, name, reference.",
        f"{tmp_path}/panel.yaml: expected the signature `T cells` to name markers of the panel, not `CD33`, found a "
        "section with markers, name, signatures, source.",
        f"{tmp_path}/samples.tsv row 3 (sample A1): expected each `sample` once, found `A1` in row 2 too.",
    ]


def test_contrasts_must_fit_the_sheet(cohort: dict[str, Any], tmp_path: Path) -> None:
    cohort["response"]["contrasts"][0] |= {"group": "trated", "adjust": ["batch"]}
    (tmp_path / "samples.tsv").write_text(SHEET.replace("A2\tA\ta2.csv\tvehicle", "A2\tA\ta2.csv\ttreated"))
    assert faults(cohort) == [
        f"{tmp_path}/samples.tsv (subject A): expected one value of `arm` per subject, or "
        "`response.contrasts.0.paired: subject` where subjects are in both groups, found vehicle, treated.",
        f"c.yaml: key `response.contrasts.0`: expected a column of {tmp_path}/samples.tsv, found `batch` "
        "(the nearest is `path`).",
        "c.yaml: key `response.contrasts.0.group`: expected one of vehicle, treated, found `trated`.",
    ]


def test_signatures_need_a_panel_and_a_reference(cohort: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "panel.yaml").write_text(
        yaml.safe_dump({**PANEL, "markers": [{"marker": "CD3"}, {"marker": "Xe"}, {"marker": "DNA"}]})
    )
    assert any("`use: reference`" in fault for fault in faults(cohort))
    del cohort["panel"]
    assert any("c.yaml: key `panel`: expected a panel file" in fault for fault in faults(cohort))


def test_a_config_that_is_not_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("cohort: [\n")
    with pytest.raises(TumintError) as caught:
        load_cohort(tmp_path / "c.yaml")
    assert len(caught.value.faults) == 1
    assert str(caught.value).startswith(f"{tmp_path}/c.yaml line 2: expected YAML")


def test_params_hold_only_what_a_stage_sees(cohort: dict[str, Any]) -> None:
    loaded = load_cohort(cohort)
    before = {
        stage: stage_params(loaded.config, loaded.panel, stage) for stage in ("ingest", "qc", "cluster", "response")
    }
    cohort["seed"] = 7
    cohort["title"] = "Another title"
    after = load_cohort(cohort)
    changed = {stage for stage, text in before.items() if stage_params(after.config, after.panel, stage) != text}
    assert changed == {"qc", "cluster", "response"}
    assert '"signatures":[]' in before["ingest"]
    assert load_params(before["cluster"]).panel == loaded.panel


def test_niches_are_learnt_anew_for_what_learning_reads_alone(cohort: dict[str, Any]) -> None:
    def params(**neighbourhood: object) -> str:
        cohort["neighbourhood"] = neighbourhood
        return niche_params(load_cohort(cohort).config)

    assert params() == params(graph={"max_edge_um": 30}, scales_um=[200.0], niches={"within": True, "hops": 5})
    assert params() != params(niches={"nearest": 20})
    assert params() != params(niches={"places": 0})
    steps = {"window": "hops"}
    assert params(niches=steps, graph={"max_edge_um": 30}) != params(niches=steps)
    assert params(niches={"window": "none"}) == params(niches={"window": "none", "most": 9})
    read = load_params(params(niches={"window": "radius", "radius_um": 40.0})).neighbourhood
    assert read is not None
    assert (read.niches.window, read.niches.radius_um) == ("radius", 40.0)


def test_who_wrote_the_parents_is_known_to_the_stage(cohort: dict[str, Any]) -> None:
    def written(parents: object) -> object:
        cohort["neighbourhood"] = {"parents": parents}
        loaded = load_cohort(cohort)
        return load_params(stage_params(loaded.config, loaded.panel, "neighbourhood")).parents_written

    assert [written(parents) for parents in (None, {}, {"T": ["T cells"]})] == [None, None, True]


def test_quality_control_names_samples_of_the_sheet_and_markers_of_the_panel(cohort: dict[str, Any]) -> None:
    regions = [{"sample": "nowhere", "x_um": [0, 10]}]
    cohort["qc"] = {"exclude_regions": regions, "markers": {"Unobtainium": {"max": 1}}}
    with pytest.raises(TumintError) as caught:
        load_cohort(cohort)
    first, second = map(str, caught.value.faults)
    assert "key `qc.exclude_regions.0.sample`: expected a sample of" in first
    assert first.endswith("found `nowhere`.")
    assert "key `qc.markers`: expected markers of" in second
