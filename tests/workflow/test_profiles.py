"""Profiles for schedulers not at hand: dry runs with the real plugins, and Grid Engine with a `qsub` made here."""

from __future__ import annotations

import sys

import pytest

_QSUB = """#!{python}
# takes what Grid Engine's takes, refuses other options, and runs the script at once
import subprocess, sys
words, known, flags = sys.argv[1:], {{"-j", "-o", "-N", "-l"}}, {{"-terse", "-cwd", "-V"}}
asked = []
while words[0].startswith("-"):
    word = words.pop(0)
    if word in flags:
        continue
    count = 2 if word == "-pe" else 1
    assert word == "-pe" or word in known, word
    asked.append((word, words[:count]))
    words = words[count:]
(script,) = words
with open("asked.txt", "a") as file:
    print(*asked, file=file)
subprocess.Popen(["sh", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
print(len(open("asked.txt").readlines()))
"""


@pytest.fixture
def cohort(tmp_path, tumint):
    done = tumint("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.mark.whole
@pytest.mark.parametrize("name", ["lsf", "sge"])
def test_dry_run_with_the_real_plugin(cohort, tumint, name):
    done = tumint("run", "data/config.yaml", "--profile", name, "--", "--dry-run", cwd=cohort)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This was a dry-run" in done.stdout + done.stderr


@pytest.mark.slow
def test_grid_engine_is_asked_for_memory_time_and_threads(cohort, tumint):
    qsub = cohort / "bin" / "qsub"
    qsub.parent.mkdir()
    qsub.write_text(_QSUB.format(python=sys.executable))
    qsub.chmod(0o755)
    more = ("--latency-wait", 5, "--jobs", 2)
    path = {"PATH": f"{qsub.parent}:/usr/bin:/bin"}
    done = tumint("run", "data/config.yaml", "--profile", "sge", "--", *more, cwd=cohort, env=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (cohort / "results" / "simulated_lung" / "reports" / "index.html").exists()
    asked = (cohort / "asked.txt").read_text().splitlines()
    for line in asked:
        assert "h_vmem=" in line
        assert "h_rt=0:" in line
        assert "('-pe', ['smp', '" in line
    assert any("tumint.ingest" in line for line in asked)
