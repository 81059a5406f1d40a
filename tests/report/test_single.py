"""`tumint report --single`: every page in one file, nothing twice, and no link that leads out of it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tumint.cli import main
from tumint.errors import DataError
from tumint.report.engine import single

PAGES = ("index", "ingest", "qc", "cluster", "neighbourhood", "response")


@pytest.fixture(scope="module")
def mailed(make, cohorts, tmp_path_factory) -> tuple[Path, str]:
    written = make()
    for page in (*PAGES[1:], "index"):
        cohorts.page(written, page)
    results = shutil.copytree(written.results, tmp_path_factory.mktemp("mailed") / "results")
    assert main(["report", "--single", "--results", str(results)]) == 0
    out = results / "reports" / "tiny_report.html"
    return out, out.read_text(encoding="utf-8")


def test_it_holds_every_page_and_what_they_share_once(mailed) -> None:
    _, text = mailed
    assert [name for name in PAGES if f'<article class="page" id="{name}"' in text] == list(PAGES)
    for once in ("<style>", 'id="plotly"', "<main", "</body>", '<footer class="foot">', '<p class="simulated"'):
        assert text.count(once) == 1, once


def test_every_link_leads_somewhere_within_the_file(mailed) -> None:
    _, text = mailed
    ids = re.findall(r'(?<= )id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    links = set(re.findall(r'(?<= )(?:xlink:)?href="([^"]*)"', text))
    assert {link for link in links if not link.startswith(("#", "data:"))} == set()
    assert {link[1:] for link in links if link.startswith("#")} - set(ids) == set()
    assert "#response" in links
    assert any(link.startswith("#response-") for link in links)
    for refers in ("aria-labelledby", "aria-describedby", "data-of"):
        named = {one for value in re.findall(rf'{refers}="([^"]+)"', text) for one in value.split()}
        assert named - set(ids) == set(), refers
    assert "beside the reports" not in text


def test_it_says_when_the_run_was_and_is_the_same_again(mailed, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = mailed
    results = out.parents[1]
    os.utime(max((results / "runs").glob("*.json")), (86_400 * 365, 86_400 * 365))
    single.run(results, out)
    assert out.read_text(encoding="utf-8").count("Results of 1 January 1971.") == len(PAGES)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(86_400 * 366))
    single.run(results, out)
    assert "Results of 2 January 1971." in out.read_text(encoding="utf-8")
    assert single.joined({name: (out.parent / f"{name}.html").read_text() for name in PAGES}, "x").count("of x.") == 6


def test_pages_of_another_version_are_not_mixed(mailed) -> None:
    out, _ = mailed
    texts = {name: (out.parent / f"{name}.html").read_text(encoding="utf-8") for name in PAGES}
    texts["qc"] = texts["qc"].replace("<style>\n", "<style>\n/* older */")
    with pytest.raises(DataError, match=r"qc\.html of another \(its css differs\)"):
        single.joined(texts, "")


def test_without_a_page_it_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--single", "--results", str(tmp_path)]) == 2
    assert "the pages of a finished run, index.html among them" in capsys.readouterr().err


def test_a_table_comes_back_from_its_columns() -> None:
    import base64
    import json
    import zlib

    from tumint.report.engine import columns

    rows = [f"ROI {i % 3},{i},{i * 0.5 - 7},{1e-9 * i!r},{(i * 7919 % 1000) / 1000}" for i in range(300)]
    text = "\n".join(["sample,cell,x,p,y", *rows, ""])
    packed = columns.packed(text)
    assert packed is not None
    head, _, body = zlib.decompress(base64.b64decode(packed)).partition(b"\n")
    count, names, kinds = json.loads(head)
    assert (count, names) == (300, ["sample", "cell", "x", "p", "y"])
    assert [decimals for decimals, _ in kinds] == [-1, 0, 1, -1, 3]  # what the browser reads is tested there
    assert sum(size for _, size in kinds) == len(body)
    for odd in ('a,b\n"1,2",3\n', "a,b\n1\n", "a,b\n1,2"):
        assert columns.packed(odd) is None
