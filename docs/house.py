"""The tables of docs/architecture.md, from the code: `python docs/house.py`; a test compares them with the page.

What a room is for is the first line of its package; who imports whom, and which files pass between stages, are read
from the sources and the contracts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tumint.io import contracts
from tumint.io.contracts import Contract

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tumint"
PAGE = ROOT / "docs" / "architecture.md"


def rooms() -> str:
    """What every room is for, the rooms inside it, and which others it imports."""
    lines = ["| room | what it is for | rooms inside | imports |", "|---|---|---|---|"]
    for room in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        inside = ", ".join(f"`{path.parent.name}`" for path in sorted(room.glob("*/__init__.py")))
        needs = ", ".join(f"`{name}`" for name in sorted(_needs(room)))
        lines.append(f"| `{room.name}/` | {_purpose(room / '__init__.py')} | {inside} | {needs} |")
    return "\n".join(lines)


def modules() -> str:
    """What the modules outside the rooms are for."""
    lines = ["| module | what it is for |", "|---|---|"]
    paths = (path for path in sorted(PACKAGE.glob("*.py")) if not path.name.startswith("__"))
    return "\n".join([*lines, *(f"| `{path.name}` | {_purpose(path)} |" for path in paths)])


def files() -> str:
    """Every table with a contract: its name, key, first columns, and the values that a column may hold and no other."""
    lines = ["| contract | key | columns | values |", "|---|---|---|---|"]
    found = {one.name: one for one in vars(contracts).values() if isinstance(one, Contract)}
    for name in sorted(found):
        columns = [f"`{column}`" for column in found[name].columns]
        shown = ", ".join(columns[:8]) + (f" and {len(columns) - 8} more" if len(columns) > 8 else "")
        values = "; ".join(f"`{c}`: {', '.join(of)}" for c, of in found[name].allowed.items())
        lines.append(f"| `{name}` | {', '.join(f'`{column}`' for column in found[name].key)} | {shown} | {values} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """`text` with what stands between its markers made anew."""
    for name, table in (("rooms", rooms()), ("modules", modules()), ("files", files())):
        block = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.S)
        text = block.sub(lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


def _purpose(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _needs(room: Path) -> set[str]:
    names = {name.split(".")[1] for path in room.rglob("*.py") for name in _imports(path) if name.count(".") > 0}
    return names - {room.name}


def _imports(path: Path) -> Iterator[str]:
    """Modules of tumint that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "tumint":
            yield from (f"tumint.{alias.name}" for alias in node.names if not alias.name.startswith("_"))
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("tumint."):
            yield str(node.module)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
