"""The folder of a stage's figures, and how much of the page they have filled so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text
from tumint.stages import STAGES
from tumint.text import listed

_WRITTEN = ".written"  # names of what a report wrote into the folder: of these none is a person's
# ids of every page's own parts
TAKEN = frozenset({"main", "method", "provenance", "glossary", "findings", "reports", "index", *STAGES})
SUMMARY_MM = (89, 183)  # one column of a journal, and two
MAX_PAGE_BYTES = 5_300_000  # of figures and tables; what comes after is written beside the page only


@dataclass
class Link:
    """A download as its page holds it, empty where the file is beside the page only; `packed`: how, if no address."""

    address: str
    packed: str = ""


@dataclass
class Files:
    """The folder of a stage's figures, and how much of the page they have filled so far."""

    folder: Path
    note: str = ""  # whose data it is, under every figure that leaves the page
    used: int = 0
    names: set[str] = field(default_factory=lambda: set(TAKEN))
    links: list[Link] = field(default_factory=list)
    live: set[str] = field(default_factory=set)  # kinds of the live figures on the page
    ids: dict[str, str] = field(default_factory=dict)  # name of a figure or table → its id on the page
    noted: set[str] = field(default_factory=set)  # what was written since the folder was cleared

    def clear(self, *, overwrite: bool = False) -> None:
        """Make the folder, without figures of an earlier report.

        Raises
        ------
        DataError
            It holds drawings or tables that no report wrote, and they may not be overwritten.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path for path in self.folder.iterdir() if path.suffix in (".svg", ".csv"))
        foreign = [path.name for path in there if path.name not in self._written()]
        if foreign and not overwrite:
            expected = "only figures and tables that a report wrote there, or --overwrite"
            raise DataError(Fault(str(self.folder), expected, listed(foreign)))
        for old in there:
            old.unlink()
        self.noted.clear()
        write_text(self.folder / _WRITTEN, "")

    def write(self, name: str, text: str) -> None:
        """Write a drawing or table into the folder; noted first, as a kill may follow."""
        if name not in self.noted:
            self.noted.add(name)
            # a line more: to write all of them again for each is what a cohort of thousands of ROIs would wait for
            with open(self.folder / _WRITTEN, "a", encoding="utf-8") as handle:
                handle.write(f"{name}\n")
        write_text(self.folder / name, text)

    def _written(self) -> set[str]:
        """Names of what reports wrote."""
        path = self.folder / _WRITTEN
        return set(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else set()

    def unique(self, name: str) -> str:
        """`name` as a file name that was not given yet, whatever the case of its letters."""
        stem = safe = file_name(name)
        number = 2
        while safe.lower() in self.names:
            safe, number = f"{stem}_{number}", number + 1
        self.names.add(safe.lower())
        self.ids.setdefault(name, safe)
        return safe

    def later(self, link: Link) -> Link:
        """A link that goes into the page if there is room for it when all figures are in."""
        self.links.append(link)
        return link

    def fill(self) -> None:
        """Take the links that still fit, the shortest first."""
        for link in sorted(self.links, key=lambda link: len(link.address)):
            if not self.fits(len(link.address)):
                link.address = ""

    def fits(self, size: int) -> bool:
        """Whether the page has room for `size` more bytes; if so they are taken."""
        if self.used + size > MAX_PAGE_BYTES:
            return False
        self.used += size
        return True


def file_name(text: str) -> str:
    """`text` as part of a file name: letters, digits, `.`, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._") or "unnamed"


def summary_names(cohort: str) -> dict[str, tuple[int, str]]:
    """The files of the one-page summary, beside the pages → width in mm and kind."""
    stem = file_name(cohort or "cohort")
    return {f"{stem}_summary_{width}mm.{kind}": (width, kind) for width in SUMMARY_MM for kind in ("svg", "pdf")}
