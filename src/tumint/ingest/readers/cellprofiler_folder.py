"""CellProfiler and the ImcSegmentationPipeline, one folder for all images: `cell.csv` and `Image.csv`,
`Object relationships.csv`, `panel.csv`.

`path` is the folder or its table of cells, `part` the `ImageNumber`. Channels are columns
`Intensity_MeanIntensity_FullStack_c<n>`, numbered by mass among the rows of `panel.csv` whose `full` is 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.layout import Layout, find_markers, find_shapes, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings, no_edges
from tumint.ingest.recognise import header_of, stem
from tumint.ingest.relationships import Relationships
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table

_CELLS, _IMAGES, _PANEL, _NEIGHBOURS = "cell.csv", "image.csv", "panel.csv", "object relationships.csv"
_SHAPES = {k.ECCENTRICITY: "AreaShape_Eccentricity", k.SOLIDITY: "AreaShape_Solidity"}
_STACKS = ("FullStack", "FullStackFiltered", "Image")
_NUMBER, _OBJECT = "ImageNumber", "ObjectNumber"


def _inside(path: str | Path, name: str) -> Path | None:
    """The file of this name, in any case, in the folder `path` or beside the file `path`."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    return next((f for f in sorted(folder.iterdir()) if f.name.lower() == name), None) if folder.is_dir() else None


