"""The whole config of a cohort, and what of it each stage is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from tumint.config import retype
from tumint.config.base import LONGEST_NAME, Section
from tumint.config.cluster import ClusterConfig
from tumint.config.ingest import IngestConfig
from tumint.config.neighbourhood import NeighbourhoodConfig
from tumint.config.panel import Panel
from tumint.config.qc import QcConfig
from tumint.config.report import ReportConfig
from tumint.config.response import ResponseConfig
from tumint.stages import ALL

_WILDCARDS = frozenset("{}<>")
_LARGEST_SEED = 2**31 - 1  # the libraries that are seeded take no larger one


class Config(Section):
    """A cohort: where its data are, and one section per stage."""

    cohort: str = Field(
        pattern=r"^[A-Za-z0-9_]+$",
        max_length=LONGEST_NAME,
        description="Short name; results go to `<results>/<cohort>/`.",
    )
    title: str = Field(description="One line that says what the cohort is; heads every report.")
    source: str = Field(description="Where the data come from, with their citation; shown in every report.")
    simulated: bool = Field(False, description="Simulated data: every page of every report says SIMULATED.")
    samples: str = Field(description="The sample sheet (TSV or CSV), relative to the working folder.")
    data: str | None = Field(
        None,
        description="Folder that the sheet's `path` is relative to, itself relative to the working folder; empty: the "
        "folder of the sheet.",
    )
    panel: str | None = Field(None, description="Panel file (YAML), relative to the working folder; empty: no panel.")
    exclude: dict[str, str] = Field(
        default_factory=dict,
        description="`{sample or subject: why}`: what is left out of everything, as if the sheet did not have it. "
        "Every report and the methods name it with its reason.",
    )
    results: str = Field("results", description="Folder of all results, relative to the working folder.")
    seed: Annotated[int, Field(ge=0, le=_LARGEST_SEED)] = Field(0, description="Seed of everything random.")
    samples_per_job: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="The most samples that one job of ingest, qc or neighbourhood takes; in neighbourhood, whole "
        "subjects. Without it 16, or more where a stage would have more than about 64 jobs.",
    )
    ingest: IngestConfig = Field(IngestConfig(), description="Raw tables → cells in µm.")
    qc: QcConfig = Field(QcConfig(), description="Which cells and samples go on.")
    cluster: ClusterConfig = Field(ClusterConfig(), description="Cells → types.")
    neighbourhood: NeighbourhoodConfig = Field(NeighbourhoodConfig(), description="Who touches whom, against chance.")
    response: ResponseConfig = Field(description="Which subjects are compared.")
    report: ReportConfig = Field(ReportConfig(), description="How figures look; changes no number.")

    @field_validator("exclude")
    @classmethod
    def _with_reason(cls, value: dict[str, str]) -> dict[str, str]:
        if lacking := [name for name, why in value.items() if not why.strip() or not why.isprintable()]:
            raise ValueError(f"a reason for each, none is given for `{lacking[0]}`")
        return value

    @field_validator("results", "samples")
    @classmethod
    def _plain_path(cls, value: str) -> str:
        if not value or not value.isprintable() or set(value) & _WILDCARDS or value.startswith("~"):
            raise ValueError("a path, without `{`, `}`, `<` or `>`, which Snakemake would replace, and no `~`")
        return value

    @field_validator("results")
    @classmethod
    def _own_folder(cls, value: str) -> str:
        if (folder := Path(value).resolve()) == Path(folder.anchor):
            raise ValueError("a folder of its own, not the root of the disk")
        return value


class StageParams(BaseModel):
    """What a stage is given besides its input files: its own section and the few shared values it uses.

    The JSON of this is the `params` of its rules, so that a change reruns just the stages that see it.
    """

    ingest: IngestConfig | None = None
    qc: QcConfig | None = None
    cluster: ClusterConfig | None = None
    neighbourhood: NeighbourhoodConfig | None = None
    response: ResponseConfig | None = None
    report: ReportConfig | None = None
    panel: Panel | None = None
    parents_written: bool | None = None  # the config names other `neighbourhood.parents` than the panel does
    told_by: dict[str, list[str]] = {}  # type: markers by whose gates its cells were told from others
    subtypes: dict[str, list[str]] = {}  # type: what its cells were told into
    missing_marker: Literal["error", "intersect", "fill"] = "error"
    seed: int = 0
    data: str | None = None
    samples_per_job: int | None = None
    cohort: str = ""
    title: str = ""
    source: str = ""
    simulated: bool = False
    exclude: dict[str, str] = {}  # sample or subject: why


def stage_params(config: Config, panel: Panel | None, stage: str) -> str:
    """JSON of the `StageParams` of `stage`: sorted keys, so that equal settings are equal text."""
    values: dict[str, Any] = {stage: getattr(config, stage).model_dump(mode="json")}
    if stage == "cluster":
        # where a sample lacks a marker, ingest leaves it empty and the cohort as a whole deals with it here
        values["missing_marker"] = config.ingest.missing_marker
    of_panel = _parents(config, panel) if panel is not None else None
    if stage == "neighbourhood" and config.neighbourhood.parents is None and panel is not None:
        values[stage]["parents"] = of_panel
    if stage == "neighbourhood" and config.neighbourhood.parents and config.neighbourhood.parents != of_panel:
        values["parents_written"] = True
    if stage == "neighbourhood":
        if told := _told_by(config.cluster):
            values["told_by"] = told
        if whole := {kind: retype.subtypes_of(kind, config.cluster.subtypes) for kind in config.cluster.subtypes}:
            values["subtypes"] = whole
    for name in ALL[stage].shared:
        if name == "exclude":
            values |= {name: config.exclude} if config.exclude else {}
        elif name != "panel":
            values[name] = getattr(config, name)
        elif panel is not None:
            # ingest sees no signatures: editing a gate must not read the raw tables again
            dumped = panel.model_dump(mode="json")
            values["panel"] = {**dumped, "signatures": []} if stage == "ingest" else dumped
    return _json(values)


def niche_params(config: Config) -> str:
    """JSON of the `StageParams` for learning niches: what that reads, so that no other key learns them anew."""
    niches = config.neighbourhood.niches
    size = {"nearest": "nearest", "radius": "radius_um", "hops": "hops", "none": ""}[niches.window]
    unread = {"split_by", "within", "nearest", "radius_um", "hops"} - {size}
    asked = niches.model_dump(mode="json", exclude=unread) if size else {"window": niches.window}
    values: dict[str, Any] = {"niches": asked}
    if niches.window == "hops":  # steps of the triangulation, up to its longest edge
        values["graph"] = {"max_edge_um": config.neighbourhood.graph.max_edge_um}
    return _json({"neighbourhood": values, "seed": config.seed})


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _parents(config: Config, panel: Panel) -> dict[str, list[str]]:
    """The types of each parent of the panel, by what the config makes of them."""
    rename, subtypes = config.cluster.rename, config.cluster.subtypes
    found: dict[str, list[str]] = {}
    for parent, kinds in panel.kinds_by_parent().items():
        name = rename.get(parent, parent)
        found[name] = [*found.get(name, []), *retype.final(kinds, rename, subtypes)]
    taken: set[str] = set()
    for name, kinds in found.items():  # types that became one belong to the first parent
        found[name] = [kind for kind in dict.fromkeys(kinds) if kind not in taken]
        taken |= set(kinds)
    return {name: kinds for name, kinds in found.items() if len(kinds) > 1}


def _told_by(cluster: ClusterConfig) -> dict[str, list[str]]:
    """The markers that a gate of the config tells types by: to compare those would be circular."""
    told: dict[str, list[str]] = {}
    for split in cluster.splits:
        for name in retype.final([split.cell_type], cluster.rename, cluster.subtypes):
            told.setdefault(name, []).append(split.marker)
    for kind, by in cluster.subtypes.items():
        for name in retype.subtypes_of(kind, cluster.subtypes):
            told.setdefault(name, []).extend(by)
    return told
