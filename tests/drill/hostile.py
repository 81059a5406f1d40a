"""Data files that are damaged, hostile or not what their name says, each with what must come of it.

A case writes files into a folder and says which path the sheet names. `cells` is what an independent reading (by
pandas or h5py) makes of them, x, y and CD8 of every cell; None: they are to be refused with these words.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

COLUMNS = {"x": "x", "y": "y", "markers": {"CD8": "CD8"}}
TABLE = pd.DataFrame({"x": np.arange(40) * 7 % 41, "y": np.arange(40) * 3 % 43, "CD8": np.arange(40) % 5, "note": "ok"})
TEXT = TABLE.to_csv(index=False, lineterminator="\n")
LINES = TEXT.splitlines()
Make = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One file or folder: its name, how it is made, how it is read by others or refused, and words that are said."""

    name: str
    path: str
    make: Make  # of the path
    words: tuple[str, ...] = ()
    cells: Callable[[Path], pd.DataFrame] | None = None
    either: bool = False  # right values and a refusal are both right
    config: dict[str, Any] = field(default_factory=lambda: {"format": "table", "columns": COLUMNS})


def text(name: str, new: str | bytes, *words: str, path: str = "c.csv", read: Any = None, **more: Any) -> Case:
    """A text file, refused with `words` or read as `read` (True: as `TABLE`; else the options of pandas)."""

    def make(path: Path) -> None:
        path.write_bytes(new if isinstance(new, bytes) else new.encode())

    def cells(path: Path) -> pd.DataFrame:
        return TABLE if read is True else pd.read_csv(path, **read)

    return Case(name, path, make, words, cells if read is not None else None, **more)


def row(i: int, new: str) -> str:
    """The text with another line; 0 is the header."""
    return "\n".join([*LINES[:i], new, *LINES[i + 1 :]]) + "\n"


def packed(data: bytes) -> bytes:
    """Gzip, the same bytes every time."""
    return gzip.compress(data, mtime=0)


def _bomb() -> bytes:
    """1.3 GB of rows in some megabytes: a thousand members that are the same."""
    return packed(TEXT.encode()) + packed((b"1,1,1," + b"n" * 1000 + b"\n") * 1300) * 1000


