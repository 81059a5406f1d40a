"""Simulated cohorts: files as users bring them, the same bytes for the same seed, and the truth that was planted."""

from __future__ import annotations

import hashlib
import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.cli import main
from tumint.config import Cohort, Panel, load_cohort
from tumint.config.load import read_yaml
from tumint.simulate import design as d
from tumint.simulate import markers as m
from tumint.simulate.cohort import Roi, Settings, make_mice, make_roi, make_rois
from tumint.simulate.labels import draw_labels, interact
from tumint.simulate.resources import resource
from tumint.simulate.tissue import MAX_EDGE_UM, SPACING_UM, delaunay_edges
from tumint.simulate.truth import Tally, pair_counts
from tumint.simulate.write import PANEL

SMALL = ["--subjects", "2", "--rois", "2", "--cells", "300", "--seed", "5"]


def _simulate(folder: Path, *options: str) -> int:
    return main(["simulate", str(folder), *options])


def _digests(folder: Path) -> dict[str, str]:
    # the config names the folder it lies in, everything else must not depend on it
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "config.yaml"]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cohort") / "lung"
    assert _simulate(made, *SMALL) == 0
    return made


@pytest.fixture(scope="module")
def cohort(folder: Path) -> Cohort:
    return load_cohort(folder / "config.yaml")


@pytest.fixture(scope="module")
def roi() -> Roi:
    settings = Settings(2, 1, 4000, 3, effect=True)
    return make_roi(settings, make_mice(settings)[1], 0)


@pytest.fixture(scope="module")
def tallies() -> dict[bool, Tally]:
    made = {}
    for effect in (True, False):
        settings = Settings(6, 2, 2000, 0, effect=effect)
        made[effect] = Tally(settings)
        for one in make_rois(settings, make_mice(settings)):
            made[effect].add(one)
    return made


def test_files_are_named_as_users_name_them(folder: Path, cohort: Cohort) -> None:
    names = sorted(p.name for p in (folder / "raw").iterdir())
    assert len(names) == 8
    for sample in cohort.samples:
        assert pd.Series([sample]).str.fullmatch(r"BRAC\d{4}\.\d[a-f]_ROI\d_t\d_(Vehicle|Treated)").all()
        assert f"AllCellsMask_{sample}.csv" in names
        assert f"Object relationships_AllCellsMask_{sample}.csv" in names
    assert list(cohort.sheet["arm"]) == ["vehicle", "vehicle", "treated", "treated"]
    assert set(cohort.sheet["response"]) == {"responder", "non_responder"}
    assert cohort.config.simulated
    assert "SIMULATED" in cohort.config.title


def test_tables_have_the_columns_of_the_panel_and_the_masks(cohort: Cohort) -> None:
    assert cohort.panel is not None
    assert len(cohort.panel.markers) == 27
    config = cohort.config.ingest
    for path in cohort.sheet[k.PATH]:
        table = pd.read_csv(path)
        assert np.isfinite(table.to_numpy(dtype=float)).all()
        for marker in cohort.panel.markers:
            assert config.intensity_column.format(channel=marker.source) in table
        for text in config.masks.values():
            (column,) = [c for c in table.columns if c.endswith(text)]
            assert table[column].between(0, 1).all()
        assert list(table["ObjectNumber"]) == list(range(1, len(table) + 1))


def test_relationships_hold_both_directions_of_near_cells(cohort: Cohort) -> None:
    path = Path(cohort.sheet[k.PATH][0])
    cells = pd.read_csv(path).set_index("ObjectNumber")
    table = pd.read_csv(path.with_name(f"Object relationships_{path.name}"))
    first, second = table["First Object Number"], table["Second Object Number"]
    pairs = set(zip(first, second, strict=True))
    assert pairs == {(b, a) for a, b in pairs}
    assert len(pairs) == len(table) > len(cells)
    xy = cells[["Location_Center_X", "Location_Center_Y"]]
    gap = np.hypot(*(xy.loc[first].to_numpy() - xy.loc[second].to_numpy()).T)
    reach = np.sqrt(cells["AreaShape_Area"] / np.pi)
    assert (gap <= reach.loc[first].to_numpy() + reach.loc[second].to_numpy() + 2.01).all()


