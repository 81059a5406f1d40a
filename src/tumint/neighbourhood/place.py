"""Where the cells of one image lie: domain and distance to the tumour's margin, counts and areas. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.neighbourhood import margin as m
from tumint.neighbourhood.roles import Roles
from tumint.text import listed

if TYPE_CHECKING:
    from tumint.config.margin import MarginConfig, PhenotypeConfig

REACH_UM, CURVE_UM = 200.0, 20.0  # bins of curves: so far from the margin, and so wide
DEPTHS = {"depth of the deepest quarter": 0.25, "median depth": 0.5, "depth of the outermost quarter": 0.75}


@dataclass(frozen=True)
class Place:
    """What is known of the places of an image's cells.

    `domain` (n,) and `margin_um` (n,; NaN: no margin) in the order of the cells; the other attributes are rows of the
    contracts of their names, and of `FEATURES`.
    """

    domain: np.ndarray
    margin_um: np.ndarray
    domains: pd.DataFrame
    margins: pd.DataFrame
    phenotypes: pd.DataFrame
    features: pd.DataFrame

    def places(self, sample: str, ids: np.ndarray) -> pd.DataFrame:
        """Rows of the contract `PLACES`, by cell."""
        table = {k.SAMPLE: sample, k.CELL_ID: ids, k.DOMAIN: self.domain, k.MARGIN_UM: self.margin_um}
        return pd.DataFrame(table).sort_values(k.CELL_ID, kind="stable", ignore_index=True)


def place(
    sample: str,
    xy: np.ndarray,
    labels: np.ndarray,
    domain: np.ndarray,
    types: Sequence[str],
    found: Roles,
    config: MarginConfig,
) -> Place:
    """Places of the cells of an image (n > 0, with coordinates); `domain` (n, object): as they came, renamed."""
    raster = m.Raster.of(xy)
    mask = _tumour(raster, xy, labels, domain, types, found, config)
    field = m.signed_um(mask)
    margin = np.full(len(xy), np.nan) if field is None else m.at_cells(field, raster, xy)
    if found.origin == k.FROM_CELLS and found.tumour_types:
        squares = _named(mask, field, config.interface_um)
        domain = _named_cells(squares, raster, margin, config.interface_um)
    else:
        squares = domain[raster.nearest]
    known = found.origin != k.NO_DOMAIN and (domain != k.NO_DOMAIN).any()
    whole = bool(mask.all())
    return Place(
        domain,
        margin,
        _domain_rows(sample, raster, squares, domain, labels, types) if known else contracts.empty(contracts.DOMAINS),
        contracts.empty(contracts.MARGINS)
        if field is None
        else _margin_rows(sample, raster, field, margin, labels, types, edges(config.bins_um)),
        _phenotype(
            sample, raster, mask, field, np.full(len(xy), -np.inf) if whole else margin, labels, types, found, config
        ),
        depths(sample, margin, labels, types) if found.what else contracts.empty(contracts.FEATURES),
    )


def unplaced(sample: str, domain: np.ndarray, labels: np.ndarray, types: Sequence[str], found: Roles) -> Place:
    """Cells without coordinates: nothing but the domains that they came with."""
    margin = np.full(len(labels), np.nan)
    row = {k.SAMPLE: sample, "origin": found.origin, k.TUMOUR: found.what, "counted": listed(found.counted)}
    nothing = {name: np.nan for name in ("tumour_mm2", "tissue_mm2", "inside_per_mm2", "margin_per_mm2")}
    rows = depths(sample, margin, labels, types).assign(status=k.NO_COORDINATES)
    return Place(
        domain,
        margin,
        contracts.empty(contracts.DOMAINS),
        contracts.empty(contracts.MARGINS),
        pd.DataFrame([{**row, **nothing, "phenotype": k.NOT_CALLED}]),
        rows if found.what else contracts.empty(contracts.FEATURES),
    )


def edges(bins_um: Sequence[float]) -> np.ndarray:
    """Where bins begin and end (B + 1,), from minus to plus infinity: those of curves and those that are compared."""
    curve = np.arange(-REACH_UM, REACH_UM + 1, CURVE_UM)
    return np.unique(np.concatenate([[-np.inf], curve, np.asarray(bins_um, float), [np.inf]]))


def _tumour(
    raster: m.Raster,
    xy: np.ndarray,
    labels: np.ndarray,
    domain: np.ndarray,
    types: Sequence[str],
    found: Roles,
    config: MarginConfig,
) -> np.ndarray:
    if found.origin == k.FROM_CELLS:
        kinds = np.isin(labels, [types.index(name) for name in found.tumour_types])
        return m.inferred(raster, kinds, config.bandwidth_um, config.tumour_share, config.min_cells)
    side = np.full(len(xy), m.OUTSIDE)
    side[np.isin(domain.astype(str), [*found.tumour])] = m.TUMOUR
    side[np.isin(domain.astype(str), [*found.interface, *found.either])] = m.EITHER
    return m.given(raster, xy, side, config.min_cells)


def _named(mask: np.ndarray, field: np.ndarray | None, interface_um: float) -> np.ndarray:
    """The inferred domain of every square (nx, ny, object)."""
    names = np.where(mask, k.TUMOUR, k.OUTSIDE).astype(object)
    if field is not None:
        names[np.abs(field) <= interface_um] = k.INTERFACE
    return names


def _named_cells(squares: np.ndarray, raster: m.Raster, margin: np.ndarray, interface_um: float) -> np.ndarray:
    """The inferred domain of every cell (n, object)."""
    if np.isnan(margin).all():
        return np.asarray(squares[tuple(raster.square.T)])
    names = np.where(margin < 0, k.TUMOUR, k.OUTSIDE).astype(object)
    names[np.abs(margin) <= interface_um] = k.INTERFACE
    return names


def _domain_rows(
    sample: str, raster: m.Raster, squares: np.ndarray, domain: np.ndarray, labels: np.ndarray, types: Sequence[str]
) -> pd.DataFrame:
    """Rows of the contract `DOMAINS`: every type in every domain of the image."""
    names = sorted(set(domain))
    cells = pd.Categorical(domain, categories=names).codes.astype(np.int64)
    n = np.bincount(cells * len(types) + labels, minlength=len(names) * len(types))
    area = [raster.mm2(squares == name) for name in names]
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.DOMAIN: np.repeat(np.asarray(names, dtype=object), len(types)),
            k.CELL_TYPE: np.tile(np.asarray(types, dtype=object), len(names)),
            k.N: n,
            "area_mm2": np.repeat(area, len(types)),
            "tissue_mm2": raster.mm2(raster.tissue),
        }
    )


def _margin_rows(
    sample: str,
    raster: m.Raster,
    field: np.ndarray,
    margin: np.ndarray,
    labels: np.ndarray,
    types: Sequence[str],
    at: np.ndarray,
) -> pd.DataFrame:
    """Rows of the contract `MARGINS`: every type in every bin."""
    bins, B = np.digitize(margin, at[1:-1]), len(at) - 1
    n = np.bincount(labels * B + bins, minlength=len(types) * B)
    squares = np.bincount(np.digitize(field[raster.tissue], at[1:-1]), minlength=B)
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.CELL_TYPE: np.repeat(np.asarray(types, dtype=object), B),
            "from_um": np.tile(at[:-1], len(types)),
            "to_um": np.tile(at[1:], len(types)),
            k.N: n,
            "area_mm2": np.tile(squares * (m.STEP_UM / 1000) ** 2, len(types)),
        }
    )


def _phenotype(
    sample: str,
    raster: m.Raster,
    mask: np.ndarray,
    field: np.ndarray | None,
    margin: np.ndarray,
    labels: np.ndarray,
    types: Sequence[str],
    found: Roles,
    config: MarginConfig,
) -> pd.DataFrame:
    """The row of the contract `PHENOTYPES`; margin: −∞ where all is tumour."""
    counted = np.isin(labels, [types.index(name) for name in found.counted])
    outside = np.zeros_like(mask) if field is None else (field >= 0) & (field < config.interface_um)
    areas = raster.mm2(mask), raster.mm2(outside)
    n = (counted & (margin < 0)).sum(), (counted & (margin >= 0) & (margin < config.interface_um)).sum()
    inside, beside = (float(a / b) if b > 0 and found.counted else np.nan for a, b in zip(n, areas, strict=True))
    called = k.NOT_CALLED
    if found.what and found.counted:
        called = phenotype(inside, beside, config.phenotype)
    row = {k.SAMPLE: sample, "origin": found.origin, k.TUMOUR: found.what, "counted": listed(found.counted)}
    mm2 = {"tumour_mm2": areas[0], "tissue_mm2": raster.mm2(raster.tissue)}
    return pd.DataFrame([{**row, **mm2, "inside_per_mm2": inside, "margin_per_mm2": beside, "phenotype": called}])


def phenotype(inside: float, margin: float, config: PhenotypeConfig) -> str:
    """What a ROI is called by the densities inside its tumour (NaN: no tumour) and at its margin (NaN: none)."""
    if np.isnan(inside):
        return k.NO_TUMOUR
    if inside >= config.inside_per_mm2:
        return k.INFLAMED
    if margin >= config.margin_per_mm2 and inside / margin < config.inside_to_margin:
        return k.EXCLUDED
    return k.DESERT


def depths(sample: str, margin: np.ndarray, labels: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    """Quantiles of the distance to the margin of each type, in µm, as rows of `FEATURES`; se from their neighbours.

    se: half of the distance between the order statistics one standard deviation of the binomial rank below and above.
    """
    rows = []
    for i, name in enumerate(types):
        mine = np.sort(margin[(labels == i) & ~np.isnan(margin)])
        for said, q in DEPTHS.items():
            value = se = np.nan
            if len(mine):
                ranks = len(mine) * q + np.array([-1, 1]) * np.sqrt(len(mine) * q * (1 - q))
                low, high = mine[np.clip(np.floor(ranks).astype(int), 0, len(mine) - 1)]
                value, se = float(np.quantile(mine, q)), float(high - low) / 2
            status = k.TESTED if len(mine) else k.ABSENT
            rows.append((f"{name}{k.PAIR_SEPARATOR}{said}", value, se, float(len(mine)), len(mine), status))
    table = pd.DataFrame(rows, columns=[k.FEATURE, k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS])
    return table.assign(**{k.SAMPLE: sample, k.FAMILY: k.FAMILY_DEPTH})[list(contracts.FEATURES.columns)]
