"""What a reader can do with a report, and what a report must never do: ask the network, run a name from data."""

from __future__ import annotations

import csv
import io
import struct
from typing import Any

import pytest

pytestmark = pytest.mark.browser
PAGES = ("index", "ingest", "qc", "cluster", "neighbourhood", "response")
COHORTS = ("demo", "mouse_tumour_codex", "nsclc_mif", "luad_cycif", "mouse_lung_scrna")
MARK = "<script>alert(1)</script>"
OWN = ("file:", "data:", "blob:", "about:")


# colours in the dark follow the page, not the cohort; all looks of all cohorts are for the drill
LOOKS = (("demo", True), ("demo", False), ("nsclc_mif", False))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("cohort", "dark"), LOOKS, ids=lambda value: {True: "dark", False: "light"}.get(value, value))
def test_a_report_is_whole(browser, finished, axe: str, cohort: str, page: str, dark: bool) -> None:
    browser.open(finished(cohort) / f"{page}.html", dark=dark)
    assert browser.show_all() == []
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith(OWN)] == []
    # all else is the same in the dark
    assert _serious(browser, axe, *(["color-contrast"] if dark else [])) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_report_fits_a_telephone(browser, finished, page: str) -> None:
    browser.open(finished("demo") / f"{page}.html", width=390, height=844)
    browser.show_all()
    assert browser.js("return document.documentElement.scrollWidth") <= 390
    assert browser.console() == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("cohort", COHORTS)
def test_every_look_of_every_cohort(browser, finished, axe: str, cohort: str, page: str) -> None:
    path = finished(cohort) / f"{page}.html"
    for width, height in ((1280, 900), (390, 844)):
        for dark in (False, True):
            browser.open(path, width=width, height=height, dark=dark)
            assert browser.show_all() == []
            assert browser.console() == []
            assert [url for url in browser.requests() if not url.startswith(OWN)] == []
            assert browser.js("return document.documentElement.scrollWidth") <= width
            assert _serious(browser, axe) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_name_from_data_never_runs(browser, reports, axe: str, page: str) -> None:
    browser.open(reports(mark=MARK) / f"{page}.html")
    browser.js("window.alert = () => { window.ran = true; };")
    assert browser.show_all() == []
    assert browser.js("return window.ran") is None
    assert browser.js("return document.body.textContent.includes(arguments[0])", MARK)
    assert (
        browser.js("return [...document.querySelectorAll('script')].filter((s) => s.text.startsWith('alert')).length")
        == 0
    )
    assert browser.console() == []
    assert _serious(browser, axe) == []


def test_nothing_but_the_scripts_of_the_page_may_run(browser, reports) -> None:
    browser.open(reports() / "cluster.html")
    browser.js(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">');"
        "const s = document.createElement('script'); s.textContent = 'window.ran = 2'; document.body.append(s);"
    )
    browser.wait("return document.images.length && [...document.images].every((image) => image.complete)")
    assert browser.js("return window.ran") is None


def test_a_type_can_be_hidden_and_stays_so_in_the_next_roi(browser, reports) -> None:
    browser.open(reports() / "cluster.html")
    browser.show_all()
    first, second = browser.js("return [...document.querySelectorAll('#maps option')].slice(0, 2).map((o) => o.value)")
    shown = (
        "return document.getElementById(arguments[0]).querySelector('.live').data"
        ".filter((t) => t.visible !== false).map((t) => t.meta)"
    )
    assert "Fibroblasts" in browser.js(shown, first)
    before = len(browser.js(shown, first))
    browser.js("document.querySelector(`#${arguments[0]} input[value=Fibroblasts]`).click()", first)
    assert "Fibroblasts" not in browser.js(shown, first)
    browser.js(
        "const s = document.querySelector('#maps select');s.value = arguments[0]; s.dispatchEvent(new Event('change'))",
        second,
    )
    browser.show_all()
    assert browser.js(
        "return [...document.querySelectorAll('#maps figure')].filter((f) => !f.hidden).map((f) => f.id)"
    ) == [second]
    assert "Fibroblasts" not in browser.js(shown, second)
    assert (
        browser.js("return document.querySelector(`#${arguments[0]} input[value=Fibroblasts]`).checked", second)
        is False
    )
    browser.js("document.querySelector(`#${arguments[0]} .controls [title='Show all']`).click()", second)
    assert len(browser.js(shown, second)) == before


