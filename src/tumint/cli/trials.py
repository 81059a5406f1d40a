"""What `tumint doctor` tries: each part of a run once, small. What a run would stumble over is a fault; what only adds
something is said and no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tumint.cli.snakemake import environment, program, snakefile
from tumint.errors import Fault, TumintError
from tumint.text import fixed, listed

_GLYPHS = "µ×–→≥"  # besides letters, what figures write
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
Faults = list[Fault | str]


def trials(faults: Faults) -> Iterator[tuple[str, str]]:
    """What was tried and how it went, a line each; what went wrong is added to `faults`."""
    tried: dict[str, Callable[[Faults], str]] = {
        "try: workflow": _workflow,
        "try: Snakemake": _snakemake,
        "try: kernels": _kernels,
        "try: figures": _figures,
        "try: caches": _caches,
        "try: browser": _browser,
    }
    for name, trial in tried.items():
        yield name, trial(faults)


def written(folder: Path) -> str:
    """Why no file can be written into a folder; empty where one was, and was removed again."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".tmp-doctor-") as file:
            file.write(b"tumint")
            file.flush()
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _workflow(faults: Faults) -> str:
    try:
        found = snakefile()
    except TumintError as error:
        faults += error.faults
        return "NOT FOUND"
    lacking = [name for name in ("profiles/default", "rules", "report") if not (found.parent / name).is_dir()]
    faults += [
        Fault(str(found.parent / name), "a folder of the workflow", "none: install tumint anew") for name in lacking
    ]
    return f"{found} found" if not lacking else f"{found}, but INCOMPLETE"


def _snakemake(faults: Faults) -> str:
    done = subprocess.run(
        [*program(), "--version"], text=True, capture_output=True, env=environment(), check=False, timeout=300
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        faults.append(Fault(" ".join(program()), "Snakemake to start", last))
        return "DOES NOT START"
    return f"{done.stdout.strip()} starts"


def _kernels(faults: Faults) -> str:
    """Compile one kernel as a job would, and run it: four corners along Hilbert's curve."""
    began = time.monotonic()
    try:
        import numpy as np

        from tumint import compiled
        from tumint.kernels.hilbert import hilbert_rank

        corner = np.array([0, 65535], dtype=np.uint32)
        right = list(hilbert_rank(corner, np.zeros(2, dtype=np.uint32))) == [0, 2**32 - 1]
        kept = compiled.folder()
    except Exception as error:  # a compiler that is broken raises anything
        faults.append(Fault("numba", "to compile a kernel", " ".join(f"{type(error).__name__}: {error}".split())[:200]))
        return "DO NOT COMPILE"
    if not right:
        faults.append(Fault("numba", "a kernel that gives the right numbers", "others"))
        return "COMPILE WRONGLY"
    took = f"compiled or loaded in {fixed(time.monotonic() - began, 1)} s"
    return f"{took}, kept in {kept}" if kept else f"{took}, kept nowhere"


def _figures(faults: Faults) -> str:
    """Draw a line of text as figures do."""
    try:
        import io

        from matplotlib import font_manager
        from matplotlib.figure import Figure

        path = font_manager.findfont("DejaVu Sans", fallback_to_default=False)
        charmap = font_manager.get_font(path).get_charmap()
        figure = Figure()
        figure.text(0, 0, _GLYPHS, family="DejaVu Sans")
        figure.savefig(io.BytesIO(), format="svg")
    except Exception as error:  # a broken library of fonts raises anything
        faults.append(
            Fault("figures", "the font DejaVu Sans, which matplotlib brings", " ".join(str(error).split())[:200])
        )
        return "CANNOT BE DRAWN"
    lacking = [glyph for glyph in _GLYPHS if ord(glyph) not in charmap]
    if lacking:
        faults.append(Fault(path, f"a font with {_GLYPHS}", f"none for {listed(lacking)}"))
        return "A FONT LACKS SIGNS"
    return f"drawn in DejaVu Sans of {path}"


def _caches(faults: Faults) -> str:
    """Where Snakemake and matplotlib keep what they know; a run makes one in the working folder where this is shut."""
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    there = next((folder for folder in (wanted, *wanted.parents) if folder.is_dir()), Path("/"))
    why = written(there)
    return f"{there} (written to)" if not why else f"{there}: {why}; a run takes .snakemake/cache instead"


def _browser(faults: Faults) -> str:
    """Reports are for the reader's own browser; one without a window is only for screenshots (`make shots`)."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        return "no Chromium found: needed for `make shots` alone, reports open in any browser"
    if shutil.which("chromedriver") is None:
        return f"{found}, but no chromedriver: needed for `make shots` alone"
    try:
        done = subprocess.run([found, "--version"], text=True, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return f"{found} does not start: needed for `make shots` alone"
    return f"{done.stdout.strip() or found} starts" if not done.returncode else f"{found} does not start"
