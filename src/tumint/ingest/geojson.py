"""Outlines in a GeoJSON file → centres and areas, and which points lie in one. Knows no program's names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tumint.errors import DataError, Fault
from tumint.io.raw.source import Place, Text


def features(place: Place) -> list[dict[str, Any]]:
    """The features of a file: a collection of them, a list, or one alone.

    Raises
    ------
    DataError
        The file is no JSON, or no GeoJSON of features.
    """
    text = b"".join(Text(place).blocks())
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(Fault(place.at(), "a GeoJSON file", f"`{' '.join(str(error).split())[:100]}`")) from None
    found = data.get("features", [data]) if isinstance(data, dict) else data
    if not isinstance(found, list) or not all(isinstance(one, dict) and "geometry" in one for one in found):
        raise DataError(Fault(place.at(), "a GeoJSON file of features, each with a `geometry`", "JSON of another kind"))
    return found


def outlines(found: list[dict[str, Any]], place: Place, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n × 2) and areas (n) of polygons, in the unit of the file and its square; a point has the area NaN.

    Raises
    ------
    DataError
        A geometry is no polygon, several polygons or a point, or has no area or no finite coordinates: its number.
    """
    xy, area = np.full((len(found), 2), np.nan), np.full(len(found), np.nan)
    for i, feature in enumerate(found):
        geometry = feature.get("geometry") or {}
        try:
            xy[i], area[i] = _measured(geometry)
        except (TypeError, ValueError, KeyError, IndexError):
            xy[i] = np.nan
        if not np.isfinite(xy[i]).all():
            expected = "a polygon with an area, or a point, in finite numbers"
            kind = geometry.get("type") if isinstance(geometry, dict) else None
            raise DataError(Fault(place.at(f"feature {first + i + 1}"), expected, f"`{kind}` that is none"))
    return xy, area


def _measured(geometry: dict[str, Any]) -> tuple[np.ndarray, float]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return np.asarray(coordinates, dtype=float)[:2], np.nan
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(kind)
    total, moment = 0.0, np.zeros(2)
    for polygon in [coordinates] if kind == "Polygon" else coordinates:
        for number, ring in enumerate(polygon):
            size, centre = _ring(np.asarray(ring, dtype=float)[:, :2])
            size = size if number == 0 else -size  # a hole
            total, moment = total + size, moment + size * centre
    return moment / total if total > 0 else np.full(2, np.nan), total


def _ring(points: np.ndarray) -> tuple[float, np.ndarray]:
    """Area and centroid of a closed ring, whichever way it runs; of one without area the middle of its points."""
    origin = points[0]  # far from (0, 0) the products below would lose digits
    x, y = (points - origin).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    twice = cross.sum()
    if twice == 0:
        return 0.0, points.mean(axis=0)
    centre = np.array([((x[:-1] + x[1:]) * cross).sum(), ((y[:-1] + y[1:]) * cross).sum()]) / (3 * twice)
    return abs(twice) / 2, centre + origin


def inside(geometry: dict[str, Any], xy: np.ndarray) -> np.ndarray:
    """Which points (n × 2) lie in a polygon, or in one of several, and in none of its holes: bool, `(n,)`.

    Of a border that two polygons share, a point lies in one of them. A geometry of another kind holds no point.
    """
    kind, coordinates = geometry.get("type"), geometry.get("coordinates") or []
    found, order = np.zeros(len(xy), dtype=bool), np.argsort(xy[:, 1], kind="stable")
    x, y = xy[order].T
    for polygon in {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(kind), []):
        odd = np.zeros(len(xy), dtype=bool)  # how often a ray to the right of each point meets a side
        for ring in polygon:
            points = np.asarray(ring, dtype=float)[:, :2]
            ends = np.roll(points, -1, axis=0)
            first, last = np.searchsorted(y, np.sort(np.stack([points[:, 1], ends[:, 1]]), axis=0))
            for i in np.flatnonzero(first < last):  # a side meets the rays of the points between its ends alone
                (x0, y0), (x1, y1), at = points[i], ends[i], slice(first[i], last[i])
                odd[at] ^= x[at] < x0 + (y[at] - y0) * ((x1 - x0) / (y1 - y0))
        found[order] |= odd
    return found


def is_geojson(path: Path) -> bool:
    """By its name."""
    return path.name.lower().endswith((".geojson", ".geojson.gz"))


def files_in(path: Path) -> Iterator[Path]:
    """GeoJSON files of a folder, by name; `path` itself where it is one. Folders in it are asked by themselves."""
    inside = [path] if path.is_file() else sorted(path.glob("*"))
    yield from (file for file in inside if file.is_file() and is_geojson(file) and not file.name.startswith("."))
