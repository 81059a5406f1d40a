"""Damage for files of every format: the bytes of one of its files changed by a seed. Used by tests and the drill."""

from __future__ import annotations

import csv
import gzip
import io
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

Random = np.random.Generator
ODD = (
    *("NaN", "", "NA", "text", "1e400", "-inf", "1e39", "12 5", "1_0", "0x10", "-3", " 7 ", "é", '"8"', "1;5", "٣"),
    *("99999999999999999999", "1,5", "#N/A", "TRUE"),
)


def _pick(rng: Random, n: int) -> int:
    return int(rng.integers(n))


def set_field(rows: list[list[str]], rng: Random) -> list[list[str]]:
    row = rows[_pick(rng, len(rows))]
    row[_pick(rng, len(row))] = ODD[_pick(rng, len(ODD))]
    return rows


def swap_names(rows: list[list[str]], rng: Random) -> list[list[str]]:
    i, j = _pick(rng, len(rows[0])), _pick(rng, len(rows[0]))
    rows[0][i], rows[0][j] = rows[0][j], rows[0][i]
    return rows


def swap_columns(rows: list[list[str]], rng: Random) -> list[list[str]]:
    i, j = _pick(rng, len(rows[0])), _pick(rng, len(rows[0]))
    for row in rows:
        if max(i, j) < len(row):
            row[i], row[j] = row[j], row[i]
    return rows


def drop_column(rows: list[list[str]], rng: Random) -> list[list[str]]:
    i = _pick(rng, len(rows[0]))
    return [row[:i] + row[i + 1 :] for row in rows]


def repeat_row(rows: list[list[str]], rng: Random) -> list[list[str]]:
    i = _pick(rng, len(rows))
    return [*rows[:i], list(rows[i]), *rows[i:]]


def drop_row(rows: list[list[str]], rng: Random) -> list[list[str]]:
    i = _pick(rng, len(rows))
    return rows[:i] + rows[i + 1 :]


OF_ROWS: tuple[Callable[[list[list[str]], Random], list[list[str]]], ...] = (
    *(set_field, set_field, set_field, swap_names, swap_columns, drop_column, repeat_row, drop_row),
)


def damaged(data: bytes, rng: Random, delimiter: str) -> bytes:
    """`data` changed by one or two mutations: of rows where it is text, of bytes in any case; of what is packed too."""
    if data[:2] == b"\x1f\x8b" and _pick(rng, 2):
        return gzip.compress(damaged(gzip.decompress(data), rng, delimiter), mtime=0)
    for _ in range(1 + _pick(rng, 2)):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            data = _bytes(data, rng)
            continue
        if _pick(rng, 3) == 0 or not text.strip():
            data = _bytes(data, rng)
            continue
        rows = [line.split(delimiter) for line in text.splitlines()]
        rows = OF_ROWS[_pick(rng, len(OF_ROWS))](rows, rng)
        data = ("\n".join(delimiter.join(row) for row in rows) + "\n").encode()
    return data


def _bytes(data: bytes, rng: Random) -> bytes:
    if not data:
        return b"\x00"
    i = _pick(rng, len(data))
    match _pick(rng, 8):
        case 0 | 1:
            return data[:i]
        case 2:
            return data[:i] + bytes([_pick(rng, 256)]) + data[i + 1 :]
        case 3:
            return data[:i] + b'",;\n\r\t\0'[_pick(rng, 7) :][:1] + data[i:]
        case 4:
            return data.decode("utf-8", "replace").encode("utf-16")
        case 5:
            return data.decode("utf-8", "replace").replace("e", "é").encode("cp1252", "replace")
        case 6:
            return gzip.compress(data, mtime=0)[: -1 - _pick(rng, 40)]
        case _:
            return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")


@dataclass(frozen=True)
class Case:
    """An intact sample: what `tumint ingest` is given, and the files of it that may be damaged.

    `values` are the columns of the markers in the table `path` (or `table` in it), `part_column` that of the parts.
    """

    path: Path
    config: dict[str, Any]
    markers: tuple[str, ...]
    victims: tuple[Path, ...]
    part: str = ""
    delimiter: str = ","
    values: tuple[str, ...] = ()
    part_column: str = ""
    table: str = ""
    root: Path = field(default_factory=Path)

    def panel(self) -> dict[str, Any] | None:
        markers = [{"marker": name} for name in self.markers]
        return {"name": "p", "source": "test", "markers": markers} if markers else None

    def copy(self, to: Path) -> Case:
        """The same in another folder."""
        shutil.copytree(self.root, to, copy_function=shutil.copyfile)
        moved = [to / path.relative_to(self.root) for path in (self.path, *self.victims)]
        return replace(self, path=moved[0], victims=tuple(moved[1:]), root=to)

    def expected(self) -> list[list[float]]:
        """The markers of every cell as Python's own csv and float read them."""
        path = self.path / self.table if self.table else self.path
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter) if row]
        at = {name.strip(): i for i, name in enumerate(rows[0])}
        mine = [r for r in rows[1:] if not self.part or r[at[self.part_column]].strip() == self.part]
        return [[_number(row[at[name]]) for name in self.values] for row in mine]