def test_same_seed_same_bytes_other_seed_other_bytes(folder: Path, tmp_path: Path) -> None:
    assert _simulate(tmp_path / "again", *SMALL) == 0
    assert _digests(tmp_path / "again") == _digests(folder)
    assert _simulate(tmp_path / "other", *SMALL[:-1], "6") == 0
    assert _digests(tmp_path / "other")["truth_cells.csv.gz"] != _digests(folder)["truth_cells.csv.gz"]


def test_rois_do_not_depend_on_how_many_there_are() -> None:
    few, many = Settings(4, 1, 300, 0, effect=True), Settings(4, 3, 300, 0, effect=True)
    mouse = make_mice(few)[1]
    assert np.array_equal(make_roi(few, mouse, 0).intensities, make_roi(many, mouse, 0).intensities)


def test_writing_the_same_cohort_again_is_allowed(folder: Path) -> None:
    before = _digests(folder)
    assert _simulate(folder, *SMALL) == 0
    assert _digests(folder) == before


@pytest.mark.parametrize("name", ["config.yaml", "samples.tsv", "panel.yaml", "truth.json"])
def test_files_of_a_person_are_replaced_only_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    assert _simulate(tmp_path, *SMALL) == 2
    assert capsys.readouterr().err == (
        f"tumint: {tmp_path}: expected an empty folder, this same cohort as it was written, or --overwrite, "
        f"found `{name}`, which another cohort or a person wrote.\n"
    )
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "mine")]
    assert _simulate(tmp_path, *SMALL, "--overwrite") == 0
    assert (tmp_path / name).read_text() != "mine"


def test_an_edited_config_is_replaced_only_on_demand(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert _simulate(copy, *SMALL, "--overwrite") == 0  # the config names the folder
    config = copy / "config.yaml"
    config.write_text(config.read_text() + "# mine\n")
    assert _simulate(copy, *SMALL) == 2
    assert config.read_text().endswith("# mine\n")


def test_what_a_killed_run_left_is_gone_on_with(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "killed")
    for name in ("config.yaml", "samples.tsv", "truth.json"):
        (tmp_path / "killed" / name).unlink()
    assert _simulate(tmp_path / "killed", *SMALL) == 0


def test_a_folder_of_something_else_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    assert _simulate(tmp_path, *SMALL) == 2
    line = capsys.readouterr().err
    assert line == f"tumint: {tmp_path}: expected an empty folder or this same cohort, found `thesis.docx`.\n"
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]
    # a cohort of another seed has other mice: their tables would be left between the new ones
    before = _digests(folder)
    assert _simulate(folder, *SMALL[:-1], "6") == 2
    assert _digests(folder) == before


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--subjects", "3"], ["--subjects: expected an even number of at least 2 (half of them treated), found `3`."]),
        (["--rois", "0"], ["--rois: expected a number of at least 1, found `0`."]),
        (
            ["--cells", "199", "--seed", "-1"],
            [
                "--cells: expected a number of at least 200, found `199`.",
                "--seed: expected a number of at least 0, found `-1`.",
            ],
        ),
    ],
)
def test_bad_numbers_are_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], lines: list[str]
) -> None:
    assert _simulate(tmp_path / "x", *options) == 2
    assert capsys.readouterr().err.splitlines() == [f"tumint: {line}" for line in lines]
    assert not (tmp_path / "x").exists()


def test_panel_and_simulation_speak_of_the_same_channels_and_types() -> None:
    panel = Panel.model_validate(read_yaml(resource(PANEL)))
    assert {(one.marker, one.source) for one in panel.markers} == {(c.marker, c.name) for c in m.CHANNELS}
    parents = {s.parent for s in panel.signatures}
    kinds = [s for s in panel.signatures if s.cell_type not in parents]
    assert {s.cell_type for s in kinds} == set(d.TYPES)
    # each type scores best on its own signature, with room to spare
    levels = pd.DataFrame(m.level_matrix({}), index=d.TYPES, columns=m.MARKERS)
    scores = pd.DataFrame(
        {s.cell_type: levels[s.positive].mean(axis=1) - levels[s.negative].mean(axis=1) for s in kinds}
    )
    for cell_type in d.TYPES:
        assert scores.loc[cell_type].idxmax() == cell_type
        assert scores.loc[cell_type, cell_type] - scores.loc[cell_type].drop(cell_type).max() > 0.3


