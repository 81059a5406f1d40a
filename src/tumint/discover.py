"""Packages whose modules are found by looking, so that something is added by adding a module and nothing else.

A package that does so imports this module in its `__init__`; its code digest (`provenance`) then covers all of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from tumint.errors import DataError, Fault


def listed(package: str, attribute: str) -> Iterator[tuple[str, Any]]:
    """Name of the module and what it lists as `attribute`, for every module of `package` that has it, by name.

    Raises
    ------
    DataError
        A module can't be imported; says which, and why.
    """
    path = importlib.import_module(package).__path__
    for found in sorted(pkgutil.iter_modules(path), key=lambda one: one.name):
        name = f"{package}.{found.name}"
        try:
            module = importlib.import_module(name)
        except Exception as error:  # a module that somebody is writing may fail in any way
            raise DataError(
                Fault(name, "a module that can be imported", f"`{type(error).__name__}: {error}`")
            ) from error
        if hasattr(module, attribute):
            yield found.name, getattr(module, attribute)
