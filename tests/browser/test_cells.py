"""The tour of the findings and the maps of all ROIs, in a browser: what they draw, count, save and keep."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.browser
OWN = ("file:", "data:", "blob:", "about:")
EFFECT = {"effect": 2.5}


def table(reports: Path) -> pd.DataFrame:
    return pd.read_parquet(reports.parent / "cluster" / "cells.parquet")


def see(browser: Any, part: str) -> None:
    browser.js("document.querySelector(arguments[0]).scrollIntoView({ behavior: 'instant' })", part)
    browser.wait(f"return document.querySelector('{part}').dataset.drawn === 'live'", 60)
    browser.wait(
        f"return [...document.querySelectorAll('{part} .map:not([hidden]) canvas')].every((c) => c.dataset.drawn)", 60
    )


def painted(browser: Any, canvas: str) -> int:
    """Pixels of a canvas that are neither paper nor grey."""
    return int(
        browser.js(
            "const c = document.querySelector(arguments[0]);"
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
            "for (let i = 0; i < d.length; i += 4) {"
            "  if (Math.max(d[i], d[i + 1], d[i + 2]) - Math.min(d[i], d[i + 1], d[i + 2]) > 30) n++;"
            "} return n;",
            canvas,
        )
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_tour_and_maps_draw_and_are_accessible(browser, reports, axe: str, width: int, dark: bool) -> None:
    browser.open(reports(**EFFECT) / "response.html", width=width, dark=dark)
    for part in (".tour", ".side-by-side"):
        see(browser, part)
        assert painted(browser, f"{part} canvas") > 50
    browser.js("document.querySelector('details.looks').open = true")
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith(OWN)] == []
    assert browser.js("return document.documentElement.scrollWidth") <= width
    browser.js(f"{axe}; window.axe = axe;")
    found = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run('.tour, .side-by-side', { resultTypes: ['violations'] }).then((r) => done(r.violations"
        ".filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes[0].target}`)));"
    )
    assert found == []


def test_every_sentence_leads_to_its_cells(browser, reports) -> None:
    folder = reports(**EFFECT)
    browser.open(folder / "response.html")
    links = "return [...document.querySelectorAll('.findings a')].map((a) => a.getAttribute('href'))"
    stops = [href for href in browser.js(links) if href.startswith("#tour_")]
    assert stops
    browser.open(folder / "index.html")
    inside = browser.js(links.replace(".findings a", ".findings a, [id^=matters] td a"))
    over = {href.split("#")[1] for href in inside if "#tour_" in href}
    assert {stop[1:] for stop in stops[:4]} <= over
    for stop in stops:
        browser.driver.get(f"{(folder / 'response.html').resolve().as_uri()}{stop}")
        see(browser, ".tour")
        shown = browser.js(
            "const t = document.querySelector('.tour'); const li = document.getElementById(arguments[0]);"
            "return [li.querySelector('[aria-current=true]') !== null, t.querySelector('.sentence').textContent"
            " === li.querySelector('.said').textContent, ...[...t.querySelectorAll('.map-title span:first-child')]"
            ".map((s) => s.textContent.split(', ').pop()), ...[...t.querySelectorAll('canvas')]"
            ".map((c) => c.dataset.bar)]",
            stop[1:],
        )
        assert shown[:4] == [True, True, "vehicle", "treated"]  # the reference is on the left, whichever is higher
        assert shown[4] == shown[5]  # one scale


def test_toggles_act_on_all_maps(browser, reports) -> None:
    browser.open(reports(**EFFECT) / "response.html")
    see(browser, ".side-by-side")
    canvases = browser.js("return document.querySelectorAll('.side-by-side canvas').length")
    assert canvases == 12
    browser.js("[...document.querySelectorAll('.types button')].find((b) => b.textContent === 'none').click()")
    browser.wait("return document.querySelectorAll('.types input:checked').length === 0")
    empty = "const c = [...document.querySelectorAll('.side-by-side canvas')]; return c.every((one) => {"
    empty += "const d = one.getContext('2d').getImageData(0, 0, one.width, one.height - 24).data;"
    empty += "for (let i = 0; i < d.length; i += 4) if (d[i] < 250) return false; return true; })"
    browser.wait(empty)
    browser.js("document.querySelector('.types input[value=\"Tumour cells\"]').click()")
    browser.wait(empty.replace("return true; })", "return true; }) === false"))
    browser.js("document.querySelector('.layers input[value=\"tissue domains\"]').click()")
    browser.wait("return document.querySelectorAll('.layer-key li').length === 2")


def test_what_a_lasso_counts_and_saves_is_what_the_table_holds(browser, reports) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    folder = reports(**EFFECT)
    cells = table(folder)
    browser.open(folder / "response.html")
    see(browser, ".side-by-side")
    canvas = browser.driver.find_element(By.CSS_SELECTOR, ".side-by-side canvas")
    name = canvas.get_attribute("data-map")
    mine = cells[cells["sample"].astype(str) == name]

    def told() -> dict[str, int]:
        rows = browser.js(
            "return [...document.querySelectorAll('.side-by-side .taken tr')].map((r) => [r.cells[0].textContent,"
            "r.cells[1].textContent])"
        )
        return {kind: int(n.replace(",", "")) for kind, n in rows}

    def saved() -> list[dict[str, str]]:
        browser.js("document.querySelector('.side-by-side .taken button').click()")
        return list(csv.DictReader(io.StringIO(browser.download(f"tiny_{name}_cells.csv").decode())))

    canvas.send_keys("a")  # by keyboard, all cells
    assert told() == dict(Counter(mine["cell_type"].astype(str)))
    rows = {int(row["cell_id"]): row for row in saved()}
    assert set(rows) == set(mine["cell_id"])
    for row in mine.to_dict("records"):
        got = rows[row["cell_id"]]
        assert (got["sample"], got["cell_type"], got["domain"]) == (name, row["cell_type"], row["domain"])
        assert abs(float(got["x_um"]) - row["x_um"]) <= 0.31  # half a quantum, and a decimal
        assert abs(float(got["y_um"]) - row["y_um"]) <= 0.31
    # by mouse, a part: between what surely is inside and what may be
    browser.js("[...document.querySelectorAll('.side-by-side .tools button')][0].click()")
    wide, high = canvas.size["width"], canvas.size["height"]
    half = [(-wide / 4, -high / 4), (wide / 4, -high / 4), (wide / 4, high / 4), (-wide / 4, high / 4)]
    actions = ActionChains(browser.driver).move_to_element_with_offset(canvas, int(half[0][0]), int(half[0][1]))
    actions.click_and_hold()
    for x, y in half[1:]:
        actions.move_to_element_with_offset(canvas, int(x), int(y))
    actions.release().perform()
    got_ids = {int(row["cell_id"]) for row in saved()}
    assert sum(told().values()) == len(got_ids)
    x, y = mine["x_um"] - mine["x_um"].min(), mine["y_um"] - mine["y_um"].min()
    scale = (wide - 16) / x.max()
    off = pd.concat([(x - x.max() / 2).abs() - wide / 4 / scale, (y - y.max() / 2).abs() - high / 4 / scale], axis=1)
    slack = 2 / scale + 0.5
    assert set(mine.loc[off.max(axis=1) < -slack, "cell_id"]) <= got_ids
    assert got_ids <= set(mine.loc[off.max(axis=1) < slack, "cell_id"])
    assert 0 < len(got_ids) < len(mine)


def test_a_lasso_by_keyboard(browser, reports) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(reports(**EFFECT) / "response.html")
    see(browser, ".side-by-side")
    canvas = browser.driver.find_element(By.CSS_SELECTOR, ".side-by-side canvas")
    left, right, up, down = Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_DOWN
    canvas.send_keys("l", left, up, Keys.ENTER, right, right, Keys.ENTER, down, down, Keys.ENTER, left, left)
    canvas.send_keys(Keys.ENTER, "l")
    assert browser.js("return document.querySelector('.side-by-side .taken tr') !== null")
    assert browser.js("return document.activeElement === document.querySelector('.side-by-side canvas')")


def test_names_and_hidden_samples_are_kept_and_used_by_all_figures(browser, reports) -> None:
    folder = reports(**EFFECT)
    browser.open(folder / "response.html")
    browser.js("localStorage.clear()")
    see(browser, ".side-by-side")
    change = (
        'const i = document.querySelector(`[aria-label="${arguments[0]}"]`);'
        "if (i.type === 'checkbox') i.click(); else { i.value = arguments[1]; i.dispatchEvent(new Event('change')); }"
    )
    browser.js(change, "New name of M0", "Ada <b>")
    browser.js(change, "Show M1_ROI1", "")
    browser.js(change, "Colour of M2", "#123456")
    for _ in range(2):  # now, and after the page was opened again
        see(browser, ".side-by-side")
        titles = browser.js(
            "return [...document.querySelectorAll('.side-by-side .map')].filter((m) => !m.hidden)"
            ".map((m) => [...m.querySelectorAll('span')].map((s) => s.textContent).join('/'))"
        )
        assert len(titles) == 11
        assert "M0_ROI1/Ada <b>" in titles
        assert not [title for title in titles if title.startswith("M1_ROI1")]
        frame = "return document.querySelector('canvas[data-map=M2_ROI1]').style.boxShadow"
        assert "rgb(18, 52, 86)" in browser.js(frame)
        browser.show_all()
        points = browser.js(
            "return [...document.querySelectorAll('figure[data-drawn=live] .live')].flatMap((l) => (l.data ?? [])"
            ".flatMap((t) => Array.isArray(t.text) ? t.text.map((text, i) => [text, t.x[i]]) : []))"
        )
        assert [text for text, _ in points if "Ada" in str(text)]
        assert not [text for text, x in points if "M1_ROI1" in str(text) and x is not None]
        browser.open(folder / "response.html")
    browser.open(folder / "cluster.html")  # another page of the cohort
    assert "of your own" in browser.js("return document.querySelector('.own-looks').textContent")
    browser.js("document.querySelector('.own-looks button').click()")
    assert browser.js("return localStorage.length") == 0
    assert browser.console() == []


def test_maps_are_saved_as_pictures_that_say_whose_they_are(browser, reports) -> None:
    browser.open(reports(**EFFECT) / "response.html")
    see(browser, ".tour")
    name = browser.js("return document.querySelector('[data-stop]').id")
    save = "[...document.querySelectorAll('.tour .tools button')].find((b) => b.textContent === arguments[0]).click()"
    browser.js(save, "Maps as SVG")
    text = browser.download(f"tiny_{name}.svg").decode()
    assert "tiny · SIMULATED data</text>" in text
    assert text.count("<image") == 2
    assert "all other cells</text>" in text
    browser.js(save, "Maps as PNG")
    assert browser.download(f"tiny_{name}.png")[:8] == b"\x89PNG\r\n\x1a\n"