def test_tissue_is_of_realistic_size_and_spacing(roi: Roi) -> None:
    cells = roi.tissue.xy[~roi.is_debris]
    nearest = cKDTree(cells).query(cells, k=2)[0][:, 1]
    assert nearest.min() >= SPACING_UM
    assert 8.0 < np.median(nearest) < 12.0
    assert all(550 < side < 900 for side in roi.tissue.size)
    area = pd.Series(roi.area_um2[~roi.is_debris]).groupby(np.array(d.TYPES)[roi.labels[~roi.is_debris]]).median()
    assert area[d.B] < area[d.EPITHELIUM] < area[d.TUMOUR]
    assert area.between(35, 130).all()
    assert roi.area_um2[roi.is_debris].max() < 20 < np.quantile(roi.area_um2[~roi.is_debris], 0.01)
    # cells do not cover more than there is
    assert 0.4 < roi.area_um2.sum() / np.prod(roi.tissue.size) < 0.9


def test_masks_give_the_domain_by_precedence(roi: Roi) -> None:
    inside = pd.DataFrame(roi.tissue.masks >= 0.5, columns=k.DOMAINS)
    domain = np.array(k.DOMAINS)[roi.tissue.domain]
    assert (inside.idxmax(axis=1) == domain).all()
    # the interface band lies over the border of tumour and normal
    band = inside["interface"]
    assert inside.loc[band, "tumour"].any()
    assert inside.loc[band, "normal"].any()
    assert np.allclose(roi.tissue.masks[:, 2] + roi.tissue.masks[:, 3], 1.0)


def test_swaps_keep_every_count_per_domain() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 300, size=(800, 2))
    domain = (xy[:, 0] > 150).astype(np.int64) * 3
    before = draw_labels(rng, domain, np.zeros(len(d.TYPES)))
    edges = delaunay_edges(xy, MAX_EDGE_UM)
    after = interact(rng, before, domain, edges, d.beta_matrix(0.0))
    assert (after != before).mean() > 0.3
    for code in (0, 3):
        assert np.array_equal(
            np.bincount(before[domain == code], minlength=len(d.TYPES)),
            np.bincount(after[domain == code], minlength=len(d.TYPES)),
        )


def test_swaps_reach_the_equilibrium_of_their_energy() -> None:
    # a path of four cells, two of type 0 and two of type 1: six arrangements, whose weights are exp(β × like edges)
    edges = np.array([[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]])
    beta = np.zeros((len(d.TYPES),) * 2)
    beta[0, 0] = beta[1, 1] = 0.7
    labels, domain = np.array([0, 0, 1, 1]), np.zeros(4, dtype=np.int64)
    arrangements = [(0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0), (1, 1, 0, 0)]
    weight = np.array([np.exp(0.7 * sum(a == b for a, b in pairwise(x))) for x in arrangements])
    rng = np.random.default_rng(0)
    seen = dict.fromkeys(arrangements, 0)
    for _ in range(6000):
        labels = interact(rng, labels, domain, edges, beta)
        seen[tuple(int(v) for v in labels)] += 1
    share = np.array(list(seen.values())) / 6000
    expected = weight / weight.sum()
    assert np.abs(share - expected).max() < 4 * np.sqrt(0.25 / 6000)
    assert share[0] > 1.5 * share[1]


def test_expected_counts_equal_the_mean_of_permutations() -> None:
    rng = np.random.default_rng(2)
    xy = rng.uniform(0, 120, size=(150, 2))
    strata, labels = rng.integers(0, 3, 150), rng.integers(0, 4, 150)
    edges = delaunay_edges(xy, 30.0)
    _, expected = pair_counts(labels, strata, edges)
    draws = np.zeros((2000, 4, 4))
    for i in range(len(draws)):
        shuffled = labels.copy()
        for s in range(3):
            shuffled[strata == s] = rng.permutation(labels[strata == s])
        draws[i] = pair_counts(shuffled, strata, edges)[0][:4, :4]
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - expected[:4, :4]) < 4 * error).all()


def _differences(tally: Tally, null: str) -> dict[tuple[str, str], float]:
    values = tally.log2_enrichment(null)
    gap = values[d.TREATED].mean(axis=0) - values[d.VEHICLE].mean(axis=0)
    return {(a, b): float(gap[i, j]) for i, a in enumerate(d.TYPES) for j, b in enumerate(d.TYPES)}


def test_planted_interactions_differ_and_decoys_do_not(tallies: dict[bool, Tally]) -> None:
    within, overall = _differences(tallies[True], "domain"), _differences(tallies[True], "global")
    for pair in d.PLANTED:
        # of the sign of the difference in β, and at least half a doubling
        assert within[pair.source, pair.target] * np.sign(pair.treated - pair.vehicle) > 0.4
    # over the whole ROI the decoys seem to differ, within domains they do not
    assert np.mean([overall[p.source, p.target] for p in d.DECOYS]) < -0.25
    assert abs(np.mean([within[p.source, p.target] for p in d.DECOYS])) < 0.15


