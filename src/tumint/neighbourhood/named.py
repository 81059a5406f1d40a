"""What the config names of the data, which must be there: domains, and types of parents, barriers, niches, networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tumint.errors import ConfigError, Fault
from tumint.text import nearest

if TYPE_CHECKING:
    from tumint.config.neighbourhood import NeighbourhoodConfig


def check_domains(named: Mapping[str, str], there: Sequence[str]) -> None:
    """Raise `ConfigError` where `neighbourhood.domains` names domains that no cell of the cohort is in."""
    _check("domains", there, (("domains", name) for name in named))


def check_chosen(chosen: Sequence[str], there: Sequence[str]) -> None:
    """Raise `ConfigError` where `neighbourhood.cells_in` names domains that cells of the cohort cannot be in."""
    _check("domains", there, (("cells_in", name) for name in chosen))


def check_types(config: NeighbourhoodConfig, types: Sequence[str], *, parents: bool) -> None:
    """Raise `ConfigError` where the config names types that no cell of the cohort is of.

    `parents`: whether those of `neighbourhood.parents` count; a panel may name types that this cohort lacks.
    """
    named = [("niches.split_by", name) for name in config.niches.split_by]
    if parents:
        named += [(f"parents.{parent}", name) for parent, kinds in (config.parents or {}).items() for name in kinds]
    for i, way in enumerate(config.barriers):
        named += [(f"barriers[{i}].source", way.source), (f"barriers[{i}].target", way.target)]
    for kind, network in config.networks.items():
        named += [(f"networks.{kind}.types", name) for name in network.types]
        named += [(f"networks.{kind}.near.types", name) for name in (network.near.types if network.near else ())]
    _check("types", types, named)


def _check(what: str, there: Sequence[str], named: Iterable[tuple[str, str]]) -> None:
    faults: list[Fault | str] = [
        Fault(
            f"config: key `neighbourhood.{key}`",
            f"{what} of the data ({', '.join(there)})",
            f"`{name}`{nearest(name, there)}",
        )
        for key, name in named
        if name not in there
    ]
    if faults:
        raise ConfigError(faults)
