"""`tumint simulate`."""

from __future__ import annotations

from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
