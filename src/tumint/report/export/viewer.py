"""What a module of a viewer is given for one ROI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumint.report.export.layers import Roi


@dataclass(frozen=True)
class Job:
    """A ROI, the folder that its files go into, and what only some viewers need."""

    roi: Roi
    folder: Path
    title: str  # of the cohort
    url: str  # where the folder will be served, for viewers in a browser
    matrix: Callable[[], tuple[Any, list[str]]]  # values of markers, cells × markers, and their names; read when called
