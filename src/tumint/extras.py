"""Packages that one kind of data or one key of the config needs alone: not installed with tumint, but named by it.

The extras of `pyproject.toml` hold the same packages; docs/installing.md says how large each is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from tumint.errors import ConfigError, Fault


@dataclass(frozen=True)
class Extra:
    """`pip install 'tumint[name]'`: the package it brings, and what that is for."""

    name: str
    package: str
    purpose: str


ALL = (
    Extra("rna", "scanpy", "transcripts: `ingest.format: 10x`, `cluster.normalise.method: log`"),
    Extra("spatial", "squidpy", "`cluster.spatial`: Moran's I, ligands and receptors"),
    Extra("spatialdata", "spatialdata", "`ingest.format: spatialdata`"),
    Extra("storage", "snakemake-storage-plugin-s3", "`tumint fetch` and `tumint store`"),
)


def need(package: str, where: str) -> None:
    """Raise `ConfigError`, which names the extra, where a package of one is not installed.

    Parameters
    ----------
    where
        What asks for it, as a message says it.
    """
    if fault := lacking(package, where):
        raise ConfigError(fault)


def lacking(package: str, where: str) -> Fault | None:
    """The fault that `need` raises; None where the package is there."""
    extra = next(one for one in ALL if one.package == package)
    if find_spec(package.replace("-", "_")) is not None:
        return None
    expected = f"the package {package} (`pip install {package}`, or tumint with its extra `{extra.name}`)"
    return Fault(where, expected, "that it is not installed")


def of_config(config: Any, where: str) -> Iterator[Fault]:
    """Faults of the extras that a config is known to need before its data are read."""
    ingest, cluster = config.ingest, config.cluster
    logged = cluster.typing != "provided" and cluster.normalise.method == "log"
    wanted = (
        ("scanpy", "ingest.format", ingest.format == "10x"),
        ("scanpy", "cluster.normalise.method", logged),
        ("squidpy", "cluster.spatial.moran", cluster.spatial.moran),
        ("squidpy", "cluster.spatial.ligand_receptor", cluster.spatial.ligand_receptor is not None),
        ("spatialdata", "ingest.format", ingest.format == "spatialdata"),
    )
    said = set()
    for package, key, asked in wanted:
        if asked and package not in said and (fault := lacking(package, f"{where}: key `{key}`")):
            said.add(package)
            yield fault


def states() -> dict[str, str]:
    """Of each extra: the version that is installed, or what is not possible without it."""
    found = {}
    for extra in ALL:
        try:
            found[extra.name] = f"{extra.package} {metadata.version(extra.package)}"
        except metadata.PackageNotFoundError:
            found[extra.name] = f"not installed; needed for {extra.purpose}"
    return found