RAW = TEXT.encode()
TEXTS = (
    text("a NUL in a field", row(3, "1,2\0,3,ok"), "row 4", "0x00"),
    text("NULs at the end", RAW + b"\0" * 4096, "0x00"),
    text("NULs only", b"\0" * 4096, "0x00"),
    text("a field of 10 MB", row(3, "1,2,3," + "n" * 10_000_000), read={}),
    text("a line of 70 MB", row(3, "1,2,3," + "n" * 70_000_000), "bytes", read={}, either=True),
    text(
        "a header of 20,000 columns",
        f"x,y,CD8,{','.join(f'c{i}' for i in range(20_000))}\n1,2,3{',4' * 20_000}\n",
        read={},
    ),
    text("a quote that stays open", row(3, '1,2,3,"ok'), "row 4", "quote"),
    text("a quote in a field", row(3, '1,2,3,o"k'), "row", read={}, either=True),
    text("a line end in quotes", row(3, '1,2,3,"o\nk"'), read={}),
    text("UTF-16", TEXT.encode("utf-16"), read={"encoding": "utf-16"}),
    text("UTF-16 without a mark", TEXT.encode("utf-16-le"), "0x00"),
    text("UTF-32", TEXT.encode("utf-32"), "UTF"),
    text("Latin-1", row(3, "1,2,3,é").encode("latin-1"), "row 4", "0xE9"),
    text("half a character", RAW + "1,2,3,é".encode()[:-1], "0xC3"),
    text("mixed line ends", RAW.replace(b"\n", b"\r\n", 5).replace(b"ok\n", b"ok\r", 9), read=True),
    text("a mark of UTF-8", b"\xef\xbb\xbf" + RAW, read=True),
    text("two marks of UTF-8", b"\xef\xbb\xbf" * 2 + RAW, "header", "`x`"),
    text("no line end at the end", RAW.rstrip(), read=True),
    text("blank lines", TEXT.replace("\n", "\n\n"), read=True),
    text("lines of commas", row(3, ",,,"), read={"skiprows": [3]}),  # as spreadsheets leave behind
    text("a header again", row(7, LINES[0]), "row 8", "`x`"),
    text("a column twice", TEXT.replace("note", "x", 1), "header", "`x`"),
    text("no header", "\n".join(LINES[1:]), "header", "`x`"),
    text("a header only", LINES[0] + "\n", "header only"),
    text("nothing", b"", "empty"),
    text("a row too short", row(3, "1,2,3"), "row 4", "3"),
    text("a row too long", row(3, "1,2,3,ok,5"), "row 4", "5"),
    text("cut off in a row", RAW[:-9], "row 41"),
    text("semicolons and commas", TEXT.replace(",", ";").replace("1;", "1,0;"), read={"sep": ";", "decimal": ","}),
    text("tabs", TEXT.replace(",", "\t"), read=True),
    text("thousands", row(3, '"1,234",2,3,ok'), "row 4", "1,234"),
    text("infinite", row(3, "1e400,2,3,ok"), "row 4", "`1e400`"),
    text("hexadecimal", row(3, "0x10,2,3,ok"), "row 4", "`0x10`"),
    text("an underscore", row(3, "1_0,2,3,ok"), "row 4", "`1_0`"),
    text("other digits", row(3, "１２,2,3,ok"), read={"converters": {"x": int}}),
    text("no place", row(3, ",2,3,ok"), "1 cell without a place", read={}),
    text("a place that is nan", row(3, "nan,2,3,ok"), "1 cell without a place", read={}),
    text("a formula for a number", row(3, "=1+1,2,3,ok"), "row 4", "`=1+1`"),
    text(
        "a formula for a header",
        TEXT.replace("CD8", "=CD4+1", 1),
        read=True,
        config={"format": "table", "columns": {**COLUMNS, "markers": {"CD8": "=CD4+1"}}},
    ),
    text("a page of the web", "<!DOCTYPE html>\n<p>Log in</p>\n", "header", "`x`"),
    text("a pointer of LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "header", "`x`"),
    text("Excel", b"PK\x03\x04\x14\x00\x06\x00\xff" + RAW, "Excel"),
    text("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + RAW, "0x89"),
    text("gzip", packed(RAW), read=True),
    text("gzip twice", packed(RAW[:100]) + packed(RAW[100:]), path="c.csv.gz", read=True),
    text("gzip in gzip", packed(packed(RAW)), "UTF-8", path="c.csv.gz"),
    text("half a gzip", packed(RAW)[:-20], "gzip"),
    text("gzip and more", packed(RAW) + b"more", "gzip"),
    text("a gzip with a wrong sum", packed(RAW)[:-8] + b"\0" * 8, "gzip"),
    text("no gzip", RAW, "gzip", path="c.csv.gz"),
    text("a bomb of gzip", _bomb(), "once unpacked", path="c.csv.gz"),
)


def parquet(name: str, table: Any, *words: str, change: Callable[[bytes], bytes] = bytes, **more: Any) -> Case:
    """A parquet file of a table, its bytes changed."""

    def make(path: Path) -> None:
        out = io.BytesIO()
        pq.write_table(pa.table(table) if isinstance(table, dict) else pa.Table.from_pandas(table), out)
        path.write_bytes(change(out.getvalue()))

    return Case(name, more.pop("path", "c.parquet"), make, words, **more)


def _parquet_bomb(path: Path) -> None:
    """1.4 GB of zeros."""
    table = pa.table({name: np.zeros(1_000_000) for name in ("x", "y", "CD8")})
    with pq.ParquetWriter(path, table.schema) as out:
        for _ in range(60):
            out.write_table(table)


NUMBERS = {name: TABLE[name].to_numpy() for name in ("x", "y", "CD8")}
PARQUETS = (
    parquet("parquet", TABLE, cells=lambda path: TABLE),
    parquet("parquet by another name", TABLE, path="c.csv", cells=lambda path: TABLE),
    parquet("half a parquet", TABLE, "parquet", change=lambda b: b[: len(b) // 2]),
    parquet("a parquet with a wrong end", TABLE, "parquet", change=lambda b: b[:-8] + b"\xff\xff\xff\x7fPAR1"),
    parquet("a parquet of zeros", TABLE, "parquet", change=lambda b: b"PAR1" + b"\0" * (len(b) - 8) + b"PAR1"),
    parquet("lists in a parquet", {**NUMBERS, "x": [[1]] * 40}, "`x`"),
    parquet("texts in a parquet", {**NUMBERS, "x": ["one"] * 40}, "`x`", "`one`"),
    parquet(
        "missing in a parquet",
        {**NUMBERS, "x": [None, *range(39)]},
        "1 cell without a place",
        cells=lambda path: pq.read_table(path).to_pandas(),
    ),
    Case("a bomb of parquet", "c.parquet", _parquet_bomb, ("once unpacked",)),
    text("a table by the name of a parquet", RAW, "parquet", path="c.parquet"),
)


def _anndata() -> ad.AnnData:
    X = sparse.csr_matrix(np.random.default_rng(0).poisson(1, (40, 3)).astype("f4"))
    obs = pd.DataFrame({"kind": ["a"] * 40}, index=[f"c{i}" for i in range(40)])
    data = ad.AnnData(X, obs=obs, var=pd.DataFrame(index=["CD8", "CD4", "CD3"]))
    data.obsm["spatial"] = TABLE[["x", "y"]].to_numpy(float)
    return data


def h5ad(name: str, change: Callable[[h5py.File], object], *words: str, **more: Any) -> Case:
    """An h5ad whose inside is changed."""

    def make(path: Path) -> None:
        _anndata().write_h5ad(path)
        with h5py.File(path, "r+") as file:
            change(file)

    return Case(name, "c.h5ad", make, words, config={"format": "h5ad"}, **more)


def h5ad_bytes(name: str, change: Callable[[bytes], bytes], *words: str) -> Case:
    """An h5ad whose bytes are changed."""

    def make(path: Path) -> None:
        _anndata().write_h5ad(path)
        path.write_bytes(change(path.read_bytes()))

    return Case(name, "c.h5ad", make, words, config={"format": "h5ad"})


def _anew(file: h5py.File, name: str, values: Any) -> None:
    about = dict(file[name].attrs) if name in file else {}
    del file[name]
    file[name] = values
    file[name].attrs.update(about)


def _by_h5py(path: Path) -> pd.DataFrame:
    with h5py.File(path) as file:
        parts = (file["X/data"][:], file["X/indices"][:], file["X/indptr"][:])
        X = sparse.csr_matrix(parts, shape=tuple(file["X"].attrs["shape"])).toarray()
        xy = file["obsm/spatial"][:]
    return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "CD8": X[:, 0]})


def _set(name: str, at: int, new: float) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[name][at] = new

    return change


def _link(file: h5py.File) -> None:
    del file["X"]
    file["X"] = h5py.ExternalLink("/etc/passwd", "/X")


H5ADS = (
    h5ad("h5ad", lambda file: None, cells=_by_h5py),
    h5ad("an index beyond the matrix", _set("X/indices", 3, 10**6), "index 1000000"),
    h5ad("an index below 0", _set("X/indices", 3, -1), "index -1"),
    h5ad("row starts that fall", _set("X/indptr", 3, 10**6), "row starts"),
    h5ad(
        "a link to another file",
        lambda f: (f.pop("X"), f.__setitem__("X", h5py.ExternalLink("/etc/passwd", "/X"))),
        "/etc/passwd",
    ),
    h5ad("a shape that lies", lambda f: f["X"].attrs.__setitem__("shape", (10**12, 3)), "sparse matrix"),
    h5ad("another number of cells", lambda f: _anew(f, "obsm/spatial", np.zeros((39, 2))), "39"),
    h5ad("a place that is nan", _set("obsm/spatial", 3, np.nan), "1 cell without a place", cells=_by_h5py),
    h5ad("a value that is infinite", _set("X/data", 3, np.inf), "finite values"),
    h5ad("no X", lambda f: f.pop("X"), "X"),
    h5ad("texts for X", lambda f: _anew(f, "X", np.array([[b"a"] * 3] * 40)), "finite values"),
    h5ad_bytes("half an h5ad", lambda b: b[: len(b) // 2], "h5ad"),
    h5ad_bytes("an h5ad of zeros", lambda b: b[:8] + b"\0" * (len(b) - 8), "h5ad"),
    h5ad_bytes("a table by the name of an h5ad", lambda b: RAW, "h5ad"),
    h5ad_bytes("a pickle by the name of an h5ad", lambda b: pickle.dumps([1, 2]), "h5ad"),
    h5ad_bytes("nothing by the name of an h5ad", lambda b: b"", "h5ad"),
)


def special(name: str, make: Make, *words: str) -> Case:
    """Something in place of a file."""
    return Case(name, "c.csv", make, words)


SPECIALS = (
    special("a pipe", os.mkfifo, "a named pipe"),
    special("a device that never ends", lambda path: path.symlink_to("/dev/zero"), "a device"),
    special("a circle of links", lambda path: path.symlink_to(path.name), "c.csv"),
    special("a link to nowhere", lambda path: path.symlink_to("nowhere"), "c.csv"),
    special("a folder", lambda path: path.mkdir(), "c.csv"),
    special("nothing there", lambda path: None, "c.csv"),
)
TABLES = (*TEXTS, *PARQUETS, *H5ADS, *SPECIALS)
