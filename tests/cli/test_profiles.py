"""The profiles that ship, and a whole run as one job of Slurm; `sbatch` is made here, tests/slurm has a real one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from tumint.cli import main, profiles
from tumint.errors import TumintError

CONFIG = Path(__file__).parents[2] / "config" / "config.yaml"


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """An `sbatch` that writes down its options, and takes the job."""
    taken = tmp_path / "taken.json"
    program = tmp_path / "bin" / "sbatch"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open({str(taken)!r}, 'w'))\nprint('7;here')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr("tumint.preflight.load", lambda config: None)
    monkeypatch.chdir(tmp_path)
    return taken


def _folder(where: Path, content: object) -> str:
    where.mkdir()
    (where / "config.yaml").write_text(yaml.safe_dump(content))
    return str(where)


def test_one_job_for_the_whole_run(sbatch, tmp_path, capsys):
    mine = _folder(tmp_path / "mine", {"sbatch": {"mem": "8G", "account": "lab", "exclusive": True}})
    assert main(["run", "my cohort.yaml", "--profile", mine, "--cores", "4", "--", "--keep-going"]) == 0
    *options, wrap, run = json.loads(sbatch.read_text())
    expected = ["--job-name=tumint-my cohort", "--output=tumint-%j.log", "--mem=8G", "--account=lab", "--exclusive"]
    assert (sorted(options), wrap) == (sorted(["--parsable", *expected, "--cpus-per-task=4"]), "--wrap")
    assert run == f"exec {sys.executable} -P -m tumint run 'my cohort.yaml' -- --keep-going"
    said = capsys.readouterr().out
    assert "job 7 of Slurm" in said
    assert "tail -f tumint-7.log" in said


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            {"sbatch": {"mem": "8G"}, "jobs": 3},
            "expected `sbatch` alone, since the whole run is one job, found also `jobs`",
        ),
        ({"sbatch": ["--mem=8G"]}, "expected options of sbatch, each with its value, found"),
    ],
)
def test_a_profile_of_both_kinds_is_refused(sbatch, tmp_path, capsys, content, found):
    assert main(["run", "c.yaml", "--profile", _folder(tmp_path / "mine", content)]) == 2
    assert found in capsys.readouterr().err
    assert not sbatch.exists()


def test_no_slurm_here(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tumint.preflight.load", lambda config: None)
    assert main(["run", str(CONFIG), "--profile", "slurm-single"]) == 2
    assert "expected a machine that submits to Slurm, found no `sbatch` on the PATH." in capsys.readouterr().err


def test_slurm_does_not_take_it(sbatch, tmp_path, capsys):
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid account' >&2\nexit 1\n")
    assert main(["run", "c.yaml", "--profile", "slurm-single"]) == 2
    assert "found `sbatch: error: invalid account`." in capsys.readouterr().err


def test_every_profile_says_when_to_take_it(capsys):
    assert main(["run", "--profile"]) == 0
    said = capsys.readouterr().out
    for name, folder in profiles.shipped().items():
        assert f"\n  {name} " in said
        first = (folder / "config.yaml").read_text().splitlines()[0]
        assert first.startswith("# ")
        assert first[2:] in said
    assert not [line for line in said.splitlines() if len(line) > 120]


def test_a_run_needs_a_config(capsys):
    assert main(["run"]) == 2
    assert capsys.readouterr().err == "tumint: tumint run: expected the config file of a cohort, found none.\n"


def test_only_one_is_submitted_whole():
    whole = [name for name, folder in profiles.shipped().items() if profiles.sbatch_options(folder) is not None]
    assert whole == ["slurm-single"]
    with pytest.raises(TumintError, match="kubernetes, lsf, sge, slurm, slurm-single"):
        profiles.profile(Path("nowhere"))


def test_values_that_a_profile_takes_from_the_environment_are_asked_for(monkeypatch, capsys):
    for name in ("TUMINT_IMAGE", "TUMINT_MOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUMINT_CLAIM", "cohorts")
    assert main(["run", str(CONFIG), "--profile", "kubernetes"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tumint: environment: expected TUMINT_IMAGE, TUMINT_MOUNT, TUMINT_CLAIM, which ")
    assert line.endswith("kubernetes/config.yaml explains, found no TUMINT_IMAGE, TUMINT_MOUNT.")


def test_a_copy_that_names_its_values_asks_for_none(tmp_path):
    text = (profiles.shipped()["kubernetes"] / "config.yaml").read_text()
    text = re.sub(r"\$TUMINT_[A-Z]+", "mine", text)
    (tmp_path / "config.yaml").write_text(text)
    profiles.check_environment(tmp_path)


@pytest.mark.parametrize("name", ["aws-batch", "google-batch", "googlebatch"])
def test_what_to_take_where_there_can_be_no_profile(name, capsys):
    assert main(["run", str(CONFIG), "--profile", name]) == 2
    assert "as docs/clusters.md shows" in capsys.readouterr().err
