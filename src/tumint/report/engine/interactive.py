"""What a page needs to draw its figures live: plotly's script, packed, once, and the figures as data.

No script runs in a page but the two whose SHA-256 its policy names. What draws the cells of a map (WebGL, in plotly)
generates the code that fills its buffers, so a page with a map allows that to those two ('unsafe-eval').
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from functools import cache
from importlib import resources

from tumint.charts import live
from tumint.charts.model import Chart

# plotly.js of these versions is known to draw all that a report needs without the parts that `_script` leaves out
_SEEN = ("4.1.1",)
# a module that is one long text: the code of MapLibre's thread
_THREAD = re.compile(r"""(=>\{"use strict";[\w$]+\.exports=)'(?:[^'\\]|\\.){100000,}'\}\);""")
# stack.gl, which all traces of three dimensions take their parts from, bundled in a module of its own
_SOLIDS = re.compile(
    r"""(=>\{"use strict";)\(\(\)=>\{var e=\{\d+\(n,a,o\)\{n\.exports=\{alpha_shape:.*?"""
    r""";let i=r\(\d+\);([\w$]+)\.exports=i\}\)\(\)\}\);""",
    re.DOTALL,
)


@cache
def _script() -> str:
    """plotly's script, without what draws maps of the earth in a thread of its own, and solids: a fifth of it.

    Another version than those that were looked at stays whole.
    """
    text = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    if not any(f"plotly.js v{version}\n" in text[:200] for version in _SEEN):
        return text
    return _SOLIDS.sub(r"\1\2.exports=new Proxy({},{get:()=>({})})});", _THREAD.sub(r"\1''});", text))


def packed(text: str, level: int = 6) -> str:
    """A text as a page carries it, which `unpacked` of `live.js` reads: zlib, base64."""
    return base64.b64encode(zlib.compress(text.encode(), level)).decode("ascii")


@cache
def plotly() -> str:
    """plotly's script as a page carries it: two fifths of its size."""
    # 9 takes twice as long for 1 % less, in every page
    return packed(_script(), 5)


def allowed(script: str, *, live: bool, cells: bool) -> str:
    """The `script-src` of a page with `script`: hashes, no address and no inline handler."""
    scripts = [script, *([_script()] if live else [])]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in scripts]
    return " ".join([*(f"'sha256-{digest}'" for digest in hashes), *(["'unsafe-eval'"] if cells else [])])


def data_block(chart: Chart) -> str:
    """A chart as JSON inside a script element: nothing in it can end that element."""
    text = json.dumps(live.spec(chart), separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=float)
    return text.replace("<", "\\u003c")
