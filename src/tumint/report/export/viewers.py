"""The viewers that results are written for, each by the module that knows its format."""

from __future__ import annotations

from typing import Protocol

from tumint.report.export import napari, qupath, spatialdata, tissuumaps, vitessce, xenium
from tumint.report.export.viewer import Job


class Viewer(Protocol):
    """What a module of a viewer has."""

    TITLE: str
    OPEN: str  # how a person opens what was written
    PIXELS: bool  # whether places are written in pixels

    def write(self, job: Job, /) -> list[str]:
        """Write one ROI into the folder; what a person must know of it, if anything."""


VIEWERS: dict[str, Viewer] = {
    "vitessce": vitessce,
    "spatialdata": spatialdata,
    "tissuumaps": tissuumaps,
    "xenium-explorer": xenium,
    "qupath": qupath,
    "napari": napari,
}