def _table_of_cells(path: str) -> str:
    if not Path(path).is_dir():
        return path
    found = _inside(path, _CELLS)
    return str(found) if found is not None else str(Path(path) / _CELLS)


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of the images `parts`, and their neighbours."""
    try:
        numbers = _channel_numbers(path, parts)
        sizes = _image_sizes(path, parts)
    except DataError as error:
        yield from ((part, error) for part in parts)
        return

    @cache
    def relationships(file: Path) -> Relationships:
        # a sample without a part is the one image of the folder, whose number its cells tell
        images = {part.part for part in parts if part.part}
        return Relationships(file, parts[0].sample, images or None)

    def edges(table: Table, part: Part, ids: np.ndarray, settings: Settings) -> np.ndarray:
        file = _inside(path, _NEIGHBOURS)
        image = int(table.whole_numbers(_NUMBER)[0])
        return no_edges() if file is None else relationships(file).edges(part.sample, ids, image)

    def size_um(part: Part) -> tuple[float, float] | None:
        size = sizes.get(part.part) if part.part or len(sizes) != 1 else next(iter(sizes.values()))
        return None if size is None else (size[0] * part.pixel_size_um, size[1] * part.pixel_size_um)

    def find(table: Table, settings: Settings) -> Layout:
        stack = next((s for s in _STACKS if f"Intensity_MeanIntensity_{s}_c1" in table.header), _STACKS[0])
        _check_numbers(table, stack, numbers)
        markers = find_markers(
            table, settings, lambda name: [f"Intensity_MeanIntensity_{stack}_c{numbers.get(name, name)}"]
        )
        x, y, area = "Location_Center_X", "Location_Center_Y", "AreaShape_Area"
        layout = Layout(
            (x,),
            (y,),
            _OBJECT,
            area if area in table.header else None,
            part=_NUMBER,
            shapes=find_shapes(table, _SHAPES),
            markers=markers,
        )
        return require(table, with_columns(layout, settings.config))

    cells = _table_of_cells(path)
    yield from read_table_parts(cells, parts, settings, find, edges, size_um, lambda part: part.part in sizes)


def _check_numbers(table: Table, stack: str, numbers: dict[str, str]) -> None:
    """That `panel.csv` lists every channel of the stack: with one more or less, all after it would be another."""
    there = sum(bool(re.fullmatch(rf"Intensity_MeanIntensity_{stack}_c\d+", name)) for name in table.header)
    listed = len(set(numbers.values()))
    if numbers and there and listed != there:
        expected = f"the {there} channels of `{stack}` in {_PANEL} (`full` is 1)"
        table.faults.append(Fault(table.place.at("header"), expected, str(listed)))


def _channel_numbers(path: str, parts: Sequence[Part]) -> dict[str, str]:
    """Number of each channel by its metal and its target, where there is a `panel.csv`."""
    file = _inside(path, _PANEL)
    if file is None:
        return {}
    table = open_table(Place(str(file), ", ".join(part.sample for part in parts)))
    names = [name for name in ("Metal Tag", "Target", "full") if name in table.header]
    table.require("Metal Tag")
    table.stop_on_faults()
    table.load(names)
    metals, full = table.text("Metal Tag", ""), np.ones(len(table), dtype=bool)
    if "full" in names:
        full = table.text("full", "0") == "1"
    targets = table.text("Target", "") if "Target" in names else metals
    masses = [int(m[0]) if (m := re.search(r"\d{2,3}", metal)) else -1 for metal in metals]
    no_mass = np.array([mass in (-1, *masses[:i]) for i, mass in enumerate(masses)], dtype=bool)
    table.fault("Metal Tag", full & no_mass, "a metal with its mass, each once, such as `Sm147`")
    table.stop_on_faults()
    order = sorted(np.flatnonzero(full), key=lambda i: masses[i])
    numbers: dict[str, str] = {}
    for n, i in enumerate(order, start=1):
        numbers |= {name: str(n) for name in (metals[i], targets[i]) if name and name not in numbers}
    return numbers


def _image_sizes(path: str, parts: Sequence[Part]) -> dict[str, tuple[float, float]]:
    """Width and height in pixels of each image by its number, NaN where `Image.csv` does not have them."""
    file = _inside(path, _IMAGES)
    if file is None:
        return {}
    table = open_table(Place(str(file), ", ".join(part.sample for part in parts)))
    sides = [next((c for c in table.header if c.startswith(side)), None) for side in ("Width_", "Height_")]
    table.require(_NUMBER)
    table.stop_on_faults()
    known = [side for side in sides if side is not None]
    table.load([_NUMBER, *known])
    values = [table.numbers(s, missing=True) if s else np.full(len(table), np.nan) for s in sides]
    table.stop_on_faults()
    return {n: (w, h) for n, w, h in zip(table.text(_NUMBER, ""), *(v.tolist() for v in values), strict=True)}


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    wanted = [_CELLS, _IMAGES, _PANEL, *([_NEIGHBOURS] if config.relationships else [])]
    found = [file for name in wanted if (file := _inside(path, name)) is not None]
    return [str(file) for file in found if str(file) != path]


def recognise(path: Path) -> Found | None:
    """A folder with a table of cells whose channels are numbered, or that table."""
    cells = path if path.is_file() else _inside(path, _CELLS)
    header = header_of(cells) if cells is not None else []
    channels = [m[1] for c in header if (m := re.fullmatch(rf"Intensity_MeanIntensity_({'|'.join(_STACKS)})_c\d+", c))]
    if cells is None or not {_NUMBER, _OBJECT, "Location_Center_X"} <= set(header) or not channels:
        return None
    part = Part("init", str(cells), 1.0)
    numbers = _channel_numbers(str(cells), [part])
    by_number: dict[str, list[str]] = {}
    for name, number in numbers.items():
        by_number.setdefault(number, []).append(name)
    stack = next(s for s in _STACKS if s in channels)
    known = [c.rsplit("_c", 1)[1] for c in header if c.startswith(f"Intensity_MeanIntensity_{stack}_c")]
    # the metal comes first: it is what the number was found by; the target names the marker
    markers = [(by_number.get(n, [f"c{n}"])[-1], by_number.get(n, [n])[0]) for n in known]
    rows = [(name, cells.parent, number) for number, name in _image_names(cells).items()]
    check = [] if numbers else ["there is no panel.csv, so that markers are called after their number"]
    return Found(rows, markers, {"intensity_scale": _scaling(cells), "masks": {}}, check)


def _image_names(cells: Path) -> dict[str, str]:
    """`{number: name}` of the images, named after their file where `Image.csv` knows it."""
    file = _inside(cells, _IMAGES)
    if file is None:
        table = open_table(Place(str(cells), "init"))
        table.load([_NUMBER])
        return {n: f"image{n}" for n in dict.fromkeys(table.text(_NUMBER, ""))}
    table = open_table(Place(str(file), "init"))
    column = next((c for c in table.header if c.startswith("FileName_")), None)
    table.load([_NUMBER, *([column] if column else [])])
    numbers = list(table.text(_NUMBER, ""))
    files = list(table.text(column, "")) if column else [f"image{n}" for n in numbers]
    names = [re.sub(r"(_ac)?(_full|_fullFiltered)?$", "", stem(Path(name))) for name in files]
    return dict(zip(numbers, names if len(set(names)) == len(names) else [f"image{n}" for n in numbers], strict=True))


def _scaling(cells: Path) -> float:
    """By what CellProfiler divided the images: 65,535 for 16 bits, which makes counts of them again."""
    file = _inside(cells, _IMAGES)
    table = open_table(Place(str(file), "init")) if file is not None else None
    column = next((c for c in table.header if c.startswith("Scaling_")), None) if table is not None else None
    if table is None or column is None:
        return 1.0
    table.load([column])
    values = np.unique(table.numbers(column, missing=False))
    return float(values[0]) if values.size == 1 and values[0] > 0 else 1.0


READER = Reader("cellprofiler_folder", read, recognise, _files, order=50)