def test_a_map_holds_every_cell_at_its_place(browser, reports) -> None:
    folder = reports()
    browser.open(folder / "cluster.html")
    browser.show_all()
    name = browser.js("return document.querySelector('#maps select').value")
    drawn = browser.js(
        "return document.getElementById(arguments[0]).querySelector('.live').data"
        ".flatMap((t) => [...t.x].map((x, i) => [t.meta, x, t.y[i]]))",
        name,
    )
    with (folder.parent / "figures" / "cluster" / f"{name}.csv").open(newline="") as handle:
        table = [(row["cell_type"], float(row["x_um"]), float(row["y_um"])) for row in csv.DictReader(handle)]
    assert len(drawn) == len(table)
    extent = max(x for _, x, _ in table)
    for (kind, x, y), (want, want_x, want_y) in zip(sorted(map(tuple, drawn)), sorted(table), strict=True):
        assert kind == want
        # 16 bits over the extent of the image
        assert abs(x - want_x) <= extent / 65535
        assert abs(y - want_y) <= extent / 65535


def test_the_keyboard_moves_a_map_and_its_scale_bar_stays_round(browser, reports) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(reports() / "cluster.html")
    browser.show_all()
    name = browser.js("return document.querySelector('#maps select').value")
    state = (
        f"const d = document.querySelector('#{name} .live').layout;"
        "return [d.xaxis.range, d.shapes[0].x1 - d.shapes[0].x0, d.annotations[0].text]"
    )
    region = browser.driver.find_element(By.CSS_SELECTOR, f"#{name} .scroll")
    home, _, _ = browser.js(state)
    region.send_keys("+", "+")
    browser.wait(f"return document.querySelector('#{name} .live').layout.xaxis.range[0] > {home[0]} + 1")
    (left, right), length, text = browser.js(state)
    assert right - left == pytest.approx((home[1] - home[0]) * 0.36)
    browser.wait(f"const s = document.querySelector('#{name} .live').layout.shapes[0]; return s.x0 === {left}")
    (left, right), length, text = browser.js(state)
    assert text == f"{length:g} µm"
    assert 0 < length <= (right - left) / 4
    region.send_keys(Keys.ARROW_RIGHT)
    assert browser.js(state)[0][0] == pytest.approx(left + 0.15 * (right - left))
    region.send_keys("0")
    assert browser.js(state)[0] == home


def test_up_is_up_in_an_image(browser, reports) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(reports() / "cluster.html")
    browser.show_all()
    name = browser.js("return document.querySelector('#maps select').value")
    bottom_and_top = f"return document.querySelector('#{name} .live').layout.yaxis.range"
    bottom, top = browser.js(bottom_and_top)
    browser.driver.find_element(By.CSS_SELECTOR, f"#{name} .scroll").send_keys(Keys.ARROW_UP)
    browser.wait(f"return document.querySelector('#{name} .live').layout.yaxis.range[1] !== {top}")
    # y runs downwards: what lies further up has a smaller one
    assert browser.js(bottom_and_top) == pytest.approx([value - 0.15 * (bottom - top) for value in (bottom, top)])


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (390, False)])
def test_two_maps_of_a_figure_hold_their_own_cells(browser, reports, width: int, beside: bool) -> None:
    folder = reports()
    browser.open(folder / "neighbourhood.html", width=width)
    browser.show_all()
    name = browser.js("return document.querySelector('#pairs_in_tissue select').value")
    live = f"document.querySelector('#{name} .live')"
    drawn = browser.js(f"return {live}.data.flatMap((t) => [...t.x].map((x, i) => [t.xaxis, t.meta, x, t.y[i]]))")
    titles = browser.js(f"return {live}.layout.annotations.map((note) => [note.xref, note.text])")
    sample = {ref.split()[0]: text.split("<br>")[0].removeprefix("<b>") for ref, text in titles if "<b>" in text}
    with (folder.parent / "figures" / "neighbourhood" / f"{name}.csv").open(newline="") as handle:
        table = [(r["sample"], r["cell_type"], float(r["x_um"]), float(r["y_um"])) for r in csv.DictReader(handle)]
    mine = sorted((sample[axis], kind, x, y) for axis, kind, x, y in drawn if kind != "other cells")
    assert len(mine) == len(table)
    for (roi, kind, x, y), (want_roi, want, want_x, want_y) in zip(mine, sorted(table), strict=True):
        assert (roi, kind) == (want_roi, want)
        assert abs(x - want_x) < 0.01
        assert abs(y - want_y) < 0.01
    domains = browser.js(f"const l = {live}.layout; return [l.xaxis, l.xaxis2, l.yaxis, l.yaxis2].map((a) => a.domain)")
    assert (domains[1][0] > domains[0][1]) == beside
    assert (domains[3][1] < domains[2][0]) != beside
    browser.js(f"document.querySelector('#{name} .controls [title=\"Zoom in\"]').click()")
    home = f"const l = {live}.layout; return [l.xaxis, l.xaxis2].map((a) => a.range[1] - a.range[0])"
    near = browser.js(home)
    browser.js(f"[...document.querySelectorAll('#{name} .controls button')].at(-1).click()")
    assert [a / b for a, b in zip(near, browser.js(home), strict=True)] == pytest.approx([0.6, 0.6])


