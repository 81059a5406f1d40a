"""How any table of cells is scored: graph, statistic, null. What `tumint score` and `tumint.score` are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

import numpy as np

from tumint.errors import Fault
from tumint.neighbourhood.image import GraphSpec
from tumint.neighbourhood.levels import Scales
from tumint.neighbourhood.score_table import Null
from tumint.neighbourhood.scores import Method
from tumint.text import setting

GRAPHS = ("delaunay", "knn", "radius", "edges")
STATISTICS = ("edges", "classic", "histocat", "patch", "share", "allocation")
_PROVIDED = ("edges", "obsp")  # a table of edges, or those of an AnnData
NULLS = ("exact", "local", "permutation", "fixed", "torus", "jitter")


@dataclass(frozen=True)
class Options:
    """By the names of the options of `tumint score`; lengths in µm."""

    graph: str = "delaunay"
    max_edge: float = 50.0
    k: int = 6
    symmetric: bool = False
    radius: float = 20.0
    statistic: str = "edges"
    patch_size: int = 3
    null: str = "exact"
    local_um: float = 100.0
    around_um: float = 60.0
    jitter: float = 10.0
    permutations: int = 1000
    stop_after: int = 0
    guard: float = 0.0
    min_cells: int = 10
    um_per_px: float = 1.0
    seed: int = 0
    threads: int = 1

    @property
    def spec(self) -> GraphSpec:
        """The graph."""
        kind: Any = "provided" if self.graph in _PROVIDED else self.graph
        return GraphSpec(kind, self.max_edge, self.k, self.symmetric, self.radius, self.guard)

    @property
    def method(self) -> Method:
        """The statistic and how chance is told: a share is a patch of 1."""
        share = self.statistic == "share"
        statistic: Any = "patch" if share else self.statistic
        null: Any = "exact" if self.null == "local" else self.null
        patch = 1 if share else self.patch_size
        return Method(
            statistic, null, self.permutations, self.seed, self.min_cells, patch, self.jitter, self.stop_after
        )

    def within(self, *, parent: bool) -> Null:
        """What labels are permuted within; `parent`: cells have parents."""
        return Null(self.null == "local", parent, Scales(self.local_um, self.around_um))


def faults(
    one: Options,
    said: Callable[[str], str],
    *,
    edges: bool,
    cell_id: bool,
    within: dict[str, str | None],
    graphs: Sequence[str] = GRAPHS,
    nulls: Sequence[str] = NULLS,
) -> list[Fault | str]:
    """What is wrong with options, by themselves or together.

    Parameters
    ----------
    said
        How an option is called where the user gave it: `--max-edge`, or `max_edge`.
    edges, cell_id
        Whether a table of edges, and the ids of cells, came with them.
    within
        The columns that labels are permuted within, by option.
    graphs, nulls
        Those that there are to choose from.
    """
    found = _kinds(one, said)
    if found:
        return found
    for option, of in (("graph", graphs), ("statistic", STATISTICS), ("null", nulls)):
        if (value := getattr(one, option)) not in of:
            found.append(Fault(said(option), f"one of {', '.join(of)}", f"`{value}`"))
    for option in ("um_per_px", "radius", "jitter", "local_um", "around_um"):
        if not (math.isfinite(value := getattr(one, option)) and value > 0):
            found.append(Fault(said(option), "a positive number", f"`{setting(value)}`"))
    for option in ("max_edge", "guard"):
        if not (math.isfinite(value := getattr(one, option)) and value >= 0):
            found.append(Fault(said(option), "a number that is 0 or more", f"`{setting(value)}`"))
    for least, options in (
        (1, ("k", "permutations", "threads", "min_cells", "patch_size")),
        (0, ("seed", "stop_after")),
    ):
        for option in options:
            if (value := getattr(one, option)) < least:
                found.append(Fault(said(option), f"a whole number from {least}", f"`{value}`"))
    return [*found, *_together(one, said, edges=edges, cell_id=cell_id, within=within)]


def _kinds(one: Options, said: Callable[[str], str]) -> list[Fault | str]:
    """Values of a kind that cannot be compared with any bound, which only Python can give."""
    words: dict[str, tuple[str, Any]] = {"str": ("a text", str), "bool": ("True or False", (bool, np.bool_))}
    words |= {"int": ("a whole number", Integral), "float": ("a number", Real)}
    found: list[Fault | str] = []
    for option in fields(one):
        expected, kind = words[str(option.type)]
        value = getattr(one, option.name)
        if not isinstance(value, kind) or (isinstance(value, bool) and option.type != "bool"):
            found.append(Fault(said(option.name), expected, f"{value!r}"))
    return found


def _together(
    one: Options, said: Callable[[str], str], *, edges: bool, cell_id: bool, within: dict[str, str | None]
) -> list[Fault]:
    found = []
    graph, null = f"{said('graph')} {one.graph}", f"{said('null')} {one.null}"
    if one.graph == "edges" and not (edges and cell_id):
        found.append(Fault(graph, f"{said('edges')} FILE and {said('cell_id')} COL", "only one of them or none"))
    if one.graph != "edges" and edges:
        found.append(Fault(said("edges"), f"{said('graph')} edges with it", f"`{graph}`"))
    if one.null not in ("exact", "local") and one.statistic == "allocation":
        found.append(Fault(f"{said('statistic')} allocation", f"{said('null')} exact or local", f"`{one.null}`"))
    if one.null in ("torus", "jitter"):
        if one.graph in _PROVIDED:
            found.append(Fault(null, "a graph made from coordinates", f"`{graph}`"))
        for option, column in within.items():
            if column is not None:
                found.append(Fault(null, f"no {said(option)}, which it cannot keep", f"`{column}`"))
    return found
