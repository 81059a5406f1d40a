"""JSON in and out with a checksum of its own as the last key, so that a bit that changes later is noticed when read.

A file without one, of an earlier version or edited by hand, is read as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text

KEY = "sha256"
_SEAL = re.compile(rb',\n *"sha256": "([0-9a-f]{64})"\n\}\n?\Z')


def write_json(path: str | Path, value: Mapping[str, Any], *, indent: int = 1) -> None:
    """Write an object as JSON, whole or not at all; `KEY` is added to it, the SHA-256 of the bytes before."""
    body = json.dumps({**value}, indent=indent, ensure_ascii=False).removesuffix("\n}")
    digest = hashlib.sha256(body.encode()).hexdigest()
    write_text(path, f'{body},\n{" " * indent}"{KEY}": "{digest}"\n}}\n')


def read_json(path: str | Path) -> dict[str, Any]:
    """What `write_json` wrote, without its checksum.

    Raises
    ------
    DataError
        The file is missing, damaged or no JSON object.
    """
    expected = "a JSON file"
    try:
        text = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(Fault(str(path), expected, "none")) from None
    except OSError as error:
        raise DataError(Fault(str(path), f"{expected} that can be read", f"`{error.strerror}`")) from None
    found = "an empty file"
    try:
        loaded = json.loads(text.decode())
        seal = _SEAL.search(text)
        if not isinstance(loaded, dict):
            found = "JSON of another kind"
        elif seal and hashlib.sha256(text[: seal.start()]).hexdigest().encode() != seal[1]:
            found = "a damaged one (its checksum is another)"
        else:
            loaded.pop(KEY, None)
            return loaded
    except ValueError as error:
        found = f"a damaged one (`{error}`)" if text else found
    raise DataError(Fault(str(path), expected, f"{found}: if a run made it, delete it and run again")) from None
