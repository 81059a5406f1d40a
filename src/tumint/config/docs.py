"""`config/README.md` and the JSON schemas, generated from the models: `python -m tumint.config.docs FOLDER`.

A test compares the committed files with what this module gives, so that they cannot drift.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tumint.config.model import Config
from tumint.config.panel import Panel
from tumint.io.atomic import write_text
from tumint.text import either, setting

_INTRO = """# Configuration

Generated from the models in `src/tumint/config` (`make docs`); do not edit. A key that is not listed here is an error.
`config.yaml` is the demo cohort with every key explained; `cohorts/` holds one file per cohort. Paths are relative to
the folder the workflow is started in, the sheet's `path` to the folder of the sheet (or to `data`).

## Sample sheet

Tab-separated (or `.csv`), one row per ROI, UTF-8.

| column | kind | what |
|---|---|---|
| `sample` | text, unique | name of the ROI: no spaces, slashes or `\\|` |
| `subject` | text | the animal or patient: the unit of every comparison |
| `path` | file | its table of cells |
| `pixel_size_um` | number > 0, optional | micrometres per pixel; default `ingest.pixel_size_um` |
| any other | text | a variable of the design, such as the arm: one value per subject where a contrast uses it |

Names of samples and subjects have at most 100 bytes, no slashes and no invisible characters, do not begin with `-` and
are not `.` or `..`.
"""


def sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """`(key, model)` of `model` and every section below it, in reading order; lists and maps of them end in `[]`."""
    yield prefix, model
    for name, field in model.model_fields.items():
        for inner, suffix in _models(field.annotation):
            yield from sections(inner, f"{prefix}.{name}{suffix}".lstrip("."))


def _models(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
    elif get_args(annotation):
        suffix = "[]" if get_origin(annotation) in (list, dict) else ""
        for argument in get_args(annotation):
            for inner, more in _models(argument):
                yield inner, suffix + more


def _kind(annotation: Any) -> str:
    """A type as a person says it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " \\| ".join(f"`{a}`" for a in arguments)
    if origin in (types.UnionType, Union):
        return either("empty" if a is type(None) else _kind(a) for a in arguments)
    if origin is tuple:
        return "pair of numbers"
    if origin is list:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"map of {_kind(arguments[0])} to {_kind(arguments[1])}"
    if hasattr(annotation, "__metadata__"):
        return _kind(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {str: "text", int: "whole number", float: "number", bool: "true \\| false"}.get(annotation, str(annotation))


def _limits(field: FieldInfo) -> str:
    """Bounds of a number, such as `> 0, ≤ 1`."""
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    holders = [*field.metadata, *(m for a in get_args(field.annotation) for m in getattr(a, "__metadata__", ()))]
    found = [
        f"{sign} {setting(value, 12)}"
        for holder in (m for h in holders for m in getattr(h, "metadata", [h]))
        for name, sign in signs.items()
        if (value := getattr(holder, name, None)) is not None
    ]
    return ", ".join(dict.fromkeys(found))


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True) if not field.is_required() else PydanticUndefined
    if value is PydanticUndefined:
        return "**needed**"
    if isinstance(value, BaseModel):
        return "see below"
    if value is None or value == "":
        return "empty"
    text = json.dumps(value, ensure_ascii=False, default=lambda section: section.model_dump(exclude_unset=True))
    return f"`{text}`".replace("|", "\\|")


def markdown() -> str:
    """The text of `config/README.md`."""
    parts = [_INTRO]
    for root, model in (("", Config), ("panel file", Panel)):
        places: dict[type[BaseModel], list[str]] = {}
        for key, section in sections(model):
            places.setdefault(section, []).append(key)
        for section, keys in places.items():
            key = "`, `".join(keys)  # the same section in several places is explained once
            title = f"`{key}`" if not root else f"Panel file{f': `{key}`' if key else ''}"
            parts.append(f"## {title if key or root else 'The cohort'}\n\n{(section.__doc__ or '').strip()}\n")
            rows = ["| key | kind | default | what |", "|---|---|---|---|"]
            for name, field in section.model_fields.items():
                kind = ", ".join(filter(None, (_kind(field.annotation), _limits(field))))
                what = (field.description or "").replace("|", "\\|")
                rows.append(f"| `{name}` | {kind} | {_default(field)} | {what} |")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def schema(model: type[BaseModel]) -> str:
    """The JSON schema of a model, for editors that complete and check YAML."""
    return json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def generated() -> dict[str, str]:
    """Every generated file, `{path from the root of the repository: text}`."""
    return {
        "config/README.md": markdown(),
        "workflow/schemas/config.schema.json": schema(Config),
        "workflow/schemas/panel.schema.json": schema(Panel),
    }


if __name__ == "__main__":
    for _path, _text in generated().items():
        write_text(Path(sys.argv[1]) / _path, _text)
