"""A run that was shared: it opens elsewhere, is whole, and gives the same numbers there."""

from __future__ import annotations

import shutil
import zipfile

import pytest


@pytest.mark.slow
def test_a_shared_run_gives_the_same_bytes_elsewhere(tmp_path, tumint):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()

    def well(*arguments: object, cwd=here) -> str:
        done = tumint(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    well("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 300)
    sheet = here / "data" / "samples.tsv"
    head, *rows = sheet.read_text(encoding="utf-8").splitlines()
    named = [f"{row}\tCRUK-0{i}17" for i, row in enumerate(rows)]
    sheet.write_text("\n".join([f"{head}\tpatient", *named]) + "\n", encoding="utf-8")
    well("run", "data/config.yaml", "--cores", 2)
    assert "`patient`" in well("share", "data/config.yaml", "-o", "run.zip")

    with zipfile.ZipFile(here / "run.zip") as file:
        file.extractall(there)
    everything = b"".join(path.read_bytes() for path in there.rglob("*") if path.is_file())
    for word in ("CRUK-0", str(tmp_path)):
        assert word.encode() not in everything
    assert "each as it was shared" in well("verify", ".", cwd=there)
    shutil.rmtree(there / "results")
    well("run", "config.yaml", "--cores", 2, cwd=there)
    assert "each as it was shared" in well("verify", ".", cwd=there)  # tables, figures, pages: byte for byte
