"""The folder of a stage's figures, and how much of the page they have filled so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

MAX_PAGE_BYTES = 7_500_000  # of figures and tables; what comes after is written beside the page only


@dataclass
class Link:
    """The address of a download, empty where the file is beside the page only."""

    address: str


@dataclass
class Files:
    """The folder of a stage's figures, and how much of the page they have filled so far."""

    folder: Path
    note: str = ""  # whose data it is, under every figure that leaves the page
    used: int = 0
    names: set[str] = field(default_factory=set)
    links: list[Link] = field(default_factory=list)
    live: set[str] = field(default_factory=set)  # kinds of the live figures on the page
    ids: dict[str, str] = field(default_factory=dict)  # name of a figure or table → its id on the page

    def clear(self) -> None:
        """Make the folder, without figures of an earlier report."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.glob("*.svg"), *self.folder.glob("*.csv")):
            old.unlink()

    def unique(self, name: str) -> str:
        """`name` as a file name that was not given yet, whatever the case of its letters."""
        stem = safe = file_name(name)
        number = 2
        while safe.lower() in self.names:
            safe, number = f"{stem}_{number}", number + 1
        self.names.add(safe.lower())
        self.ids.setdefault(name, safe)
        return safe

    def later(self, link: str) -> Link:
        """A link that goes into the page if there is room for it when all figures are in."""
        self.links.append(Link(link))
        return self.links[-1]

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
