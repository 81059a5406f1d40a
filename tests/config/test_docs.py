"""The generated documents equal what the models give, and the demo config names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tumint.config.docs import generated, sections
from tumint.config.model import Config

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(generated()))
def test_generated_files_are_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], f"run `make docs` and commit {path}"


def test_the_demo_config_explains_every_key() -> None:
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    for key, section in sections(Config):
        for name in section.model_fields:
            assert re.search(rf"\b{name}\b", text), f"config.yaml does not explain `{key}.{name}`"
