"""Features of samples that `tumint.compare` takes: parts of contact, composition, density, distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.api.cells import needs_frame, read
from tumint.errors import TumintError
from tumint.io.contracts import FEATURES, joined
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import distance_features
from tumint.neighbourhood.image import Image, codes, make_image
from tumint.neighbourhood.levels import level
from tumint.neighbourhood.score_options import NULLS, Options, faults
from tumint.neighbourhood.statistics import Cells, image_features
from tumint.neighbourhood.tables import Columns
from tumint.response.inputs import from_scores


def parts(scores: pd.DataFrame) -> pd.DataFrame:
    """Contact and what else makes a ratio, of the scores of `tumint.score`: shared domain, shared region, contact.

    Returns
    -------
    Rows of the contract `FEATURES` (`sample`, `family`, `feature`, `value`, `se`, `weight`, `n`, `status`): families
    `interaction` (log contact odds ratios) and `interaction_total` = `shared_domain` + `shared_region` +
    `contact_excess` (log2 ratios), as in docs/statistics.md.
    """
    return from_scores(needs_frame("scores", scores), "scores")


def composition(
    cells: Any,
    label: str = "cell_type",
    sample: str | None = "sample",
    *,
    x: str = "x",
    y: str = "y",
    um_per_px: float = 1.0,
) -> pd.DataFrame:
    """Log odds of every type among the cells of a sample, ½ added to both counts: family `composition`.

    `cells`, columns and `um_per_px` as in `tumint.score`; returns rows of the contract `FEATURES`.
    """
    asked = _checked(Options(um_per_px=um_per_px))
    return _of_images(cells, Columns(x, y, label, sample), asked, lambda *one: _statistic(k.FAMILY_COMPOSITION, *one))


def density(
    cells: Any,
    label: str = "cell_type",
    sample: str | None = "sample",
    *,
    x: str = "x",
    y: str = "y",
    um_per_px: float = 1.0,
) -> pd.DataFrame:
    """Log of cells of every type per mm² of tissue: family `density`; as `composition`."""
    asked = _checked(Options(um_per_px=um_per_px))
    return _of_images(cells, Columns(x, y, label, sample), asked, lambda *one: _statistic(k.FAMILY_DENSITY, *one))


def distance(
    cells: Any,
    label: str = "cell_type",
    sample: str | None = "sample",
    *,
    x: str = "x",
    y: str = "y",
    stratum: str | None = None,
    null: str = "local",
    local_um: float = 100.0,
    um_per_px: float = 1.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Chance that another cell is nearer to the target than a cell of the source: family `distance`; as `composition`.

    ½ is by chance, less is near. Other cells are those of the same square of `local_um` (null `local`, as the workflow
    does) or of the whole image (null `exact`), and of the same value of `stratum`, such as a tissue domain. Where the
    squares begin depends on `seed` and on the name of the sample.
    """
    asked = _checked(Options(null=null, local_um=local_um, um_per_px=um_per_px, seed=seed), nulls=NULLS[:2])

    def of(image: Image, types: list[str]) -> pd.DataFrame:
        null = asked.within(parent=False)
        name = null.name(domains=image.strata is not None)
        place = (image.sample, image.xy, image.labels, image.strata)
        strata = level(name, *place, scales=null.scales, seed=seed).tilings[0]
        return distance_features(distance_table(image.sample, image.xy, image.labels, types, 1, strata))

    return _of_images(cells, Columns(x, y, label, sample, stratum), asked, of)


def _checked(asked: Options, nulls: tuple[str, ...] = NULLS) -> Options:
    if found := faults(asked, str, edges=False, cell_id=False, within={}, nulls=nulls):
        raise TumintError(found)
    return asked


def _statistic(family: str, image: Image, types: list[str]) -> pd.DataFrame:
    found = image_features(Cells(image.sample, image.xy, image.labels, types))
    return found[found[k.FAMILY] == family]


def _of_images(
    cells: Any, columns: Columns, asked: Options, of: Callable[[Image, list[str]], pd.DataFrame]
) -> pd.DataFrame:
    table = read(cells, columns, asked.um_per_px)
    types = sorted(set(table[k.CELL_TYPE]))
    found = []
    for name, rows in table.groupby(k.SAMPLE, sort=False):
        labels = codes(rows[k.CELL_TYPE], types)
        strata = rows[k.DOMAIN].to_numpy(object) if k.DOMAIN in rows else None
        found.append(of(make_image(str(name), rows[[k.X_UM, k.Y_UM]].to_numpy(float), labels, strata), types))
    return joined(found, FEATURES)
