"""Outlines of cells in a GeoJSON file → their centres and areas. Knows no program's names."""

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


def outlines(found: list[dict[str, Any]], place: Place) -> tuple[np.ndarray, np.ndarray]:
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
            raise DataError(Fault(place.at(f"feature {i + 1}"), expected, f"`{kind}` that is none"))
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


def is_geojson(path: Path) -> bool:
    """By its name."""
    return path.name.lower().endswith((".geojson", ".geojson.gz"))


def files_in(path: Path) -> Iterator[Path]:
    """GeoJSON files of a folder, by name; `path` itself where it is one. Folders in it are asked by themselves."""
    inside = [path] if path.is_file() else sorted(path.glob("*"))
    yield from (file for file in inside if file.is_file() and is_geojson(file) and not file.name.startswith("."))
