"""CellProfiler and imcyto, one CSV per ROI: `AllCellsMask_<roi>.csv`, its `Object relationships_` beside it.

Columns `ObjectNumber`, `Location_Center_X`, `AreaShape_Area`, `Intensity_MeanIntensity_<channel>_c1`, and one for each
tissue mask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import Fault
from tumint.ingest.layout import Layout, find_markers, find_shapes, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings, no_edges
from tumint.ingest.recognise import header_of, tables_in
from tumint.ingest.relationships import Relationships
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table
from tumint.text import listed

CENTRE_X, CENTRE_Y = "Location_Center_X", "Location_Center_Y"
OBJECT, AREA, IMAGE = "ObjectNumber", "AreaShape_Area", "ImageNumber"
SHAPES = {k.ECCENTRICITY: "AreaShape_Eccentricity", k.SOLIDITY: "AreaShape_Solidity"}
MEAN, _MEASURES = "Intensity_MeanIntensity_", ("Intensity_", "Location_")
_PREFIX = "Object relationships_"


def beside(path: str | Path) -> Path:
    """Where the neighbours of the cells of `path` would be."""
    return Path(path).with_name(f"{_PREFIX}{Path(path).name}")


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one ROI's table, and their neighbours where they lie beside it."""
    return read_table_parts(path, parts, settings, find, _edges)


def find(table: Table, settings: Settings) -> Layout:
    """The layout of such a table."""
    config = settings.config
    markers = find_markers(table, settings, lambda name: [config.intensity_column.replace("{channel}", name)])
    image = IMAGE if IMAGE in table.header else None
    masks = find_masks(table, config.masks)
    shapes = find_shapes(table, SHAPES)
    layout = Layout((CENTRE_X,), (CENTRE_Y,), OBJECT, AREA, image=image, shapes=shapes, masks=masks, markers=markers)
    return require(table, with_columns(layout, config))


def find_masks(table: Table, wanted: dict[str, str]) -> dict[str, str]:
    """`{domain: column}`; a table has all masks or none, since a lone one would make the others' cells `none`."""
    masks: dict[str, str] = {}
    for domain, ending in wanted.items():
        names = dict.fromkeys(name for name in table.header if name.endswith(ending))
        # CellProfiler measures a mask in many ways; only its mean is the share of the cell that lies inside
        matches = [name for name in names if name.startswith(MEAN) or not name.startswith(_MEASURES)]
        if len(matches) > 1:
            found = listed(matches, 3)
            table.faults.append(Fault(table.place.at("header"), f"one column whose name ends in `{ending}`", found))
        elif matches:
            masks[domain] = matches[0]
    lacking = [domain for domain in wanted if domain not in masks]
    if masks and lacking and not table.faults:
        expected = f"a column for each mask of `ingest.masks` ({', '.join(wanted.values())})"
        table.faults.append(Fault(table.place.at("header"), expected, f"none for {', '.join(lacking)}"))
    return masks


def _edges(table: Table, part: Part, ids: np.ndarray, settings: Settings) -> np.ndarray:
    if not beside(part.path).exists():
        return no_edges()
    image = int(table.whole_numbers(IMAGE)[0]) if IMAGE in table.header else None
    return Relationships(beside(part.path), part.sample).edges(part.sample, ids, image)


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    return [str(beside(path))] if config.relationships and beside(path).is_file() else []


def recognise(path: Path) -> Found | None:
    """A table of one ROI, or a folder of them."""
    tables = [file for file in tables_in(path) if not file.name.startswith(_PREFIX)]
    tables = [file for file in tables if _is_one(header_of(file))]
    if not tables:
        return None
    header = header_of(tables[0])
    channels = [m[1] for name in header if (m := re.fullmatch(f"{MEAN}(.+)_c1", name))]
    masks = {
        domain: ending for domain, ending in IngestConfig().masks.items() if any(h.endswith(ending) for h in header)
    }
    channels = [name for name in channels if not name.endswith(tuple(IngestConfig().masks.values()))]
    check = ["a table holds one ROI, named after its file: `ingest.format: cellprofiler`"]
    rows = [(_roi(file), file, "") for file in tables]
    return Found(rows, [(name, name) for name in channels], {} if masks else {"masks": {}}, check)


def _is_one(header: list[str]) -> bool:
    named = [name for name in header if re.fullmatch(f"{MEAN}.+_c1", name)]
    numbered = [name for name in header if re.fullmatch(f"{MEAN}.+_c2", name)]
    return {CENTRE_X, CENTRE_Y, OBJECT} <= set(header) and bool(named) and not numbered


def _roi(file: Path) -> str:
    return re.sub(r"^AllCellsMask_", "", re.sub(r"\.(csv|tsv|txt)(\.gz)?$", "", file.name))


READER = Reader("cellprofiler", read, recognise, _files, needs_panel=True, order=60)
