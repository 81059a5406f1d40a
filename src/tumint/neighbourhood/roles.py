"""Which domains and types are tumour: as the config says, else by their names, and what was taken for it in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tumint import keys as k
from tumint.errors import ConfigError, Fault
from tumint.text import listed, nearest

if TYPE_CHECKING:
    from tumint.config.margin import MarginConfig

_TUMOUR = re.compile(r"tumou?r|cancer|carcinoma|melanoma|malignan|neoplas", re.IGNORECASE)
# cells named after the tumour that they are in
_NOT_TUMOUR = re.compile(
    r"macrophage|fibroblast|endothel|stroma|infiltrat|associated|\bT cell|\bB cell|neutrophil|dendritic|immune|"
    r"non.?tumou?r|no tumou?r|interface|margin|adjacent|\bTAM|\bTIL|\bCAF",
    re.IGNORECASE,
)
_EPITHELIAL = re.compile(r"epitheli|keratin|\bpan.?ck\b", re.IGNORECASE)
_KILLERS = (
    re.compile(r"\bCD8", re.IGNORECASE),
    re.compile(r"cytotoxic|\bCTL", re.IGNORECASE),
    re.compile(r"\bT.?cell"),
)


@dataclass(frozen=True)
class Roles:
    """What stands for what in a cohort.

    Attributes
    ----------
    origin
        Where domains are from: `data`, `cells` or `none` (see `config.margin`).
    tumour, interface, either
        Domains, where they are from the data.
    tumour_types
        Types that tumour is inferred from.
    counted
        Types that the immune phenotype counts.
    said
        What was guessed, as sentences.
    """

    origin: str
    tumour: frozenset[str] = frozenset()
    interface: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()
    tumour_types: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    said: tuple[str, ...] = field(default=())

    @property
    def what(self) -> str:
        """What tumour is, in words."""
        if self.origin == k.FROM_CELLS:
            return f"cells of {listed(self.tumour_types)}" if self.tumour_types else ""
        return f"domain {listed(sorted(self.tumour))}" if self.tumour else ""


def roles(config: MarginConfig, domains: Collection[str], types: Sequence[str]) -> Roles:
    """The roles in a cohort of these domains (renamed, with or without `none`) and types.

    Raises
    ------
    ConfigError
        The config names a domain or a type that the cohort does not have.
    """
    there = sorted({*domains} - {k.NO_DOMAIN})
    origin: str = config.domains_from
    if origin == "auto":
        origin = k.FROM_DATA if there else k.FROM_CELLS
    if faults := list(_faults(config, there if origin == k.FROM_DATA else None, types)):
        raise ConfigError(faults)
    if origin == k.NO_DOMAIN:
        return Roles(origin)
    said: list[str] = []
    counted = _chosen(
        config.phenotype.types, _killers, types, "the cells of immune phenotypes", "phenotype.types", said
    )
    if origin == k.FROM_CELLS:
        kinds = _chosen(config.tumour_types, _malignant, types, "tumour cells", "tumour_types", said)
        return Roles(origin, tumour_types=kinds, counted=counted, said=tuple(said))
    tumour, interface, either = (
        frozenset(_chosen(named, guess, there, what, key, said))
        for named, guess, what, key in (
            (config.tumour, _tumours, "the tumour", "tumour"),
            (config.interface, lambda names: [n for n in names if n.lower() == "interface"], "", "interface"),
            (config.either, lambda names: [n for n in names if n.lower() == "structural"], "", "either"),
        )
    )
    return Roles(origin, tumour, interface, either, counted=counted, said=tuple(said))


def _chosen(
    named: Sequence[str] | None,
    guess: Callable[[Sequence[str]], list[str]],
    names: Sequence[str],
    what: str,
    key: str,
    said: list[str],
) -> tuple[str, ...]:
    if named is not None:
        return tuple(named)
    found = tuple(guess(names))
    if what:
        taken = f"taken for {what}: {listed(found)}" if found else f"taken for {what}: none, by its name"
        said.append(f"{taken} (`neighbourhood.margin.{key}` names others)")
    return found


def _tumours(names: Sequence[str]) -> list[str]:
    return [name for name in names if _TUMOUR.search(name) and not _NOT_TUMOUR.search(name)]


def _malignant(types: Sequence[str]) -> list[str]:
    """Types named after cancer; where there is none, epithelium."""
    return _tumours(types) or [t for t in types if _EPITHELIAL.search(t) and not _NOT_TUMOUR.search(t)]


def _killers(types: Sequence[str]) -> list[str]:
    """CD8 T cells, else what is named cytotoxic, else T cells."""
    return next((found for like in _KILLERS if (found := [t for t in types if like.search(t)])), [])


def _faults(config: MarginConfig, domains: Sequence[str] | None, types: Sequence[str]) -> Iterator[Fault]:
    named = [("tumour_types", name, types, "types") for name in config.tumour_types or ()]
    named += [("phenotype.types", name, types, "types") for name in config.phenotype.types or ()]
    if domains is not None:
        for key in ("tumour", "interface", "either"):
            named += [(key, name, domains, "domains") for name in getattr(config, key) or ()]
    for key, name, known, what in named:
        if name not in known:
            expected = f"{what} of the data ({', '.join(known) or 'there are none'})"
            yield Fault(f"config: key `neighbourhood.margin.{key}`", expected, f"`{name}`{nearest(name, known)}")
