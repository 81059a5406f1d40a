"""The generated tables of docs/comparison.md: `python benchmarks/lines.py`; a test compares them with the page.

Lines of user code for five jobs are counted in `benchmarks/lines.md`, by the rule that stands there. The rows of speed
are those of README.md with a peer that counts contacts, which `benchmarks/readme.py` writes from `make bench`.
"""

from __future__ import annotations

import re
from pathlib import Path

from readme import as_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "comparison.md"
SNIPPETS = ROOT / "benchmarks" / "lines.md"
PACKAGES = ("tumint", "squidpy", "spicyR", "imcRtools")
PEERS = ("squidpy", "cozipy")
_NOT_COUNTED = re.compile(r"\s*(#|import\s|from\s.*\simport\s|library\()|\s*$")


def snippets() -> dict[str, dict[str, str]]:
    """Code of each package, by job."""
    jobs = SNIPPETS.read_text(encoding="utf-8").split("\n## ")[1:]
    block = re.compile(r"^### (\w+)\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return {job.partition("\n")[0]: dict(block.findall(job)) for job in jobs}


def count(code: str) -> int:
    """Lines that are neither blank, nor a comment, nor an import."""
    return sum(_NOT_COUNTED.match(line) is None for line in code.splitlines())


def lines() -> str:
    """Lines of every job and package, and their sums."""
    jobs = snippets()
    counts = [[count(of[package]) for package in PACKAGES] for of in jobs.values()]
    rows = [[job, *map(str, found)] for job, found in zip(jobs, counts, strict=True)]
    sums = ["all five", *(str(sum(column)) for column in zip(*counts, strict=True))]
    return as_table(["job", *PACKAGES], [*rows, sums])


def speed() -> str:
    """Rows of README.md that were measured beside a peer compared here."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- speed -->\n", 1)[1].split("\n<!-- /speed -->", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
    return as_table(rows[0], [row for row in rows[2:] if row[2].split(" ")[0] in PEERS])


def page(text: str) -> str:
    """`text` with what stands between its markers made anew."""
    for name, table in (("lines", lines()), ("speed", speed())):
        block = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.DOTALL)
        text = block.sub(lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
