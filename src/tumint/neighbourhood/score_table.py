"""What `tumint score` computes: a table of cells → a table of scores, image by image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.io import contracts
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.image import GraphSpec, build_graph, codes, in_guard, make_image
from tumint.neighbourhood.levels import Scales, level, parent_codes
from tumint.neighbourhood.scores import MOVED, Geometry, Method, score_image
from tumint.neighbourhood.tables import PARENT


@dataclass(frozen=True)
class Null:
    """What `tumint score` permutes labels within.

    Attributes
    ----------
    local
        Near by only, within `scales`.
    parent
        Only among the cells of one value of the column that `Columns.parent` names.
    """

    local: bool = False
    parent: bool = False
    scales: Scales = field(default_factory=Scales)

    def name(self, *, domains: bool) -> str:
        """The level of `tumint.neighbourhood.levels`."""
        if self.parent:
            return k.PARENT_LOCAL if self.local else k.PARENT
        if self.local:
            return k.LOCAL
        return k.WITHIN_DOMAIN if domains else k.GLOBAL


@threadpool_limits.wrap(limits=1, user_api="blas")  # sums of floats must not depend on the number of threads
def score_cells(
    cells: pd.DataFrame,
    spec: GraphSpec,
    method: Method,
    null: Null = Null(),
    edges: pd.DataFrame | None = None,
    *,
    threads: int = 1,
) -> pd.DataFrame:
    """Scores of all samples of `cells`; of `allocation` with the column `moved`.

    `cells` has `sample`, `x_um`, `y_um`, `cell_type`, and where asked for `domain` to permute within, `parent`, and
    `subject`, whose samples are fitted as one.
    """
    types = sorted(set(cells[k.CELL_TYPE]))
    samples, rows = _rows_by_sample(cells[k.SAMPLE])
    xy = cells[[k.X_UM, k.Y_UM]].to_numpy(float)
    labels = codes(cells[k.CELL_TYPE], types)
    strata = cells[k.DOMAIN].to_numpy(object) if k.DOMAIN in cells else None
    ids = cells[k.CELL_ID].to_numpy(object) if k.CELL_ID in cells else None
    own_edges = {} if edges is None else dict(tuple(edges.groupby(k.SAMPLE, sort=False)))
    name = null.name(domains=strata is not None)
    parents = None
    if null.parent:
        of = dict(zip(cells[k.CELL_TYPE], cells[PARENT], strict=True))
        parents = parent_codes(types, {of[t]: [s for s in types if of[s] == of[t]] for t in types})

    def one(i: int) -> tuple[pd.DataFrame, Tissue]:
        r = rows[i]
        image = make_image(
            samples[i], xy[r], labels[r], None if strata is None else strata[r], None if ids is None else ids[r]
        )
        own = own_edges.get(samples[i])
        graph = build_graph(image, spec, own)
        geometry = Geometry(image.xy, lambda moved: build_graph(replace(image, xy=moved), spec, own))
        guarded = in_guard(image.xy, spec.guard_um) if spec.guard_um > 0 else None
        place = (image.sample, image.xy, image.labels, image.strata, parents, null.scales, method.seed, guarded)
        mine, domains = level(name, *place), level(k.WITHIN_DOMAIN, *place)
        scores = score_image(
            image.sample, graph, image.labels, types, method, mine, domains, geometry=geometry, threads=within
        )
        return scores, Tissue(image.sample, image.xy, image.labels, graph, mine.rules)

    # few images: the threads go over the draws of each
    within = max(1, threads // max(len(samples), 1))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        scored = list(pool.map(one, range(len(samples))))
        found: dict[str, pd.DataFrame] = {}
        groups = list(_groups(cells, samples))
        tissues = {tissue.sample: tissue for _, tissue in scored}
        fits = pool.map(lambda names: contact_odds([tissues[n] for n in names], len(types), method.seed), groups)
        for names, tables in zip(groups, fits, strict=True):
            found |= dict(zip(names, tables, strict=True))
    columns = [*contracts.SCORES.columns, *([MOVED] if method.statistic == "allocation" else [])]
    whole = [pd.concat([scores, found[tissue.sample]], axis=1)[columns] for scores, tissue in scored]
    return pd.concat(whole, ignore_index=True) if whole else pd.DataFrame(columns=columns)


def _groups(cells: pd.DataFrame, samples: list[str]) -> list[list[str]]:
    """Samples that are fitted as one: those of a subject, or each by itself."""
    if k.SUBJECT not in cells:
        return [[sample] for sample in samples]
    subject = dict(zip(cells[k.SAMPLE].astype(str), cells[k.SUBJECT], strict=True))
    groups: dict[str, list[str]] = {}
    for sample in samples:
        groups.setdefault(subject[sample], []).append(sample)
    return list(groups.values())


def _rows_by_sample(column: pd.Series) -> tuple[list[str], list[np.ndarray]]:
    """Names of the samples, sorted, and the rows of each."""
    names, code = np.unique(column.to_numpy(object).astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(code))[:-1]) if len(names) else []
    return [str(name) for name in names], list(rows)
