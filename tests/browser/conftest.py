"""Reports in a real headless Chromium without any network: `make browser`.

Outside CI these tests are left out, with a reason, where Chromium, axe-core or a finished cohort is absent; in CI they
fail. Small cohorts are written as the tests of the reports write them; the demo and the real cohorts are those that
`make browser` has run.
"""

from __future__ import annotations

import array
import fcntl
import functools
import importlib.util
import json
import os
import shutil
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("index", "ingest", "qc", "cluster", "neighbourhood", "response")
COHORTS = ("demo", "mouse_tumour_codex", "nsclc_mif")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--force-device-scale-factor=1", "--hide-scrollbars", "--font-render-hinting=none"),
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB, and a page of maps needs more
)


# of a figure: "drawn", "nothing", or false while it is being drawn
DRAWN = """
const figure = document.getElementById(NAME);
const live = figure.querySelector(".live");
if (!live) return figure.querySelector(".scroll > svg")?.getBoundingClientRect().height ? "drawn" : "nothing";
if (!figure.dataset.drawn) return false;
if (figure.dataset.drawn !== "live") return "nothing";
const something = (canvas) => {
  const gl = canvas.getContext("webgl");
  if (!gl || !canvas.width) return false;
  const pixels = new Uint8Array(4 * canvas.width * canvas.height);
  gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  return pixels.some((value) => value);
};
if (figure.dataset.live === "cells") return something(live.querySelector(".gl-canvas-context")) ? "drawn" : "nothing";
return live.querySelector(".mlayer path, .mlayer image") ? "drawn" : "nothing";
"""


def lacking(what: str) -> None:
    """Leave the test out where `what` is not there; fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@dataclass
class Browser:
    """One Chromium; what it logged since the last page was opened."""

    driver: Any
    downloads: Path

    def leave(self) -> None:
        """Leave the page for an empty one: what it drew on is given back, as it is by a reader who closes a tab."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a report at a width in CSS pixels, in light or dark."""
        cdp = self.driver.execute_cdp_cmd
        cdp(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        cdp("Emulation.setEmulatedMedia", {"media": "", "features": [scheme]})
        self.driver.get("about:blank")
        self.console()
        self.requests()
        self.driver.get(path.resolve().as_uri())

    def js(self, script: str, *arguments: object) -> Any:
        """The value of a script."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, seconds: float = 20) -> Any:
        """The value of a script once it is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda d: d.execute_script(script))

    def console(self) -> list[str]:
        """Warnings and errors of the console; what the tests' own software renderer says of its speed is none."""
        lines = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]
        return [line for line in lines if "GPU stall due to ReadPixels" not in line]

    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def show_all(self) -> list[str]:
        """Look at one figure after the other; those that were not drawn when it was their turn."""
        self.js("document.querySelectorAll('details').forEach((part) => { part.open = true; });")
        names = self.js("return [...document.querySelectorAll('figure')].filter((f) => !f.hidden).map((f) => f.id)")
        return [name for name in names if not self._shows(name)]

    def _shows(self, name: str) -> bool:
        """Whether a figure draws something: what was still is live, and no canvas is empty."""
        self.js("document.getElementById(arguments[0]).scrollIntoView({ block: 'center', behavior: 'instant' });", name)
        self.js("document.getElementById(arguments[0]).dispatchEvent(new Event('show'));", name)
        return bool(self.wait(DRAWN.replace("NAME", json.dumps(name))) == "drawn")

    def download(self, name: str) -> bytes:
        """The bytes of a file that the page has just saved."""
        from selenium.webdriver.support.ui import WebDriverWait

        path = self.downloads / name
        WebDriverWait(self.driver, 15, poll_frequency=0.05).until(lambda _: path.exists())
        data = path.read_bytes()
        path.unlink()
        return data


