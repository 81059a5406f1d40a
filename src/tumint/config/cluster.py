"""Config of clustering and typing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tumint import keys as k
from tumint.config import retype
from tumint.config.base import Section

Resolution = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class NormaliseConfig(Section):
    """How raw values become comparable over ROIs."""

    method: Literal["reference", "arcsinh", "gate", "zscore", "log", "none"] = Field(
        "reference",
        description="`reference`: divide by the ROI's median of the panel's reference channel (xenon), then scale each "
        "marker by its pooled 99th percentile (van Maldegem et al. 2021); `arcsinh`: arcsinh(x / cofactor); `gate`: a "
        "mixture of two gaussians per marker and ROI, whose border becomes 0.5 (as scimap does); `zscore`: of "
        "arcsinh(x / cofactor) per marker and ROI; `log`: transcripts, log(1 + x) after scaling every cell to "
        "`target_sum`; `none`.",
    )
    percentile: Annotated[float, Field(gt=50, le=100)] = Field(
        99.0,
        description="Percentile, pooled over the cells of the cohort with signal, that becomes 1. Larger values stay "
        "larger: cutting them would hide markers of types rarer than that (`reference`).",
    )
    cofactor: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Cofactor of the arcsinh (`arcsinh`, `zscore`): 5 for ion counts, about 150 for fluorescence."
    )
    target_sum: Annotated[float, Field(gt=0)] = Field(
        10_000.0, description="What the transcripts of every cell are scaled to (`log`)."
    )
    compensation: str | None = Field(
        None,
        description="CSV of a spillover matrix, taken out first: a first column of emitting channels, a header of "
        "receiving ones, 1 on the diagonal; relative to the working folder. Markers it does not name stay.",
    )


class IntegrateConfig(Section):
    """How differences between batches are taken out before clustering; values of markers are not changed."""

    method: Literal["none", "harmony", "centre"] = Field(
        "none",
        description="`harmony` (Korsunsky et al. 2019): soft clusters are moved onto each other; `centre`: the mean of "
        "each batch is taken out, which also takes out what differs because the batches hold other cells.",
    )
    batch: str = Field("sample", description="`sample`, or the column of the sample sheet that names the batches.")


class SweepConfig(Section):
    """Clusterings of a part of the cells at several resolutions, and how stable each is."""

    enabled: bool = Field(True, description="Whether it is done; `cluster.resolution: auto` needs it.")
    resolutions: list[Resolution] = Field(
        [0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0], min_length=1, description="The resolutions."
    )
    resamples: Annotated[int, Field(ge=2)] = Field(
        5, description="How many times four fifths of those cells are drawn and clustered again."
    )
    max_cells: Annotated[int, Field(ge=50)] = Field(3000, description="How many cells it is done on at most.")

    @field_validator("resolutions")
    @classmethod
    def _differ(cls, value: list[float]) -> list[float]:
        if len(set(value)) < len(value):
            raise ValueError("each resolution once")
        return value


class Split(Section):
    """A gate that gives cells of one cluster or type another type."""

    cluster: str | None = Field(None, description="The cluster whose cells are looked at, by its number.")
    from_type: str | None = Field(None, description="Or the type whose cells are looked at.")
    marker: str = Field(description="The marker.")
    at_least: float | None = Field(None, description="Cells whose normalised value is at least this ...")
    below: float | None = Field(None, description="... and below this, where given,")
    cell_type: str = Field(description="are of this type.")

    @model_validator(mode="after")
    def _complete(self) -> Split:
        if (self.cluster is None) == (self.from_type is None):
            raise ValueError("either `cluster` or `from_type`")
        if self.at_least is None and self.below is None:
            raise ValueError("`at_least` or `below`")
        if self.at_least is not None and self.below is not None and not self.at_least < self.below:
            raise ValueError("`at_least` to be less than `below`")
        if not self.cell_type or not self.cell_type.isprintable():
            raise ValueError("`cell_type` to be printable text")
        if k.PAIR_SEPARATOR in self.cell_type:
            raise ValueError(f"no `{k.PAIR_SEPARATOR}` in `cell_type`")
        return self


class ReferenceConfig(Section):
    """Annotated cells that types are transferred from."""

    path: str = Field(description="The h5ad, relative to the working folder: cells × markers, not normalised.")
    column: str = Field("cell_type", description="Its obs column with the types.")
    n_neighbours: Annotated[int, Field(ge=1)] = Field(15, description="How many of its cells vote on each of ours.")


class StatesConfig(Section):
    """Which cells are positive for which marker."""

    gates: dict[str, float] = Field(
        default_factory=dict,
        description="`{marker: normalised value}`: cells from there on are positive. The other `state` markers are "
        "gated where two gaussians, fitted to all cells of the cohort, cross.",
    )
    gates_from: str | None = Field(
        None,
        description="CSV of your own with columns `marker` and `gate`, in addition to `gates`: the same for a table of "
        "thresholds. One row for a marker, on the normalised scale of this cohort; relative to the working folder.",
    )


class SpatialConfig(Section):
    """Where markers lie, and which ligands may meet their receptors (squidpy)."""

    moran: bool = Field(False, description="Moran's I of every marker in every ROI (six nearest neighbours).")
    ligand_receptor: str | None = Field(
        None,
        description="CSV with columns `source` and `target`: ligands and receptors, both markers or genes of the data. "
        "Each pair is scored between all types by permutation (Efremova et al. 2020); relative to the working folder.",
    )
    permutations: Annotated[int, Field(ge=10)] = Field(1000, description="How many, for `ligand_receptor`.")


class ClusterConfig(Section):
    """Normalise, integrate, cluster over the cohort, give every cell a type."""

    typing: Literal["signatures", "provided", "table", "transfer"] = Field(
        "signatures",
        description="`signatures`: each cluster gets the type of the panel whose markers it shows; `provided`: the "
        "data bring the types (nothing is clustered); `table`: clusters get the types of `type_table`; `transfer`: "
        "each cell gets the type of the cells of `reference` that are most like it.",
    )
    type_table: str | None = Field(
        None,
        description="CSV with columns `cluster` and `cell_type`, for `typing: table`; relative to the working folder.",
    )
    types_from: str | None = Field(
        None,
        description="CSV of your own with the type of each cell (`cell_id`, `cell_type`, and `sample` where ids "
        "repeat), in place of those of the data (`typing: provided`, which is meant where nothing else is said); or, "
        "with `typing: table`, of each cluster (`cluster`, `cell_type`). What is not in it is `unclassified`, and "
        "counted; relative to the working folder.",
    )
    reference: ReferenceConfig | None = Field(
        None, description="Annotated cells: what `typing: transfer` goes by, and what other typings are compared with."
    )
    normalise: NormaliseConfig = Field(NormaliseConfig(), description="How values are normalised.")
    n_genes: Annotated[int, Field(ge=10)] = Field(
        2000, description="How many of the most variable genes decide (`normalise.method: log`)."
    )
    n_components: Annotated[int, Field(ge=2)] = Field(
        30, description="Principal components that distances are computed from (`normalise.method: log`)."
    )
    integrate: IntegrateConfig = Field(IntegrateConfig(), description="What is done about batches.")
    method: Literal["phenograph", "leiden", "flowsom"] = Field(
        "phenograph",
        description="`phenograph`: Leiden on the graph of nearest neighbours weighted by the overlap of their lists "
        "(Levine et al. 2015); `leiden`: Leiden on the plain graph; `flowsom`: a grid of prototypes, joined by average "
        "linkage into `n_clusters` (as Van Gassen et al. 2015).",
    )
    n_neighbours: Annotated[int, Field(ge=2)] = Field(
        20, description="k of the kNN graph that Leiden cuts (`phenograph`, `leiden`)."
    )
    sketch: Annotated[int, Field(ge=1000)] | None = Field(
        100_000,
        description="How many cells are clustered at most: as many of every subject, half of them at random and "
        "half evenly over what cells are like. The others join the cluster of the cells most like them. `null`: all "
        "are clustered, as they are with transcripts.",
    )
    resolution: Resolution | Literal["auto"] = Field(
        1.0,
        description="Resolution of Leiden: larger gives more clusters; `auto`: the one that `sweep` recommends. "
        "Clusters whose cells show several types of the panel are split in any case.",
    )
    n_clusters: Annotated[int, Field(ge=2)] = Field(25, description="How many clusters `flowsom` makes.")
    sweep: SweepConfig = Field(SweepConfig(), description="How stable clusters are at which resolution.")
    per: Literal["cluster", "cell"] = Field(
        "cluster", description="What `signatures` are compared with: the mean of each cluster, or every cell by itself."
    )
    min_score: Share = Field(
        0.4,
        description="A cluster (or cell) whose best signature scores below this becomes its parent type, or "
        "`unclassified`; 1 is one that shows all positive markers in full and no negative one.",
    )
    min_confidence: Share = Field(
        0.0, description="Cells with less confidence than this become `unclassified`, whatever their cluster is."
    )
    splits: list[Split] = Field(
        [],
        description="Gates that split clusters or types, one after the other, after typing, such as "
        '`{cluster: "5", marker: F480, at_least: 0.5, cell_type: Macrophages}`.',
    )
    rename: dict[str, str] = Field(
        default_factory=dict,
        description="`{type: its name here}`, such as `{M1: Macrophages, M2: Macrophages}`: types by other names, "
        "after typing by whatever way and after `splits`; several can become one. A type that no cell has is an error.",
    )
    subtypes: dict[str, dict[str, tuple[str, str]]] = Field(
        default_factory=dict,
        description="States that make types: `{CD8 T cells: {PD1: [PD1+, PD1-]}}` makes `PD1+ CD8 T cells` and "
        "`PD1- CD8 T cells` of them, by the gate of the marker (`states.gates`, or where two gaussians cross), to be "
        "partners of contact, distance and composition like any type. After `rename`.",
    )
    states: StatesConfig = Field(StatesConfig(), description="Positivity of the `state` markers.")
    umap_cells: Annotated[int, Field(ge=0)] = Field(
        3000, description="UMAP of at most this many cells, drawn at random; 0: none."
    )
    spatial: SpatialConfig = Field(SpatialConfig(), description="Where markers lie.")

    @model_validator(mode="before")
    @classmethod
    def _types_of_cells(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("types_from") and "typing" not in data:
            return {**data, "typing": "provided"}
        return data

    @model_validator(mode="after")
    def _what_belongs_together(self) -> ClusterConfig:
        if self.types_from is not None and self.typing not in ("provided", "table"):
            raise ValueError("`typing: provided` (types of cells) or `table` (of clusters) where `types_from` is given")
        tables = [self.type_table] if self.typing != "table" else [self.type_table, self.types_from]
        if sum(path is not None for path in tables) != (self.typing == "table"):
            raise ValueError("`type_table` or `types_from` where `typing` is `table`, and `type_table` only there")
        if names := retype.faults(self.rename, self.subtypes):
            raise ValueError("; ".join(names))
        if self.typing == "transfer" and self.reference is None:
            raise ValueError("`reference` where `typing` is `transfer`")
        if self.resolution == "auto" and not self.sweep.enabled:
            raise ValueError("`sweep.enabled: true` where `resolution` is `auto`")
        if self.method == "flowsom" and self.resolution == "auto":
            raise ValueError("a `resolution` that is not `auto` where `method` is `flowsom`, which has none")
        return self

    @property
    def files(self) -> list[str]:
        """The files that a person made for this stage."""
        reference = self.reference.path if self.reference is not None else None
        gates, spillover = self.states.gates_from, self.normalise.compensation
        named = (self.type_table, self.types_from, spillover, reference, self.spatial.ligand_receptor, gates)
        return [path for path in named if path is not None]