def test_a_page_keeps_few_maps_live_and_draws_the_others_when_they_are_seen(browser, page_of_maps) -> None:
    browser.leave()  # Chromium counts the maps of earlier pages, until they are collected, among the 16 that it keeps
    browser.open(page_of_maps(7, 200))
    assert browser.show_all() == []  # each was live when it was seen
    state = "return [...document.querySelectorAll('figure')].map((f) => f.dataset.drawn ?? 'not')"
    assert browser.js(state).count("live") == 4
    shown = "[...document.querySelectorAll('figure')].map((f) => f.querySelector('.scroll > svg').checkVisibility())"
    drawn = browser.js(f"return {shown}")
    assert drawn == [one != "live" for one in browser.js(state)]
    first = drawn.index(True)
    browser.js(f"document.querySelectorAll('figure')[{first}].scrollIntoView()")
    browser.wait(f"return document.querySelectorAll('figure')[{first}].dataset.drawn === 'live'")
    assert browser.console() == []


def test_pictures_are_saved_as_svg_and_png(browser, reports) -> None:
    browser.open(reports() / "cluster.html")
    browser.show_all()
    names = browser.js(
        "const figures = [...document.querySelectorAll('figure')].filter((f) => !f.hidden);"
        "return [figures.find((f) => f.dataset.live)?.id, figures.find((f) => !f.dataset.live)?.id].filter(Boolean)"
    )
    for name in names:
        for form in ("svg", "png"):
            browser.js(f"document.querySelector('#{name} .save[data-format={form}]').click()")
            data = browser.download(f"tiny_{name}.{form}")
            if form == "svg":
                assert data.lstrip().startswith(b"<svg")
                assert b"var(--" not in data
                assert "tiny · SIMULATED data" in data.decode()  # a picture that leaves the page says whose it is
                assert b"trace 0" not in data
            else:
                assert data[:8] == b"\x89PNG\r\n\x1a\n"
                width, height = struct.unpack(">II", data[16:24])
                assert min(width, height) > 300


# texts of a picture that reach beyond it, and names below an axis that lie on each other
SPILT = """
const done = arguments[arguments.length - 1];
const figure = document.getElementById(arguments[0]);
pictureOf(figure, "svg", arguments[1]).then((address) => {
  const holder = document.createElement("div");
  holder.innerHTML = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  document.body.prepend(holder);
  const whole = holder.querySelector("svg").getBoundingClientRect();
  const said = (of, which) => [...of.querySelectorAll(which)].filter((one) => one.textContent.trim());
  const beyond = said(holder, "text").filter((one) => {
    const box = one.getBoundingClientRect();
    return box.left < whole.left - 1 || box.right > whole.right + 1 || box.bottom > whole.bottom + 1;
  });
  const below = [...holder.querySelectorAll(".xaxislayer-above")].flatMap((axis) => {
    const boxes = said(axis, ".xtick text").map((one) => one.getBoundingClientRect());
    const meet = (a, b) => b.left < a.right - 1 && b.top < a.bottom - 1 && a.top < b.bottom - 1;
    return boxes.slice(1).filter((box, i) => boxes[i].left <= box.left && meet(boxes[i], box)).map(() => "met");
  });
  holder.remove();
  done([...beyond.map((one) => one.textContent), ...below]);
}, (error) => done([String(error)]));
"""


@pytest.mark.parametrize("mm", [89, 183])
def test_pictures_of_a_column_of_a_journal_hold_their_words(browser, reports, mm: int) -> None:
    browser.open(reports(subjects=8) / "response.html")
    browser.show_all()
    names = browser.js("return [...document.querySelectorAll('figure[data-live=chart]')].map((f) => f.id)")
    assert names
    drawn = [name for name in names if browser.js(f"return document.getElementById('{name}').dataset.drawn") == "live"]
    spilt = {name: browser.driver.execute_async_script(SPILT, name, mm / 25.4 * 96) for name in drawn}
    assert {name: found for name, found in spilt.items() if found} == {}