@contextmanager
def started(profile: Path, downloads: Path) -> Iterator[Browser]:
    """A headless Chromium that can reach nothing but itself."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        lacking("chromium and chromium-driver (Debian) are not installed")
    _loopback_only()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for flag in (*FLAGS, f"--user-data-dir={profile.resolve()}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # a reader clicks, a test does not: without this, a page may save one file only
    saving = {"profile.default_content_setting_values.automatic_downloads": 1}
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads.resolve()), **saving})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(driver)))
    running.set_script_timeout(60)
    try:
        yield Browser(running, downloads)
    finally:
        running.quit()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with started(tmp_path_factory.mktemp("chromium"), tmp_path_factory.mktemp("downloads")) as running:
        yield running


def _loopback_only() -> None:
    """Set up `lo`, all that `unshare --net` leaves, and down at first: Selenium talks to its driver through it."""
    names = [name for _, name in socket.if_nameindex()]
    if names != ["lo"]:
        lacking(f"the network is not cut (interfaces {', '.join(names)}): start these tests by `make browser`")
    up, get_flags, set_flags = 0x1, 0x8913, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = array.array("B", struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(handle, get_flags, request, True)
        flags = struct.unpack("16sh14x", request.tobytes())[1]
        fcntl.ioctl(handle, set_flags, struct.pack("16sh14x", b"lo", flags | up))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        lacking("axe-core is not installed: `make browser` does")
    return AXE.read_text(encoding="utf-8")


@functools.cache
def cohorts() -> ModuleType:
    """The module that writes small cohorts, of the tests of the reports."""
    spec = importlib.util.spec_from_file_location("browser_cohorts", ROOT / "tests" / "report" / "cohorts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["browser_cohorts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The reports of a small cohort (fields of `Plan` as keywords), in their folder."""
    folder = cohorts().shared(tmp_path_factory.getbasetemp())

    def write(**fields: object) -> Path:
        written = cohorts().kept(folder, cohorts().Plan(**fields))
        for page in (*PAGES[1:], "index"):
            cohorts().page(written, page)
        return Path(written.results) / "reports"

    return write


@pytest.fixture(scope="session")
def finished() -> Callable[[str], Path]:
    """The folder of the reports of a cohort that the workflow has run through."""

    def folder(cohort: str) -> Path:
        path = ROOT / "results" / cohort / "reports"
        if not (path / "index.html").exists():
            lacking(f"results/{cohort} has no reports: `make browser` makes them")
        return path

    return folder


@pytest.fixture(scope="session")
def page_of_maps(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], Path]:
    """A page of that many maps, of that many cells each."""
    return lambda maps, cells: maps_page(tmp_path_factory.mktemp("maps"), maps, cells)


def maps_page(folder: Path, maps: int, cells: int) -> Path:
    """Write a page of maps of cells drawn at random, of ten types, over two square millimetres."""
    import numpy as np
    import pandas as pd

    from tumint import keys as k
    from tumint.charts.palette import type_colours
    from tumint.config.model import StageParams
    from tumint.report.cluster.figures import type_map
    from tumint.report.engine import render
    from tumint.report.engine.files import Files
    from tumint.report.engine.inputs import Inputs
    from tumint.report.engine.page import Page, Section, State

    types = [f"type {i}" for i in range(10)]
    rng = np.random.default_rng(0)
    options = {"most": cells, "size": None}
    figures = []
    for i in range(maps):
        table = pd.DataFrame(
            {
                k.SAMPLE: f"roi{i}",
                k.CELL_ID: np.arange(cells),
                k.X_UM: rng.uniform(0, 2000, cells),
                k.Y_UM: rng.uniform(0, 1000, cells),
                k.CELL_TYPE: np.array(types, dtype=object)[rng.integers(0, len(types), cells)],
            }
        )
        figures.append(type_map(table, f"roi{i}", types, type_colours(types), **options))
    page = Page("cluster", "Maps", "Maps.", State("green", ("",)), [Section("Maps", figures)])
    params = StageParams.model_validate({"cohort": "maps", "title": "Maps", "simulated": True})
    files = Files(folder / "figures")
    files.clear()
    out = folder / "maps.html"
    out.write_text(render.html(page, Inputs(params, folder, pd.DataFrame()), files), encoding="utf-8")
    return out
