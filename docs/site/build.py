"""The site in `site/`, by Sphinx: `make site`. Warnings are errors, and nothing is loaded from the network.

The pages are those that are read on GitHub. They are laid out in a folder as they lie in the repository, so that the
links between them hold in both places; the pages of this folder, which only give them an order, stand on top.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).parents[2]
HERE, OUT = ROOT / "docs" / "site", ROOT / "site"
PAGES = (
    "docs/*.md",
    "docs/contributing/*.md",
    "docs/studies/*.md",
    "docs/images/*",
    "benchmarks/*.md",
    "config/README.md",
    "config/config.yaml",
    "config/cohorts/*.yaml",
    "config/studies/*.yaml",
    "CONTRIBUTING.md",
    "LICENSE",
)
_LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*\"", re.I)
_LINKED = re.compile(r"<link\b[^>]*>", re.I)
_REMOTE = re.compile(r"href=\"(?:https?:)?//", re.I)


def laid_out(folder: Path) -> None:
    """Copies of all pages, as they lie in the repository, with those of this folder on top."""
    for pattern in PAGES:
        for path in ROOT.glob(pattern):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for path in HERE.glob("*.md"):
        shutil.copyfile(path, folder / path.name)
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        page = folder / path.relative_to(ROOT).with_suffix(".md")
        page.parent.mkdir(parents=True, exist_ok=True)
        ran = ROOT / ".notebooks" / path.name
        page.write_text("".join(_cells(ran if ran.exists() else path, page)), encoding="utf-8")
    linking = folder / "docs" / "python.md"
    linking.write_text(linking.read_text(encoding="utf-8").replace(".ipynb)", ".md)"), encoding="utf-8")


def _cells(notebook: Path, page: Path) -> Iterator[str]:
    """A notebook as Markdown, with what it showed where `make notebooks` has run it; figures lie beside the page."""
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        text = "".join(cell["source"])
        yield f"{text}\n\n" if cell["cell_type"] == "markdown" else f"```python\n{text}\n```\n\n"
        for shown in cell.get("outputs", []):
            data = shown.get("data", {"text/plain": shown.get("text", "")})
            if "image/png" in data:
                picture = page.with_name(f"{page.stem}_{number}.png")
                picture.write_bytes(base64.b64decode("".join(data["image/png"])))
                yield f"![What it shows]({picture.name})\n\n"
            else:
                yield f"```text\n{''.join(data['text/plain']).rstrip()}\n```\n\n"


def remote(folder: Path) -> list[str]:
    """What a page would load from the network: scripts, pictures, styles, fonts."""
    found = []
    for page in sorted(folder.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        tags = [*_LOADED.findall(text), *(tag for tag in _LINKED.findall(text) if _REMOTE.search(tag))]
        found += [f"{page.relative_to(folder)}: {tag}" for tag in tags]
    for style in sorted(folder.rglob("*.css")):
        if re.search(r"(?:url\(|@import )['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")):
            found.append(f"{style.relative_to(folder)}: loads from the network")
    return found


def main() -> int:
    """Build it; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "source", Path(folder) / "made"
        laid_out(source)
        options = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-d", str(Path(folder) / "trees"), "-c", str(HERE)]
        if code := sphinx([*options, str(source), str(made)]):
            return code
        if found := remote(made):
            print("site: these would be loaded from the network:", *found, sep="\n  ", file=sys.stderr)
            return 1
        shutil.rmtree(OUT, ignore_errors=True)
        shutil.copytree(made, OUT, ignore=shutil.ignore_patterns(".buildinfo*", "objects.inv"))
    print("site: open site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