def test_a_table_sorts_filters_and_downloads(browser, reports) -> None:
    folder = reports(subjects=8)
    browser.open(folder / "qc.html")
    table = browser.js("return [...document.querySelectorAll('.table')].find((t) => t.querySelector('.filter')).id")
    heads = browser.js(f"return [...document.querySelectorAll('#{table} th')].map((h) => h.textContent)")
    at = heads.index("Cells out")
    column = (
        f"return [...document.querySelectorAll('#{table} tbody tr')].filter((r) => !r.hidden)"
        ".map((r) => r.cells[arguments[0]].textContent)"
    )
    browser.js(f"document.querySelectorAll('#{table} th button')[{at}].click()")
    up = [int(text.replace(",", "")) for text in browser.js(column, at)]
    browser.js(f"document.querySelectorAll('#{table} th button')[{at}].click()")
    down = [int(text.replace(",", "")) for text in browser.js(column, at)]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert len(set(up)) > 1
    browser.js(
        f"const i = document.querySelector('#{table} .filter input');"
        "i.value = 'm3_ roi2'; i.dispatchEvent(new Event('input'))"
    )
    assert browser.js(column, 0) == ["M3_ROI2"]
    assert browser.js(f"return document.querySelector('#{table} .filter output').textContent") == "1 of 16 rows"
    browser.js(f"document.querySelector('#{table} a[download]').click()")
    rows = list(csv.DictReader(io.StringIO(browser.download(f"tiny_{table}.csv").decode())))
    assert sorted(int(row["n_out"]) for row in rows) == up


def test_a_cell_of_a_download_is_no_formula(browser, reports) -> None:
    browser.open(reports(lead="=1+") / "cluster.html")
    browser.js("document.querySelector('#types a[download]').click()")
    rows = list(csv.DictReader(io.StringIO(browser.download("tiny_types.csv").decode())))
    assert [row["cell_type"][:4] for row in rows if row["cell_type"] != "unclassified"] == ["'=1+"] * 4


def test_print_shows_every_still_figure_and_no_control(browser, reports) -> None:
    browser.open(reports() / "cluster.html")
    browser.show_all()
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    hidden = (
        "return [...document.querySelectorAll(arguments[0])].filter((e) => e.getBoundingClientRect().height > 0).length"
    )
    assert browser.js(hidden, ".live, .controls, .download") == 0
    assert browser.js(hidden, "figure .scroll > svg") == browser.js("return document.querySelectorAll('figure').length")


# a row of a table, or a dot of a drawing, is looked at three times: where its elements, their classes, colours and
# attributes are those of three others beside it, it goes. Half a minute of a page of 40,000 elements
ALIKE = """
const look = (e) => [e.tagName, e.getAttribute("class"), e.style.color, e.style.background, e.style.fill,
  e.getAttribute("role"), ...e.getAttributeNames()].join();
const three = (children) => {
  const known = new Map();
  for (const child of children) {
    const looks = [child, ...child.querySelectorAll("*")].map(look).join(" ");
    known.set(looks, (known.get(looks) ?? 0) + 1);
    if (known.get(looks) > 3) child.remove();
  }
};
for (const body of document.querySelectorAll("tbody")) three([...body.rows]);
for (const group of document.querySelectorAll("svg g")) {
  three([...group.children].filter((e) => ["path", "use"].includes(e.tagName)));
}
"""


def _serious(browser: Any, axe: str, *rules: str) -> list[str]:
    """Serious and critical findings of axe-core, of these rules or all; the page is not as it was afterwards."""
    browser.js(f"{axe}; window.axe = axe; {ALIKE}")
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, arguments[0]).then((r) => done(r.violations"
        ".filter((v) => ['serious', 'critical'].includes(v.impact))"
        ".map((v) => `${v.id}: ${v.nodes[0].target.join(' ')} ${v.nodes[0].failureSummary}`)));",
        options,
    )
    return list(found)


def test_what_looks_alike_is_looked_at_three_times_and_all_else_always(browser, axe: str) -> None:
    browser.driver.get("about:blank")
    rows = "".join(f"<tr class='a'><td>{i}</td></tr>" for i in range(9))
    odd = "<tr class='a'><td style='color: #eee'>pale</td></tr><tr class='b'><td>b</td></tr>"
    dots = "<path d='M0 0'/>" * 9 + "<path d='M0 0' role='img'/>"
    page = f"<table><tbody>{rows}{odd}</tbody></table><svg><g>{dots}<text>1</text></g></svg>"
    browser.js("document.body.innerHTML = arguments[0]", page)
    found = _serious(browser, axe, "color-contrast", "svg-img-alt")
    assert [one.split(":")[0] for one in found] == ["color-contrast", "svg-img-alt"]
    count = "return ['tr', 'path', 'text'].map((name) => document.querySelectorAll(name).length)"
    assert browser.js(count) == [5, 4, 1]