def _number(text: str) -> float:
    return math.nan if text.strip().lower() in ("", "na", "n/a", "#n/a", "null", "nan") else float(text)


def cases(shared: Path, formats: Any, folder: Path) -> dict[str, Case]:
    """One case of each format in folders under `folder`, small enough to be read many times."""
    found = {}

    def add(name: str, make: Callable[[Path], Path], victims: str, markers: tuple[str, ...], **more: Any) -> None:
        root = folder / name
        root.mkdir(parents=True)
        path = make(root)
        files = tuple(sorted(f for f in root.glob(victims) if f.is_file()))
        config = {"format": more.pop("format", name), **more.pop("config", {})}
        found[name] = Case(path, config, markers, files, root=root, **more)

    imc = shared / "imc_reader_fixtures"
    metals = ("Ag107", "Cytokeratin 5", "Laminin", "YBX1", "Yb172")
    names = ("Ag107", "Cytokeratin 5", "Laminin", "YBX1", "H3K27Ac")
    channels = tuple(formats.CHANNELS)
    opal = ("DAPI", "CD8 (Opal 520)", "PanCK (Opal 690)")
    add(
        "cellprofiler_folder",
        lambda root: _cpout(imc / "analysis" / "cpout", root),
        "*.csv",
        metals,
        part="2",
        values=tuple(f"Intensity_MeanIntensity_FullStack_c{n}" for n in range(1, 6)),
        part_column="ImageNumber",
        table="cell.csv",
    )
    add("steinbock", lambda root: _steinbock(imc / "steinbock", root), "**/*.csv", names, values=names)
    add(
        "mcmicro",
        lambda root: _mcmicro(shared / "luad_cycif_mcmicro", root),
        "*.csv",
        ("DNA_6", "CD45", "ECAD"),
        values=("DNA_6", "CD45", "ECAD"),
    )
    add(
        "qupath",
        lambda root: formats.qupath(root / "d.tsv"),
        "*",
        channels,
        part="a.ome.tif",
        delimiter="\t",
        values=tuple(f"Cell: {c} mean" for c in channels),
        part_column="Image",
    )
    add(
        "inform",
        lambda root: formats.inform(root / "a_cell_seg_data.txt"),
        "*",
        channels,
        delimiter="\t",
        values=tuple(f"Entire Cell {c} Mean (Normalized Counts, Total Weighting)" for c in opal),
    )
    image = "\\\\server\\study\\S19-100.afi"
    add(
        "halo",
        lambda root: formats.halo(root / "o.csv"),
        "*",
        channels,
        part=image,
        values=tuple(f"{c} Cell Intensity" for c in opal),
        part_column="Image Location",
    )
    add(
        "table",
        lambda root: _codex(shared / "mouse_tumour_codex", root),
        "*",
        ("PD1", "H2Kb"),
        config=_CODEX,
        values=("PD1", "H2Kb"),
    )
    add("h5ad", lambda root: _h5ad(imc / "steinbock" / "cells.h5ad", root), "*", names, part=_IMAGE, config=_H5AD)
    add("xenium", lambda root: formats.xenium(root / "x"), "x/c*", ())
    add("10x", lambda root: formats.tenx(root / "m"), "m/*", ())
    add("spatialdata", lambda root: formats.spatialdata(root / "s.zarr"), "s.zarr/**/*", channels, part="roi1")
    return found


_CODEX = {"columns": {"x": "AbsoluteX", "y": "AbsoluteY", "cell_id": "Unnamed: 0", "cell_type": "Cell Type"}}
_IMAGE = "20210305_NE_mockData1_001.tiff"
_H5AD = {"columns": {"part": "Image", "x": "centroid-1", "y": "centroid-0", "area": "area"}}


def _cpout(source: Path, root: Path) -> Path:
    for name in ("Image.csv", "panel.csv"):
        shutil.copyfile(source / name, root / name)
    for name, column in (("cell.csv", 0), ("Object relationships.csv", 4)):
        lines = (source / name).read_text().splitlines()
        few = [line for line in lines[1:] if line.split(",")[column] in ("1", "2")]
        (root / name).write_text("\n".join([lines[0], *few]) + "\n")
    return root


def _steinbock(source: Path, root: Path) -> Path:
    for kind in ("intensities", "regionprops", "neighbors"):
        (root / kind).mkdir()
        shutil.copyfile(source / f"{kind}_deepcell" / _IMAGE.replace(".tiff", ".csv"), root / kind / "a.csv")
    text = (source / "images.csv").read_text().replace(_IMAGE, "a.tiff")
    (root / "images.csv").write_text(text)
    return root / "intensities" / "a.csv"


def _mcmicro(source: Path, root: Path) -> Path:
    lines = (source / "exemplar-001--unmicst_cell.csv").read_text().splitlines()[:20]
    (root / "q.csv").write_text("\n".join(lines) + "\n")
    return root / "q.csv"


def _codex(source: Path, root: Path) -> Path:
    lines = (source / "Cntrl_exp_1of4.csv").read_text().splitlines()[:20]
    (root / "t.csv").write_text("\n".join(lines) + "\n")
    return root / "t.csv"


def _h5ad(source: Path, root: Path) -> Path:
    shutil.copyfile(source, root / "c.h5ad")
    return root / "c.h5ad"
