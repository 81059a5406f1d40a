"""Odd names of samples, subjects, types and arms: unchanged in the last table and escaped in reports, or refused."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from attack import CONFIG, SLOWEST, refusal_seconds, tree, tumint
from ledger import Ledger

pytestmark = pytest.mark.slow
GOOD = (
    *("$(touch${IFS}pwned)", "`touch${IFS}pwned`", ";touch${IFS}pwned", "a&&b", "*", "?", "[ab]", "a'b", 'a"b', '"q"'),
    *("{x}", "{batch}", "{wildcards.batch}", "{{x}}", "%s", "%(name)s", "%n%x", "a,b", "a:b", "=1+1", "+1", "@SUM(A1)"),
    *("<img_src=x_onerror=alert(1)>", "<!--", "&lt;", "&amp;b", "]]>", "__proto__", "constructor", "#1", "~", "!", "^"),
    *("é1", "e\u0301", "日本語", "שלום", "😀", "ß", "Ⅷ", "ﬁ", "CON", "nul", "aux.txt", ".hidden", "a..b", "s" * 100),
    *("1e5", "007", "1.0", "0x10", "1_000", "NA", "NaN", "None", "null", "True", "inf", "2024-01-02"),
)
BAD = (
    *("with space", "a\tb", "a\nb", "a\u00a0b", "a/b", "../up", "/etc/passwd", "a\\b", "a|b", ""),
    *("-rf", "--cells=evil.parquet", ".", "..", "s" * 101, "é" * 60, "a\u200bb", "\u202eabc", "\u200fabc", "a\u0007b"),
    *("a\x7fb", "\ufeffa", "👨\u200d👩", "a\ufe0f", "\u3164", "\ue000"),
)
ARMS = ("vehicle; touch pwned; $(touch pwned)", "<i>treated</i> {x} %s & 'b'")
TYPES = ("T<cells>&", "B 'cells' $(touch pwned)", "{x} %s", "<script>alert(1)</script>")
N_CELLS = 90


def _sheet(folder: Path, names: list[tuple[str, str]]) -> None:
    """The cohort of `(sample, subject)`, each with cells of its own; fields quoted where they must be."""
    (folder / "raw").mkdir(parents=True)
    out = io.StringIO()
    rows = csv.writer(out, delimiter="\t", lineterminator="\n")
    rows.writerow(["sample", "subject", "path", "arm"])
    for i, (sample, subject) in enumerate(names):
        rng = np.random.default_rng(i)
        n = N_CELLS + i
        # no two lie on one another, as no two segmented cells do
        places = 9.0 * np.argwhere(np.ones((16, 16)))[rng.permutation(256)[:n]] + rng.uniform(0, 5, (n, 2))
        cells = pd.DataFrame(places.round(2), columns=["x", "y"])
        cells["CD8"] = rng.integers(0, 50, len(cells))
        cells["type"] = rng.choice(TYPES, len(cells))
        cells.to_csv(folder / "raw" / f"{i}.csv", index=False)
        rows.writerow([sample, subject, f"raw/{i}.csv", ARMS[i % 2]])
    (folder / "samples.tsv").write_text(out.getvalue(), encoding="utf-8")
    contrast = {"name": "arm", "column": "arm", "reference": ARMS[0], "group": ARMS[1]}
    config = {
        **CONFIG,
        "panel": None,
        "samples_per_job": 100,
        "ingest": {
            "format": "table",
            "columns": {"x": "x", "y": "y", "cell_type": "type", "markers": {"CD8": "CD8"}},
        },
        "cluster": {"typing": "provided", "normalise": {"method": "arcsinh"}},
        "neighbourhood": {"scales_um": [], "robustness": {"graphs": []}},
        "response": {"contrasts": [contrast], "prediction": {"enabled": False}},
        "report": {"palette": {TYPES[0]: "red"}},
    }
    (folder / "c.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


def _tables(results: Path) -> dict[str, pd.DataFrame]:
    """Every table between stages that has a sample or a subject."""
    found = {}
    for path in sorted(results.rglob("*.parquet")):
        table = pd.read_parquet(path)
        if "sample" in table or "subject" in table:
            found[str(path.relative_to(results))] = table
    return found


def test_odd_names_come_through_or_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "good"
    subjects = {name: f"{name} of/mouse <b>{i}</b>"[-60:] for i, name in enumerate(GOOD)}
    _sheet(folder, list(subjects.items()))
    bad = tmp_path / "bad"
    _sheet(bad, [(name, f"S{i}") for i, name in enumerate((*BAD, "Mouse", "mouse"))])
    with Ledger("names") as ledger:
        ended = tumint("run", "c.yaml", "--cores", 2, cwd=folder, timeout=900)
        ledger.look("good names", ended.out, ended.err)
        assert ended.code == 0, "\n".join(ended.lines[-20:])
        results = folder / "results" / "small"
        tables = _tables(results)
        assert {"cluster/cells.parquet", "neighbourhood/features.parquet", "response/subjects.parquet"} <= set(tables)
        pages = {path.name: _text(path) for path in (results / "reports").glob("*.html")}
        assert not list(tmp_path.rglob("pwned*")), "a name was run as a command"
        for i, (name, subject) in enumerate(subjects.items()):
            if wrong := _wrong(name, subject, N_CELLS + i, tables, pages):
                ledger.lose(f"{name!a}: {wrong}")
            else:
                ledger.same()

        before = tree(bad)
        ended = tumint("run", "c.yaml", "--cores", 1, cwd=bad)
        ledger.look("bad names", ended.out, ended.err)
        assert ended.code == 2, ended.lines
        assert tree(bad) == before
        for i, name in enumerate(BAD):
            _refused(ledger, ended.lines, i, name, refusal_seconds(ended))
        _sheet(tmp_path / "case", [("Mouse", "S0"), ("mouse", "S1"), ("a", "s"), ("b", "S")])
        ended = tumint("run", "c.yaml", "--cores", 1, cwd=tmp_path / "case")
        assert ended.code == 2
        for column, pair in (("sample", "`Mouse` and `mouse`"), ("subject", "`s` and `S`")):
            if any(f"`{column}`" in line and pair in line for line in ended.lines):
                ledger.refuse(refusal_seconds(ended))
            else:
                ledger.lose(f"{pair}: {ended.lines}")
        assert refusal_seconds(ended) <= SLOWEST


def _text(page: Path) -> str:
    """Of a report, without its own three comments."""
    return re.sub("<!-- (/?page|date) -->", "", page.read_text(encoding="utf-8"))


def _refused(ledger: Ledger, lines: list[str], i: int, name: str, seconds: float) -> None:
    """Count whether exactly one line names the row of this name."""
    after = sum("\n" in earlier for earlier in BAD[:i])  # a field with a line end in it takes two lines of the text
    mine = [line for line in lines if f"samples.tsv row {i + 2 + after} " in line]
    if len(mine) == 1 and "`sample`" in mine[0]:
        ledger.refuse(seconds)
    else:
        ledger.lose(f"{name!a}: {mine or lines[:3]}")


def _wrong(name: str, subject: str, n_cells: int, tables: dict[str, pd.DataFrame], pages: dict[str, str]) -> str:
    """What became of a name that was taken; empty: it is everywhere what it was."""
    found = (tables["cluster/cells.parquet"]["sample"].astype(str) == name).sum()
    if found != n_cells:
        return f"{found} cells of {n_cells}"
    for path in ("neighbourhood/features.parquet", "qc/rois.parquet"):
        if name not in set(tables[path]["sample"].astype(str)):
            return f"not in {path}"
    if subject not in set(tables["response/subjects.parquet"]["subject"].astype(str)):
        return f"subject {subject!a} not in response/subjects.parquet"
    for page, text in pages.items():
        for one in (name, subject):
            if len(one) > 2 and html.escape(one) != one and "<" in one and one in text:
                return f"{one!a} as it is in {page}"
    if not any(html.escape(name) in text or json.dumps(name)[1:-1] in text or name in text for text in pages.values()):
        return "in no report"
    return ""
