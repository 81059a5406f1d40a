"""Generated sections of a document: what one command makes is replaced, everything else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tumint.io.atomic import write_text


def sections(text: str) -> dict[str, str]:
    """Title and text of every section of the second level, in order."""
    parts = (part.partition("\n\n") for part in ("\n" + text).split("\n## ")[1:])
    return {title: body.strip() for title, _, body in parts}


def put(path: Path, made: Mapping[str, str]) -> None:
    """Write sections into a document; those with a new title come last."""
    before = path.read_text(encoding="utf-8")
    head = ("\n" + before).split("\n## ")[0].strip()
    texts = [head, *(f"## {title}\n\n{text.strip()}" for title, text in (sections(before) | made).items())]
    write_text(path, "\n\n".join(texts) + "\n")
