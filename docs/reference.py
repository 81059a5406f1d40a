"""docs/verbs.md and docs/api.md, from `--help` and from docstrings: `python docs/reference.py`; tests compare them."""

from __future__ import annotations

import argparse
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import tumint
from tumint.cli import build_parser
from tumint.cli.help import grouped

ROOT = Path(__file__).parents[1]
VERBS, API = ROOT / "docs" / "verbs.md", ROOT / "docs" / "api.md"
_WIDTH = "80"  # argparse asks the terminal; wider lines would be cut on the site
_SECTION = re.compile(r"^(Parameters|Returns|Raises|Notes)\n-+\n", re.M)
_TITLES = {"Parameters": "Arguments", "Returns": "Gives", "Raises": "Raises", "Notes": "Notes"}
_PAGE = re.compile(r"docs/(\w+\.md)")


def verbs() -> str:
    """The page of all verbs, in the order of `tumint --help`."""
    parser = build_parser()
    summaries = {one.dest: one.help or "" for one in parser.verbs._choices_actions}
    lines = [
        "# All verbs of the command line",
        "What `tumint VERB --help` says, for each verb. Written by `docs/reference.py` from the command line itself.",
        _block(parser),
    ]
    for want, names in grouped(summaries).items():
        lines.append(f"## {want.replace('`', '')}")
        for name in names:
            lines += [f"### tumint {name}", _block(parser.verbs.choices[name])]
    return "\n\n".join(lines) + "\n"


def _block(parser: argparse.ArgumentParser) -> str:
    with patch.dict(os.environ, {"COLUMNS": _WIDTH}):
        return f"```text\n{parser.format_help().rstrip()}\n```"


def api() -> str:
    """The page of what `tumint` makes public."""
    lines = [
        "# Python reference",
        "Every name of `tumint.__all__`. [In Python](python.md) has an example that uses them together. Written by "
        "`docs/reference.py` from signatures and docstrings.",
    ]
    for name in sorted(one for one in tumint.__all__ if not one.startswith("_")):
        lines += _entry(name, value := getattr(tumint, name))
        if inspect.ismodule(value):
            lines += [line for inside in value.__all__ for line in _entry(f"{name}.{inside}", getattr(value, inside))]
    return "\n\n".join(lines) + "\n"


def _entry(name: str, value: object) -> Iterator[str]:
    yield f"## tumint.{name}"
    if not (inspect.isclass(value) or inspect.ismodule(value)):
        yield f"```python\n{_call(name, value)}\n```"
    head, *rest = _SECTION.split(inspect.getdoc(value) or "")
    yield _prose(head)
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        yield f"**{_TITLES[title]}**"
        yield _listed(text) if title in ("Parameters", "Raises") else _prose(text)


def _call(name: str, value: object) -> str:
    """The signature, an argument a line."""
    assert callable(value)
    signature = inspect.signature(value)
    found, starred = [], False
    for one in signature.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not starred:
            found.append("*")
            starred = True
        found.append(_argument(one))
    body = "".join(f"    {one},\n" for one in found)
    return f"tumint.{name}(\n{body}) -> {signature.return_annotation}"


def _argument(one: inspect.Parameter) -> str:
    star = "**" if one.kind is one.VAR_KEYWORD else ""
    given = "" if one.default is one.empty else f" = {one.default!r}"
    return f"{star}{one.name}: {one.annotation}{given}"


def _listed(text: str) -> str:
    """`name` and what is indented below it, as a list."""
    items = re.findall(r"^(\S.*)\n((?:[ ]{4}.*\n?|\n)+)", text + "\n", re.M)
    return "\n".join(f"- {_names(name)}: {_prose(said)}" for name, said in items)


def _names(text: str) -> str:
    return ", ".join(f"`{name.strip()}`" for name in text.split(","))


def _prose(text: str) -> str:
    """Text in one line, with links to the pages that it names."""
    return _PAGE.sub(r"[\1](\1)", " ".join(text.split()))


def pages() -> dict[Path, str]:
    """Both pages, by their paths."""
    return {VERBS: verbs(), API: api()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
