"""What pydantic finds wrong with a config, in words: one line per fault, with its key as a person would write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from tumint.errors import ConfigError, Fault
from tumint.text import either, nearest

M = TypeVar("M", bound=BaseModel)
_KINDS = {
    "string_type": "text, in quotes where it could be taken for a number, a date, yes or no",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is finite",
}


def validate(model: type[M], values: Mapping[str, Any], where: str) -> M:
    """`values` as a `model`; a `ConfigError` with one line for every fault otherwise."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(list(faults_of(error, values, where, model))) from None


def faults_of(error: ValidationError, values: Any, where: str, model: type[BaseModel]) -> Iterator[Fault]:
    """The faults of `values`: those of one value that may be of several kinds are one."""
    by_key: dict[str, list[Any]] = {}
    for one in error.errors():
        by_key.setdefault(_key(one["loc"], values), []).append(one)
    for key, several in by_key.items():
        place = f"{where}: key `{key}`" if key else where
        faults = [_fault(one, place, model) for one in several]
        if len({fault.found for fault in faults}) > 1:
            yield from faults
        else:
            yield Fault(place, either(dict.fromkeys(fault.expected for fault in faults)), faults[0].found)


def _key(loc: tuple[int | str, ...], values: Any) -> str:
    """`a.b.0` of the place of an error, without what pydantic adds to say which of several kinds was tried."""
    names = []
    for name in loc:
        if not isinstance(values, Mapping | list):
            break
        names.append(str(name))
        if isinstance(values, Mapping):
            values = values.get(name)
        else:
            values = values[name] if isinstance(name, int) and name < len(values) else None
    return ".".join(names)


def _fault(error: Any, place: str, model: type[BaseModel]) -> Fault:
    found = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return Fault(place, "only keys that config/README.md names", _unknown(error["loc"], model))
        case "missing":
            return Fault(place, "a value", "none")
        case "string_pattern_mismatch":
            return Fault(place, f"text that matches `{error['ctx']['pattern']}`", _shown(found))
        case "string_too_long":
            return Fault(place, f"at most {error['ctx']['max_length']} characters", str(len(found)))
        case "too_short":
            return Fault(place, f"at least {error['ctx']['min_length']} of them", str(error["ctx"]["actual_length"]))
        case "value_error":
            return Fault(place, str(error["ctx"]["error"]), _shown(found))
        case kind:
            text = _KINDS.get(kind) or error["msg"].removeprefix("Input should be ")
            return Fault(place, text, _shown(found))


def _unknown(place: tuple[Any, ...], model: type[BaseModel]) -> str:
    """A key that a section does not know, and the nearest that it does."""
    at: type[BaseModel] | None = model
    for part in place[:-1]:
        if isinstance(part, str) and at is not None and part in at.model_fields:
            at = _model_of(at.model_fields[part].annotation)
    return f"`{place[-1]}`{nearest(str(place[-1]), at.model_fields) if at is not None else ''}"


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, a list of sections, or one that may be empty."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_of(part)) is not None), None)


def _shown(found: Any) -> str:
    """A value as a message shows it: a section or a long list is not spelt out."""
    if isinstance(found, dict):
        return f"a section with {', '.join(sorted(map(str, found)))}"
    text = f"`{found}`"
    return text if len(text) <= 80 else f"{text[:77]}...`"
