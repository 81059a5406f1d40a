"""Names of the formats of raw data: the modules of `ingest/readers`, and what installed packages bring as entry points
of the group `tumint.readers`. Nothing is imported to know them.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from tumint.errors import ConfigError, Fault

GROUP = "tumint.readers"
_FOLDER = Path(__file__).parent / "ingest" / "readers"


@dataclass(frozen=True)
class Format:
    """A format: its name, where its reader is (`module:attribute`), and which package brings it."""

    name: str
    reader: str
    package: str

    @property
    def is_ours(self) -> bool:
        """Whether it comes with tumint."""
        return self.package == "tumint"

    @property
    def module(self) -> str:
        """The module of the reader."""
        return self.reader.partition(":")[0]


def built_in() -> list[Format]:
    """Those of tumint, by name: a module is called as its format, after `_` where that begins with a digit."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(_FOLDER)]))
    return [Format(name.removeprefix("_"), f"tumint.ingest.readers.{name}:READER", "tumint") for name in names]


@cache
def known() -> tuple[Format, ...]:
    """All formats: those of tumint, then those of installed packages, by name and package."""
    points = {
        (one.name, str(one.dist.name) if one.dist else "?", one.value) for one in metadata.entry_points(group=GROUP)
    }
    return (*built_in(), *(Format(name, value, package) for name, package, value in sorted(points)))


def names() -> list[str]:
    """The name of each format, once."""
    return list(dict.fromkeys(one.name for one in known()))


def clashes() -> dict[str, list[str]]:
    """`{name: packages}` of formats that several packages bring."""
    found: dict[str, list[str]] = {}
    for one in known():
        found.setdefault(one.name, []).append(one.package)
    return {name: packages for name, packages in found.items() if len(packages) > 1}


def find(name: str) -> Format:
    """The format of this name.

    Raises
    ------
    ConfigError
        There is none, or several packages bring one.
    """
    where = "config: key `ingest.format`"
    if name in (several := clashes()):
        found = f"`{name}` of {' and of '.join(several[name])}: uninstall one of them"
        raise ConfigError(Fault(where, "a name that one installed package brings", found))
    for one in known():
        if one.name == name:
            return one
    raise ConfigError(Fault(where, listed(), f"`{name}`"))


def listed() -> str:
    """All names in a sentence, with the package of each that is not ours."""
    ours = [one.name for one in known() if one.is_ours]
    theirs = [f"`{one.name}` (of the package {one.package})" for one in known() if not one.is_ours]
    return f"one of {', '.join([*(f'`{name}`' for name in ours), *theirs])}"
