"""Features of samples that `tumint.compare` takes: parts of contact, composition, density, distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.api.cells import read
from tumint.io.contracts import FEATURES, joined
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import distance_features
from tumint.neighbourhood.image import Image, codes, make_image
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
    return from_scores(scores, "scores")


def composition(cells: Any, label: str = "cell_type", sample: str | None = "sample", **columns: Any) -> pd.DataFrame:
    """Log odds of every type among the cells of a sample, ½ added to both counts: family `composition`.

    `columns`: `x`, `y` and `um_per_px` as in `tumint.score`; returns rows of the contract `FEATURES`.
    """
    return _of_images(cells, label, sample, columns, lambda *image: _statistic(k.FAMILY_COMPOSITION, *image))


def density(cells: Any, label: str = "cell_type", sample: str | None = "sample", **columns: Any) -> pd.DataFrame:
    """Log of cells of every type per mm² of tissue: family `density`; as `composition`."""
    return _of_images(cells, label, sample, columns, lambda *image: _statistic(k.FAMILY_DENSITY, *image))


def distance(cells: Any, label: str = "cell_type", sample: str | None = "sample", **columns: Any) -> pd.DataFrame:
    """Chance that another cell is nearer to the target than a cell of the source: family `distance`; as `composition`.

    ½ is by chance, less is near. Other cells are those of the whole image.
    """

    def of(image: Image, types: list[str]) -> pd.DataFrame:
        return distance_features(distance_table(image.sample, image.xy, image.labels, types, 1))

    return _of_images(cells, label, sample, columns, of)


def _statistic(family: str, image: Image, types: list[str]) -> pd.DataFrame:
    found = image_features(Cells(image.sample, image.xy, image.labels, types))
    return found[found[k.FAMILY] == family]


def _of_images(
    cells: Any,
    label: str,
    sample: str | None,
    given: dict[str, Any],
    of: Callable[[Image, list[str]], pd.DataFrame],
) -> pd.DataFrame:
    um_per_px = given.pop("um_per_px", 1.0)
    table = read(cells, Columns(label=label, sample=sample, **given), um_per_px)
    types = sorted(set(table[k.CELL_TYPE]))
    found = []
    for name, rows in table.groupby(k.SAMPLE, sort=False):
        labels = codes(rows[k.CELL_TYPE], types)
        image = make_image(str(name), rows[[k.X_UM, k.Y_UM]].to_numpy(float), labels)
        found.append(of(image, types))
    return joined(found, FEATURES)