def test_without_effect_the_arms_are_alike(tallies: dict[bool, Tally]) -> None:
    within, overall = _differences(tallies[False], "domain"), _differences(tallies[False], "global")
    for pair in d.PLANTED:
        assert abs(within[pair.source, pair.target]) < 0.4
    assert abs(np.mean([overall[p.source, p.target] for p in d.DECOYS])) < 0.2
    document = tallies[False].document()
    assert document["interactions"] == document["compositions"] == document["markers"] == []
    for mouse in make_mice(Settings(6, 1, 300, 0, effect=False)):
        assert mouse.dose == 0.0


def test_truth_tells_what_was_planted_and_what_came_of_it(tallies: dict[bool, Tally]) -> None:
    document = tallies[True].document()
    assert {(r["source"], r["target"]) for r in document["interactions"]} == {(p.source, p.target) for p in d.PLANTED}
    within = _differences(tallies[True], "domain")
    for row in document["interactions"]:
        assert row["log2_enrichment_difference"] == pytest.approx(within[row["source"], row["target"]], abs=1e-4)
    weight = {row["cell_type"]: row["log_weight_difference"] for row in document["compositions"]}
    assert weight[d.CD8] > 0 > weight[d.TREG]
    tumour = {arm: np.mean([s["domains"]["tumour"] for s in document["samples"] if s["arm"] == arm]) for arm in d.ARMS}
    assert tumour[d.VEHICLE] - tumour[d.TREATED] > 0.1


def test_truth_of_cells_lies_beside_every_object(folder: Path, cohort: Cohort) -> None:
    truth = pd.read_csv(folder / "truth_cells.csv.gz")
    for sample, path in zip(cohort.sheet[k.SAMPLE], cohort.sheet[k.PATH], strict=True):
        mine, table = truth[truth[k.SAMPLE] == sample], pd.read_csv(path)
        assert list(mine[k.CELL_ID]) == list(table["ObjectNumber"])
        debris = mine["is_debris"].to_numpy() == 1
        assert table.loc[debris, "AreaShape_Area"].max() < 20
        dna = table["Intensity_MeanIntensity_DNA1_c1"]
        assert dna[debris].median() < 0.2 * dna[~debris].median()
    samples = json.loads((folder / "truth.json").read_text())["samples"]
    assert sum(s["n_cells"] + s["n_debris"] for s in samples) == len(truth)


def test_markers_follow_the_type_and_xenon_follows_the_gain(roi: Roi) -> None:
    real = ~roi.is_debris
    counts = pd.DataFrame(roi.intensities[real], columns=m.MARKERS)
    means = counts.groupby(np.array(d.TYPES)[roi.labels[real]]).mean()
    assert means["CD8"].idxmax() == d.CD8
    assert means["PVR"].idxmax() == d.TUMOUR
    assert means.loc[[d.CD4, d.CD8, d.TREG], "CD3"].min() > 3 * means.loc[[d.TUMOUR, d.FIBROBLASTS], "CD3"].max()
    assert means["Xe131"].max() / means["Xe131"].min() < 1.05
    settings = Settings(2, 1, 300, 3, effect=True)
    mouse = make_mice(settings)[0]
    rois = [make_roi(settings, mouse, number) for number in range(6)]
    dna, xenon = (
        np.array([np.median(r.intensities[~r.is_debris, m.MARKERS.index(name)]) for r in rois])
        for name in ("DNA1", "Xe131")
    )
    # the gain of the ROI moves both; after division by xenon little of it is left
    assert np.log(dna / xenon).std() < 0.25 * np.log(dna).std()


def test_spillover_goes_to_neighbouring_masses_only() -> None:
    spill = pd.DataFrame(m.spillover_matrix(), index=m.MARKERS, columns=m.MARKERS)
    assert spill.loc["F480", "CD206"] == pytest.approx(0.01)  # 150 → 151
    assert spill.loc["CD3", "PECAM"] == 0.0  # 152 → 167
    assert spill.loc["F480", "PDL1"] == pytest.approx(0.007)  # 150 → 166, the oxide
    assert (np.diag(spill) == 1.0).all()
