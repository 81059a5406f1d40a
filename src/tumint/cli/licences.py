"""Licences of the packages that tumint needs itself, as each states its own; docs/licences.md says what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

from tumint.text import listed

_GPL = re.compile(r"\bA?GPL|(?<!Lesser )General Public License", re.IGNORECASE)
_DEVELOPERS = re.compile(r"extra == .(dev|docs).")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def lines() -> Iterator[str]:
    """A line per direct dependency, those under a GPL marked, and what that means."""
    ours = []
    for name in direct():
        try:
            version, licence = metadata.version(name), licence_of(metadata.metadata(name))
        except metadata.PackageNotFoundError:
            version, licence = "not installed", ""
        mark = ""
        if is_gpl(licence):
            ours.append(name)
            mark = "  ← GPL"
        yield f"{name:<32}{version:<16}{licence}{mark}"
    yield ""
    yield f"tumint itself is MIT. Under the GPL: {listed(ours, 20) or 'none'}."
    if ours:
        yield "To run tumint and publish its results asks nothing of you. Who passes on a copy with these packages"
        yield "(a container, an installer) passes on the whole under the terms of the GPL: see docs/licences.md."


def direct() -> list[str]:
    """Names of the packages that tumint asks for, those of its extras among them; not of developers and the site."""
    asked = [one for one in metadata.requires("tumint") or [] if not _DEVELOPERS.search(one)]
    return sorted({found[0] for one in asked if (found := _NAME.match(one))} - {"tumint"}, key=str.lower)


def licence_of(of: metadata.PackageMetadata) -> str:
    """The licence a package states: its expression, else its classifiers, else the first line of its text."""
    if expression := of.get_all("License-Expression"):
        return str(expression[0])
    stated = [line.rpartition(" :: ")[2] for line in of.get_all("Classifier") or [] if line.startswith("License ::")]
    first = str((of.get_all("License") or [""])[0]).strip().partition("\n")[0]
    return ", ".join(stated) or first[:60] or "not stated"


def is_gpl(licence: str) -> bool:
    """Whether a licence is a GPL or AGPL; the Lesser GPL is none."""
    return _GPL.search(licence) is not None
