"""What grows with the cohort or the panel reaches jobs in files: no command grows with them."""

from __future__ import annotations

import json
import re
import shlex

import pandas as pd
import pytest
import yaml

from tumint.batches import batches, subject_batches
from tumint.cli import main
from tumint.errors import DataError
from tumint.handed import Handed, read_paths, read_text

SAMPLES, MARKERS = 3000, 2000
LONGEST = 600  # characters of a command; Linux takes 131,072


def test_a_job_reads_what_it_was_handed(tmp_path):
    handed = Handed(tmp_path / "jobs")
    paths, text = handed.paths("cluster.cells", ["a b.h5ad", "@c.h5ad", "-d"]), handed.text("qc.params", "{}")
    with pytest.raises(DataError, match=r"expected the file that a run writes when it starts, found none.*: run again"):
        read_text(text, "--params")
    handed.write()
    assert [str(path) for path in read_paths([paths], "--cells")] == ["a b.h5ad", "@c.h5ad", "-d"]
    assert read_text(text, "--params") == "{}" == read_text("{}", "--params")
    assert [str(path) for path in read_paths(["x", "@y"], "--cells")] == ["x", "@y"]
    with pytest.raises(DataError, match=r"expected a JSON list of paths, found `\{\}`"):
        read_paths([text], "--cells")


def test_other_contents_are_another_argument_and_earlier_ones_go(tmp_path):
    first, second = Handed(tmp_path / "jobs"), Handed(tmp_path / "jobs")
    names = {first.text("b0001.rows", "[1]"), second.text("b0001.rows", "[2]")}
    assert len(names) == 2
    first.write()
    second.write()
    assert [path.read_text() for path in (tmp_path / "jobs").iterdir()] == ["[2]"]


def test_a_file_that_is_not_there_is_one_line(tmp_path, capsys):
    for words in (
        ("ingest", "--params", "@gone.json", "--rows", "[]"),
        ("ingest", "--params", "{}", "--rows", "@gone.json"),
        ("cluster", "--params", "{}", "--cells", "@gone.json"),
        ("neighbourhood", "--params", "{}", "--cells", "c.parquet", "--gather", "@gone.json"),
        ("qc", "--params", "{}", "--gather", "@gone.json"),
    ):
        assert main([*words, "-o", str(tmp_path / "out")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "@gone.json: expected the file that a run writes when it starts, found none" in line


@pytest.mark.whole
def test_commands_of_many_samples_and_markers(finished, snakemake, edit):
    rows = []
    for i in range(SAMPLES):
        (finished / "raw" / f"{i}.csv").write_text("ObjectNumber\n1\n")
        rows.append(f"s{i}\tm{i // 3}\traw/{i}.csv\t1.0\t{('vehicle', 'treated')[i // 3 % 2]}\n")
    (finished / "samples.tsv").write_text("sample\tsubject\tpath\tpixel_size_um\tarm\n" + "".join(rows))
    panel = yaml.safe_load((finished / "panel.yaml").read_text(encoding="utf-8"))
    panel["markers"] += [{"marker": f"MARKER{i}", "use": "state"} for i in range(MARKERS)]
    (finished / "panel.yaml").write_text(json.dumps(panel))
    edit(finished, samples_per_job=300, results="other")
    done = snakemake("--configfile", "config.yaml", "--cores", 1, "--dry-run", "--printshellcmds", cwd=finished)
    assert done.returncode == 0, done.stderr
    commands = re.findall(r"^(?:Shell command: |\s+)(tumint .+)$", done.stdout + done.stderr, flags=re.MULTILINE)
    sheet = pd.read_csv(finished / "samples.tsv", sep="\t")
    by_batch = 3 * len(batches(sheet, 300)) + len(subject_batches(sheet, 300))  # ingest, measure, qc; neighbourhood
    assert len(commands) == by_batch + 12
    assert max(map(len, commands)) < LONGEST
    assert not any(word.startswith(("{", "[")) for command in commands for word in shlex.split(command))
