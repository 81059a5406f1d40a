"""The base of every config model: unknown keys are errors, models are immutable."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tumint import keys as k

A_DOMAIN = f"a name of a tissue domain: printable text without `{k.PAIR_SEPARATOR}`"

LONGEST_NAME = 100  # characters of a name that becomes part of a file's, or of a figure


class Section(BaseModel):
    """A part of the config. A key that is not named here is an error, so that no typo passes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)


def is_domain(name: str) -> bool:
    """Whether a text can name a tissue domain: it stays on its line, and in the name of a feature."""
    return bool(name) and k.PAIR_SEPARATOR not in name and name.isprintable()
