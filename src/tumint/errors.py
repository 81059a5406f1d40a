"""What a user can get wrong, as one line per fault: where, what was expected, what was found.

Raised anywhere, printed only by `tumint.cli`. Faults of our own are ordinary exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tumint.text import NBSP


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: its place, what was expected there, what was found, and what mends it if a key does."""

    where: str
    expected: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: expected {self.expected}, found {self.found}{self._mended}.".replace(NBSP, " ")
        # names that come from a file may hold anything: a fault stays on its line
        return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

    @property
    def _mended(self) -> str:
        return f"; {self.remedy}" if self.remedy else ""


class TumintError(Exception):
    """The user's input, config or data is wrong: exit code 2, one line per fault, nothing written."""

    def __init__(self, faults: Fault | str | Iterable[Fault | str]) -> None:
        self.faults: list[Fault | str] = [faults] if isinstance(faults, Fault | str) else list(faults)
        super().__init__("\n".join(map(str, self.faults)))


class ConfigError(TumintError):
    """The config file."""


class SheetError(TumintError):
    """The sample sheet."""


class DataError(TumintError):
    """A table of cells, a panel, or a file made by an earlier stage."""
