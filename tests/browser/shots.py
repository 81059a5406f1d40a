"""`make shots`: every report of a folder at 1280 and 390 px, light and dark, as PNG files to look at."""

from __future__ import annotations

import base64
import importlib.util
import sys
from pathlib import Path

WIDTHS = (1280, 390)
PART = 3000  # px of a page in one picture


def main(reports: Path, out: Path, *, height: int = 900) -> None:
    """Write `<page>_<width>_<light or dark>_first.png` (what is seen first) and `_1.png`, ... (all of it) to `out`."""
    spec = importlib.util.spec_from_file_location("browser_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    tools = importlib.util.module_from_spec(spec)
    sys.modules["browser_conftest"] = tools
    spec.loader.exec_module(tools)
    out.mkdir(parents=True, exist_ok=True)
    with tools.started(out / ".profile", out / ".downloads") as browser:
        for page in tools.PAGES:
            for width in WIDTHS:
                for dark in (False, True):
                    name = f"{page}_{width}_{'dark' if dark else 'light'}"
                    browser.open(reports / f"{page}.html", width=width, height=height, dark=dark)
                    browser.show_all()
                    (out / f"{name}_first.png").write_bytes(shot(browser, width, height))
                    long = int(browser.js("return document.documentElement.scrollHeight"))
                    for part, top in enumerate(range(0, long, PART), start=1):
                        piece = shot(browser, width, min(PART, long - top), top)
                        (out / f"{name}_{part}.png").write_bytes(piece)
                    print(out / name)


def shot(browser, width: int, height: int, top: int = 0) -> bytes:
    """A part of the page as PNG."""
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    answer = browser.driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True}
    )
    return base64.b64decode(answer["data"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
