"""What a module is compiled to, without its docstrings and places: a hash of it, and what it imports of tumint.

Every job and every plan asks for that of a hundred modules. So it is kept beside the bytecode that Python keeps, by a
hash of the source: a module that is read again only has to be read, not compiled.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import marshal
import platform
import sys
from collections.abc import Iterator
from functools import cache
from opcode import opmap
from pathlib import Path
from types import CodeType
from typing import Any

from tumint.io.atomic import write_text

_FOLDER = Path(__file__).parent / "__pycache__"
_MOST = 5000  # modules: what an edit leaves behind is let go when there are more

Read = tuple[str, tuple[str, ...]]
_known: dict[str, Read] = {}
_new: set[str] = set()


@cache
def read(path: Path) -> Read:
    """A hash of what a module is compiled to without docstrings, and the tumint modules it may import."""
    source = path.read_bytes()
    key = hashlib.sha256(source).hexdigest()
    if not _known:
        _known.update(_kept())
    if key not in _known:
        _known[key] = compiled(source)
        _new.add(key)
    return _known[key]


def keep() -> None:
    """Keep what was compiled for the next process, where Python may keep bytecode too."""
    if not _new or sys.dont_write_bytecode:
        return
    everything = _known if len(_known) <= _MOST else {key: _known[key] for key in _new}
    with contextlib.suppress(OSError):
        write_text(_place(), json.dumps(everything, separators=(",", ":")))
        _new.clear()


def _kept() -> dict[str, Read]:
    """What earlier processes compiled; nothing where it cannot be read."""
    try:
        read_in = json.loads(_place().read_text(encoding="utf-8"))
        return {str(key): (str(code), tuple(map(str, imports))) for key, (code, imports) in read_in.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


@cache
def _place() -> Path:
    """Another version of Python, or of this module, compiles to other code."""
    made_by = hashlib.sha256(platform.python_version().encode() + Path(__file__).read_bytes()).hexdigest()
    return _FOLDER / f"module_code-{made_by[:16]}.json"


def compiled(source: bytes) -> Read:
    """As `read`, of its text. The compiler is several times as fast as a dump of the tree."""
    tree = ast.parse(source)
    _strip(tree)
    imports: dict[str, None] = {}
    code = _bare(compile(tree, "", "exec", dont_inherit=True, optimize=0), imports)
    text = marshal.dumps(code, 2)  # from version 3 on it depends on which objects are the same
    return hashlib.sha256(text).hexdigest(), tuple(imports)


def _strip(tree: ast.Module) -> None:
    """Take out docstrings; a definition that is nothing else passes."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass(lineno=1, col_offset=0)]
        for inside in ("body", "orelse", "finalbody", "handlers", "cases"):  # no definition is inside an expression
            if isinstance(statements := getattr(node, inside, None), list):
                waiting += statements


def _bare(code: CodeType, imports: dict[str, None]) -> CodeType:
    """`code` without the places of its lines; what it imports of tumint goes to `imports`."""
    if any(name.startswith("tumint") for name in code.co_names):
        imports.update(dict.fromkeys(_imported(code)))
    inner = tuple(_bare(one, imports) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_filename="", co_firstlineno=1, co_linetable=b"", co_consts=inner)


def _imported(code: CodeType) -> Iterator[str]:
    module, high = "", 0
    for operation, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        at, high = high << 8 | low, 0
        if operation == opmap["EXTENDED_ARG"]:
            high = at
        elif operation == opmap["IMPORT_NAME"]:
            module = code.co_names[at]
            if module.startswith("tumint"):
                yield module
        elif operation == opmap["IMPORT_FROM"] and module.startswith("tumint"):
            yield f"{module}.{code.co_names[at]}"
