"""`tumint export`: results as files that a viewer of images opens."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_ABOUT = """\
Write the cells of a finished run for a viewer: cell types, tissue domains, distance to the tumour's margin,
niches, networks and findings, in the colours of the reports. A finding is a layer that shows the cells of its
two types which touch each other.

RESULTS is the folder of one cohort, such as results/demo. OUT must be new or empty; a README.txt in it says how to
open the files. The image itself is not in the results: open it in the viewer as usual, and the cells lie on it.
docs/viewers.md has one line on each viewer."""

_VIEWERS = {
    "vitessce": "a Zarr store and a view config per ROI, for a browser",
    "spatialdata": "a SpatialData store (Zarr) per ROI",
    "tissuumaps": "a CSV and a .tmap project per ROI",
    "xenium-explorer": "a folder of cell groups (CSV) per ROI",
    "qupath": "a GeoJSON of detections per ROI",
    "napari": "a CSV of points per ROI",
}


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "a finished run for viewers: Vitessce, SpatialData, TissUUmaps, Xenium Explorer, QuPath, napari"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "export", help=summary, description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of the results of a cohort")
    which = parser.add_mutually_exclusive_group(required=True)
    for name, what in _VIEWERS.items():
        which.add_argument(f"--{name}", dest="viewer", action="store_const", const=name, help=what)
    add = parser.add_argument
    add("-o", "--out", type=Path, required=True, metavar="OUT", help="folder to write, new or empty")
    add("--sample", nargs="+", default=[], metavar="ROI", help="only these ROIs (default: all)")
    add("--findings", type=int, default=8, metavar="N", help="how many findings become layers, the first of the report")
    add(
        "--um-per-px",
        type=float,
        metavar="X",
        help="pixel size of the image; default: what the raw data were read with",
    )
    add("--url", default="http://localhost:9000", help="address at which OUT will be served (Vitessce alone)")
    parser.set_defaults(call=_export)


def _export(a: argparse.Namespace) -> None:
    from tumint.errors import Fault, TumintError
    from tumint.report.export.run import Asked, run

    if a.findings < 0:
        raise TumintError(Fault("--findings", "a whole number from 0", str(a.findings)))
    if a.um_per_px is not None and not 0 < a.um_per_px < float("inf"):
        raise TumintError(Fault("--um-per-px", "a positive number", f"`{a.um_per_px}`"))
    for line in run(a.results, a.out, Asked(a.viewer, a.sample, a.findings, a.um_per_px, a.url)):
        print(f"export: {line}")
