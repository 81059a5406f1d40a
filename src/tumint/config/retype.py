"""Other names of types, and types told by states: what the config says, and what a type is called in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from tumint import keys as k

Subtypes = Mapping[str, Mapping[str, tuple[str, str]]]


def subtype(kind: str, states: Iterable[str]) -> str:
    """`PD1+ CD8 T cells`; a state without a name is none."""
    return " ".join([*filter(None, states), kind])


def subtypes_of(kind: str, subtypes: Subtypes) -> list[str]:
    """All types that a type is told into; itself where none are asked for."""
    return [subtype(kind, states) for states in product(*subtypes.get(kind, {}).values())]


def final(kinds: Iterable[str], rename: Mapping[str, str], subtypes: Subtypes) -> list[str]:
    """What types become."""
    names = dict.fromkeys(rename.get(kind, kind) for kind in kinds)
    return [one for name in names for one in subtypes_of(name, subtypes)]


def faults(rename: Mapping[str, str], subtypes: Subtypes) -> list[str]:
    """What is wrong with names, in words."""
    found = [f"`rename` to give printable text without `{k.PAIR_SEPARATOR}`, not {name!a}" for name in _odd(rename)]
    for kind, by in subtypes.items():
        states = [state for pair in by.values() for state in pair]
        if not by:
            found.append(f"a marker in `subtypes.{kind}`")
        if any(not state.isprintable() or k.PAIR_SEPARATOR in state or " " in state for state in states):
            found.append(f"states in `subtypes.{kind}` without blanks or `{k.PAIR_SEPARATOR}`, such as [PD1+, PD1-]")
        if any(up == down for up, down in by.values()):
            found.append(f"two different states for each marker of `subtypes.{kind}`")
        if kind == k.UNCLASSIFIED:
            found.append(f"no subtypes of `{k.UNCLASSIFIED}`")
    return found


def _odd(rename: Mapping[str, str]) -> list[str]:
    return [name for name in rename.values() if not name or not name.isprintable() or k.PAIR_SEPARATOR in name]
