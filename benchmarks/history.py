"""How the ratios against peers went from run to run: `make bench` adds a row for each it measured to `history.tsv`.

A ratio is a cell such as `12.4×` of a table in `benchmarks/*.md`: the peer's time over tumint's, in one run, so that it
can be compared between machines, which seconds cannot. One that is 20 % below the median of its earlier runs is
told at the end of `make bench`, and by `python benchmarks/history.py`.
"""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pandas as pd

from tumint.io.atomic import write_text
from tumint.text import integer

HERE = Path(__file__).parent
HISTORY = HERE / "history.tsv"
WORSE = 0.8  # of the median of the runs before
KEY = ["document", "row"]
_RATIO = re.compile(r"([\d,]*\.?\d+)×")


def ratios(text: str) -> dict[str, float]:
    """Ratio by section and first cell of the row, of all tables of a document; the last where a row has several."""
    found, section = {}, ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ").strip()
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        told = [match for cell in cells[1:] if (match := _RATIO.fullmatch(cell))]
        if line.startswith("|") and told:
            found[f"{section}: {cells[0]}"] = float(told[-1][1].replace(",", ""))
    return found


def measured(folder: Path = HERE) -> dict[tuple[str, str], float]:
    """What all documents say now."""
    return {
        (path.name, row): ratio
        for path in sorted(folder.glob("*.md"))
        for row, ratio in ratios(path.read_text(encoding="utf-8")).items()
    }


def added(
    history: pd.DataFrame, before: dict[tuple[str, str], float], now: dict[tuple[str, str], float]
) -> pd.DataFrame:
    """The history with what this run measured: every ratio that is not what it was before the run."""
    rows = [
        {"day": date.today().isoformat(), "commit": _commit(), "document": document, "row": row, "ratio": ratio}
        for (document, row), ratio in now.items()
        if before.get((document, row)) != ratio
    ]
    return pd.concat([history, pd.DataFrame(rows)], ignore_index=True) if rows else history


def worse(history: pd.DataFrame) -> list[str]:
    """A line for each ratio whose last run is 20 % or more below the median of those before."""
    lines = []
    for (document, row), runs in history.groupby(KEY, sort=False)["ratio"]:
        if len(runs) > 1 and (last := runs.iloc[-1]) <= WORSE * (usual := runs.iloc[:-1].median()):
            lines.append(
                f"{document}, {row}: {last:g}× now, {usual:g}× before (median of {integer(len(runs) - 1)} runs)"
            )
    return lines


def read(path: Path = HISTORY) -> pd.DataFrame:
    """The rows so far, in the order of their runs."""
    return pd.read_csv(path, sep="\t", dtype={"commit": str})


def save(history: pd.DataFrame, path: Path = HISTORY) -> None:
    """Write the rows."""
    write_text(path, history.to_csv(sep="\t", index=False, lineterminator="\n"))


def _commit() -> str:
    asked = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    print("\n".join(worse(read())) or "history: no ratio is 20 % below what it was")
