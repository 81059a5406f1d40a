"""How long a frame of a cell map takes in a headless Chromium, for `test_report.py`: JSON on stdout.

Run in a network namespace of its own, as the tests in a browser are. The GPU is software (SwiftShader), so that a
machine without one can measure; a reader's is faster. A frame lasts from a movement of the mouse, or from a step of
the zoom, until its pixels can be read back; the script's part of it needs no GPU.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

SIZES = (1_000, 10_000, 50_000)
FRAMES = 40
# what a hand does: the map is dragged from its middle, a few pixels a frame; and zoomed by its buttons, 3 % a frame
MEASURE = """
const [frames, done] = arguments;
const figure = document.querySelector("figure");
const live = figure.querySelector(".live");
const canvas = live.querySelector(".gl-canvas-context");
const gl = canvas.getContext("webgl");
const frame = () => new Promise(requestAnimationFrame);
const settled = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
const handle = live.querySelector(".nsewdrag");
const box = handle.getBoundingClientRect();
const cover = () => document.querySelector(".dragcover") ?? document; // takes the mouse while it drags
const mouse = (target, kind, x, y) => target.dispatchEvent(new MouseEvent(kind, {
  bubbles: true, cancelable: true, clientX: x, clientY: y, button: 0, buttons: kind === "mouseup" ? 0 : 1,
}));
async function timed(step) {
  const [scripts, times] = [[], []];
  for (let i = 0; i < frames; i += 1) {
    await frame();
    settled();
    const start = performance.now();
    await step(i);
    scripts.push(performance.now() - start);
    settled();
    times.push(performance.now() - start);
  }
  return { scripts, times };
}
(async () => {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const range = [...live.layout.xaxis.range];
  mouse(handle, "mousedown", x, y);
  const pan = await timed((i) => mouse(cover(), "mousemove", x + 4 * (i + 1), y));
  mouse(cover(), "mouseup", x + 4 * frames, y);
  await frame();
  const moved = range[0] - live.layout.xaxis.range[0];
  const near = await timed((i) => zoom(figure, i < frames / 2 ? 0.97 : 1 / 0.97));
  done({ pan, zoom: near, moved });
})();
"""


def main() -> None:
    """Measure maps of `SIZES` cells; milliseconds by size and movement."""
    path = Path(__file__).parents[1] / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("browser_conftest", path)
    assert spec is not None
    assert spec.loader is not None
    tools = importlib.util.module_from_spec(spec)
    sys.modules["browser_conftest"] = tools
    spec.loader.exec_module(tools)
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tools.started(folder / "profile", folder / "downloads") as browser:
            for cells in SIZES:
                (folder / str(cells)).mkdir()
                browser.open(tools.maps_page(folder / str(cells), 1, cells))
                assert browser.show_all() == []
                ready = browser.js("return performance.getEntriesByType('navigation')[0].loadEventEnd")
                times = browser.driver.execute_async_script(MEASURE, FRAMES)
                assert times.pop("moved") > 0, "the mouse moved nothing"
                row = {"cells": cells, "loaded_ms": round(ready)}
                for kind, parts in times.items():
                    row |= {f"{kind}_script_ms": round(float(np.median(parts["scripts"])), 1)}
                    row |= {f"{kind}_ms": round(float(np.median(parts["times"])), 1)}
                    row |= {f"{kind}_ms_95": round(float(np.percentile(parts["times"], 95)), 1)}
                found.append(row)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
