"""`tumint report --single`: the finished pages of a cohort as one file to mail, with what they share once.

The pages are taken as they are, so the file says what they say. Ids get the name of their page in front, and links
from page to page lead to places within the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text
from tumint.report.engine import interactive
from tumint.report.engine.files import file_name
from tumint.stages import STAGES
from tumint.text import listed

PAGES = ("index", *STAGES)
TEMPLATES = Path(__file__).parent / "templates"
_PAGE = re.compile(r"<!-- page -->\n(.*)<!-- /page -->", re.DOTALL)
# what all pages of one run share: the root element, style, plotly, the script, the last lines
_SHARED = {
    "root": re.compile(r"<html [^>]*>"),
    "css": re.compile(r"<style>\n(.*?)</style>", re.DOTALL),
    "script": re.compile(r"<script>(.*?)</script>\n</body>", re.DOTALL),
    "foot": re.compile(r'<footer class="foot">.*?</footer>', re.DOTALL),
}
_PLOTLY = re.compile(r'<script type="application/octet-stream" id="plotly">.*?</script>\n')
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_NAMES = re.compile(r'(?<= )(id|for|aria-labelledby|aria-describedby|data-of|value|xlink:href|href)="([^"]*)"')
_COHORT = re.compile(r'data-cohort="([^"]*)"')
_WITHIN = re.compile(r"url\(#")


def place(results: Path) -> Path:
    """Where the file goes unless somebody says otherwise: beside the pages, named after the cohort."""
    folder = Path(results) / "reports"
    index = folder / "index.html"
    if not index.is_file():
        raise DataError(Fault(str(folder), "the pages of a finished run, index.html among them", "no such page"))
    cohort = _COHORT.search(index.read_text(encoding="utf-8"))
    return folder / f"{file_name(unescape(cohort[1]) if cohort else 'cohort')}_report.html"


def run(results: Path, out: Path) -> None:
    """Write the file.

    Raises
    ------
    DataError
        There is no page, or the pages are not of one version of tumint.
    """
    folder = Path(results) / "reports"
    texts = {name: path.read_text(encoding="utf-8") for name in PAGES if (path := folder / f"{name}.html").is_file()}
    if not texts:
        raise DataError(Fault(str(folder), "the pages of a finished run", "none"))
    write_text(out, joined(texts, date_of(Path(results))))


def date_of(results: Path) -> str:
    """The day (UTC) on which the newest run was recorded, else its index made; `SOURCE_DATE_EPOCH`, where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    records = sorted((results / "runs").glob("[0-9]*.json")) or [results / "reports" / "index.html"]
    when = datetime.fromtimestamp(float(given) if given.isdigit() else records[-1].stat().st_mtime, UTC)
    return f"{when.day} {when.strftime('%B')} {when.year}"


def joined(texts: Mapping[str, str], date: str) -> str:
    """The pages (name → HTML) as one document.

    Raises
    ------
    DataError
        They differ in what all pages of a run share.
    """
    shared = {part: _one(part, pattern, texts) for part, pattern in _SHARED.items()}
    plotly = next((found[0] for text in texts.values() if (found := _PLOTLY.search(text))), "")
    cells = any("'unsafe-eval'" in text[:4000] for text in texts.values())
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    articles = [article(name, text, texts, date) for name, text in texts.items()]
    title = _COHORT.search(shared["root"])
    rendered: str = environment.get_template("single.html.j2").render(
        **{part: Markup(text) for part, text in shared.items()},
        plotly=Markup(plotly),
        scripts=Markup(interactive.allowed(shared["script"], live=bool(plotly), cells=cells)),
        articles=Markup("".join(articles)),
        cohort=Markup(title[1] if title else ""),
        simulated="data-simulated=" in shared["root"],
        generator=Markup((re.search(r'<meta name="generator"[^>]*>', texts["index"]) or [""])[0]),
    )
    return rendered


def _one(part: str, pattern: re.Pattern[str], texts: Mapping[str, str]) -> str:
    """What stands there in every page."""
    found = {name: match[match.re.groups] for name, text in texts.items() if (match := pattern.search(text))}
    if len(found) < len(texts) or len(set(found.values())) > 1:
        first = next(iter(found.values()), None)
        odd = [f"{name}.html" for name in texts if found.get(name) != first]
        expected = "pages of one version of tumint: run the workflow again, it renews the others"
        raise DataError(Fault("tumint report --single", expected, f"{listed(odd)} of another (its {part} differs)"))
    return next(iter(found.values()))


def article(name: str, text: str, known: Mapping[str, str], date: str) -> str:
    """A page for the file: ids of its own, links within the file, one element less of those a document has once."""
    body = _PAGE.search(text)
    if body is None:
        raise DataError(Fault(f"{name}.html", "a page of this version of tumint", "another page"))
    moved = _TAG.sub(lambda tag: _moved(tag[0], name, known), body[1])
    for old, new in (
        ('<header class="head">', '<div class="head">'),
        ("</header>", "</div>"),
        (f'<main id="{name}-main" class="body">', '<div class="body">'),
        ("</main>", "</div>"),
        ("<!-- date -->", f"<br>Results of {date}."),
        ("</code> beside the reports", "</code> of the results, which is not in this file"),
    ):
        moved = moved.replace(old, new)
    return moved


def _moved(tag: str, page: str, known: Mapping[str, str]) -> str:
    """A tag with its ids and links as they are in the file."""
    tag = _WITHIN.sub(f"url(#{page}-", tag)

    def named(found: re.Match[str]) -> str:
        attribute, value = found[1], found[2]
        if attribute in ("href", "xlink:href"):
            return _address(attribute, value, page, known)
        if attribute == "value" and not tag.startswith("<option"):
            return found[0]
        new = " ".join(one if one == page and attribute == "id" else f"{page}-{one}" for one in value.split(" "))
        return f'{attribute}="{new}"'

    return _NAMES.sub(named, tag)


def _address(attribute: str, value: str, page: str, known: Mapping[str, str]) -> str:
    """A link within the page, to another page of the file, or to nowhere where that page is not in the file."""
    if value.startswith("#"):
        return f'{attribute}="#{page}-{value[1:]}"'
    to = re.fullmatch(r"([a-z]+)\.html(?:#(.*))?", value)
    if to is None:
        return f'{attribute}="{value}"'
    if to[1] not in known:
        return ""
    return f'{attribute}="#{to[1]}{f"-{to[2]}" if to[2] else ""}"'
