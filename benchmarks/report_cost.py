"""What the reports of a finished cohort cost, a page at a time: seconds of CPU of its process, start and end included.

`python benchmarks/report_cost.py CONFIG [PAGE ...]`, from the folder that the paths of the config are relative to. The
results are read and stay as they are: pages and figures go to a folder that is removed. CPU is worth the same on a
machine that others use, the clock is not.
"""

from __future__ import annotations

import hashlib
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tumint.config import load_cohort, stage_params
from tumint.stages import STAGES

_CODE = re.compile(rb"\b[0-9a-f]{16}\b|'sha256-[^']*'")
PAGES = (*(stage for stage in STAGES if stage != "report"), "index")


def main(config: Path, pages: list[str]) -> None:
    """Print a row per page: CPU seconds, MB of the page, and a digest of all that it wrote."""
    cohort = load_cohort(config)
    results = Path(cohort.config.results, cohort.config.cohort).resolve()
    params = stage_params(cohort.config, cohort.panel, "report")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / results.name
        folder.mkdir()
        for path in results.iterdir():
            if path.name not in ("figures", "reports"):
                (folder / path.name).symlink_to(path)
        print("| page | CPU s | MB | bytes of page and figures |\n|---|---|---|---|")
        total = 0.0
        for page in pages:
            out = folder / "reports" / f"{page}.html"
            common = ("--params", params, "--results", folder, "--sheet", cohort.config.samples, "-o", out)
            before = _cpu()
            subprocess.run([sys.executable, "-m", "tumint", "report", page, *map(str, common)], check=True)
            spent = _cpu() - before
            total += spent
            print(f"| {page} | {spent:.2f} | {out.stat().st_size / 1e6:.2f} | {_digest(folder, page)} |", flush=True)
        print(f"| all | {total:.2f} | | |")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _digest(folder: Path, page: str) -> str:
    """Of the page, its figures and tables, of the index also the files of the summary; but for digests of code."""
    found = [folder / "reports" / f"{page}.html", *(folder / "figures" / page).glob("[!.]*")]
    found += (folder / "reports").glob("*_summary_*") if page == "index" else []
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(path.name.encode() + b"\0" + _CODE.sub(b"", path.read_bytes()))
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(PAGES))
