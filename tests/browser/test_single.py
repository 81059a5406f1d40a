"""The file to mail: every page of it in Chromium, its addresses, its search, its tables; and what is printed."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tumint.report.engine import single

pytestmark = pytest.mark.browser
PAGES = ("index", "ingest", "qc", "cluster", "neighbourhood", "response")
OWN = ("file:", "data:", "blob:", "about:")
SHOWN = "return [...document.querySelectorAll('article.page')].filter((a) => !a.hidden).map((a) => a.id)"
MOST_PAGE, MOST_FILE, MOST_PRINTED = 4_000_000, 12_000_000, 12


def mailed(folder: Path, out: Path | None = None) -> Path:
    """The pages of a folder as one file: that of a small cohort is made once."""
    file = out or folder.parent.parent / "mail" / "all.html"
    if not file.exists():
        single.run(folder.parent, file)
    return file


def test_the_demo_is_no_larger_than_it_may_be(finished, tmp_path: Path) -> None:
    folder = finished("demo")
    sizes = {page: (folder / f"{page}.html").stat().st_size for page in PAGES}
    assert {page: size for page, size in sizes.items() if size > MOST_PAGE} == {}
    assert mailed(folder, tmp_path / "all.html").stat().st_size <= MOST_FILE


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_file_is_whole(browser, reports, page: str) -> None:
    file = mailed(reports())
    browser.open(file)
    browser.js("location.hash = arguments[0]", page)
    browser.wait(f"return {SHOWN.removeprefix('return ')}.join() === '{page}'")
    browser.js("document.querySelectorAll('article[hidden] figure').forEach((f) => f.setAttribute('hidden', ''))")
    assert browser.show_all() == []
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith(OWN)] == []


def test_an_address_opens_its_page_and_what_it_is_folded_in(browser, reports) -> None:
    file = mailed(reports())
    browser.open(file)
    assert browser.js(SHOWN) == ["index"]
    table = browser.js("return document.querySelector('#response .evidence').id")
    browser.js("location.hash = arguments[0]", table)
    browser.wait(f"return {SHOWN.removeprefix('return ')}[0] === 'response'")
    assert browser.js("return document.getElementById(arguments[0]).querySelector('details').open", table) is True
    second = browser.js("return document.querySelectorAll('#cluster-maps option')[1].value")
    browser.js("location.hash = arguments[0]", second)
    browser.wait(f"return !document.getElementById('{second}').hidden")
    browser.driver.back()
    browser.wait(f"return {SHOWN.removeprefix('return ')}[0] === 'response'")


def test_search_finds_a_finding_on_another_page(browser, reports) -> None:
    browser.open(mailed(reports(subjects=8, cells=400)))
    browser.js(
        "const i = document.querySelector('#index .search input');"
        "i.value = 'odds fibroblasts'; i.dispatchEvent(new Event('input'))"
    )
    link = "document.querySelector('#index .search li a')"
    browser.wait(f"return {link}")
    assert "Fibroblasts" in browser.js(f"return {link}.textContent")
    at = (
        "return [...document.querySelectorAll('#index .search li')]"
        ".findIndex((line) => line.textContent.endsWith('Response'))"
    )
    place = browser.js(at)
    assert place >= 0
    browser.js(f"document.querySelectorAll('#index .search li a')[{place}].click()")
    assert browser.js(SHOWN) == ["response"]
    assert "Fibroblasts" in browser.js("return document.querySelector('.is-found').textContent")


def test_a_packed_table_is_the_file_beside_the_page(browser, reports) -> None:
    folder = reports(subjects=8, cells=400)
    kinds = set()
    for page in ("cluster", "response"):
        browser.open(folder / f"{page}.html")
        packed = browser.js(
            "return [...document.querySelectorAll('script.csv')].map((b) => [b.closest('figure, .table').id, "
            "b.dataset.packed])"
        )
        for kind in {kind for _, kind in packed} - kinds:
            name = next(name for name, of in packed if of == kind)
            browser.js("document.getElementById(arguments[0]).querySelector('[data-format=csv]').click()", name)
            assert (
                browser.download(f"tiny_{name}.csv") == (folder.parent / "figures" / page / f"{name}.csv").read_bytes()
            )
            kinds.add(kind)
    assert "columns" in kinds


def test_response_is_printed_on_few_pages(browser, finished) -> None:
    browser.open(finished("demo") / "response.html")
    browser.wait("return document.querySelectorAll('script.rows').length === 0")
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    assert 1 < len(re.findall(rb"/Type\s*/Page[^s]", base64.b64decode(printed["data"]))) <= MOST_PRINTED


def test_what_the_columns_mean_needs_no_mouse(browser, finished) -> None:
    browser.open(finished("demo") / "response.html")
    lacking = browser.js(
        "return [...document.querySelectorAll('th[title]')].filter((h) => !h.closest('.table').querySelector('.hints')"
        ".textContent.includes(h.title)).map((h) => h.textContent)"
    )
    assert lacking == []
