"""YAML as people write it, refused where it does not mean what it says: a key twice, aliases that grow without end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from tumint.errors import ConfigError, Fault
from tumint.io.kinds import EMPTY, oddity
from tumint.text import integer

_MOST_BYTES = 10_000_000
_DEEPEST = 100  # brackets in brackets
_MOST_VALUES = 200_000  # with every alias written out


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML file as a dict.

    Raises
    ------
    ConfigError
        The file is missing, is no file or too large, is not YAML, holds a key twice, or is not a mapping.
    """
    if (odd := oddity(path)) and odd != EMPTY:
        raise ConfigError(Fault(str(path), "a YAML file", odd))
    if (size := Path(path).stat().st_size) > _MOST_BYTES:
        raise ConfigError(Fault(str(path), f"at most {integer(_MOST_BYTES)} bytes of YAML", integer(size)))
    try:
        loaded = _load(Path(path).read_text(encoding="utf-8"), str(path))
    except RecursionError:
        raise ConfigError(Fault(str(path), "sections in sections, a few deep", "hundreds")) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path} line {mark.line + 1}" if mark else str(path)
        problem = "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error).splitlines()[0]
        problem = (getattr(error, "problem", None) or problem).removeprefix("found ")
        raise ConfigError(Fault(where, "YAML", problem)) from None
    if not isinstance(loaded, dict):
        raise ConfigError(Fault(str(path), "keys and values", type(loaded).__name__))
    return loaded


def _load(text: str, path: str) -> Any:
    if _brackets(text) > _DEEPEST:  # told before they are read, which takes the square of their number
        raise RecursionError
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        faults: list[Fault | str] = []
        n = _count(node, path, faults, {}, ())
        if n > _MOST_VALUES:
            found = "more, as its aliases (`*name`) repeat one another"
            faults = [Fault(path, f"at most {integer(_MOST_VALUES)} values", found)]
        if faults:
            raise ConfigError(faults)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _brackets(text: str) -> int:
    """How many brackets are open at once, at most."""
    steps = (1 if mark in "[{" else -1 for mark in re.findall(r"[\[\]{}]", text))
    return max(itertools.accumulate(steps), default=0)


def _count(node: yaml.Node, path: str, faults: list[Fault | str], known: dict[int, int], keys: tuple[str, ...]) -> int:
    """How many values `node` is with every alias written out; keys that it holds twice are added to `faults`."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST_VALUES + 1  # an alias within what it stands for never ends
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_count(one, path, faults, known, (*keys, str(i))) for i, one in enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        first: dict[Hashable, int] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if (key.tag, name) in first and isinstance(key, yaml.ScalarNode):
                where = f"{path} line {key.start_mark.line + 1}: key `{'.'.join((*keys, name))}`"
                faults.append(Fault(where, "each key once", f"another in line {first[key.tag, name]}"))
            first.setdefault((key.tag, name), key.start_mark.line + 1)
            total += _count(value, path, faults, known, (*keys, name))
    known[id(node)] = total
    return total
