"""Where the files that ship with tumint lie: inside the installed package, or at the root of the repository."""

from __future__ import annotations

from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.text import either

_PACKAGE = Path(__file__).parents[1]


def annotated_config() -> Path:
    """The config with every key and what it means: of the package, or in `config/` of the repository.

    Raises
    ------
    DataError
        The file lies in neither place.
    """
    here = _PACKAGE.parents[1] / "config" / "config.yaml"
    return here if here.is_file() else resource("config.yaml")


def resource(name: str) -> Path:
    """Path of `resources/<name>`.

    Raises
    ------
    DataError
        The file lies in neither place.
    """
    places = (_PACKAGE / "resources" / name, _PACKAGE.parents[1] / "resources" / name)
    for place in places:
        if place.is_file():
            return place
    raise DataError(Fault(either(places), "the file that ships with tumint", "none"))
