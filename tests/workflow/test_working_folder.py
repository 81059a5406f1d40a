"""The folder in which tumint is started holds data: no module, Snakefile or profile that lies there is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tumint.cli.snakemake import environment

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.whole
# of the standard library, of what tumint imports and of what Snakemake does
MODULES = ("json", "re", "typing", "logging", "yaml", "numpy", "pandas", "snakemake", "pydantic", "sitecustomize")


@pytest.fixture
def hostile(finished: Path) -> Path:
    """A cohort that ran, with files beside it that leave `used` behind where they are run, and end the program."""
    for name in MODULES:
        run = f"open({str(finished / 'used')!r}, 'a').write({name!r})\nraise SystemExit(99)\n"
        (finished / f"{name}.py").write_text(run, encoding="utf-8")
    (finished / "workflow").mkdir()
    (finished / "workflow" / "Snakefile").write_text("raise SystemExit(98)\n", encoding="utf-8")
    (finished / "profiles" / "default").mkdir(parents=True)
    (finished / "profiles" / "default" / "config.yaml").write_text("no-such-option: 1\n", encoding="utf-8")
    return finished


@pytest.mark.parametrize(
    "arguments",
    [("plan", "config.yaml"), ("run", "config.yaml", "--cores", "1", "--", "--dry-run"), ("doctor",), ("--help",)],
)
# the installed program itself is for the drill: each of these starts Snakemake
@pytest.mark.parametrize("search", ["{src}", pytest.param("{src}:", marks=pytest.mark.slow)])
def test_nothing_of_the_working_folder_is_run(hostile: Path, arguments: tuple[str, ...], search: str) -> None:
    env = {**os.environ, "PYTHONPATH": search.format(src=ROOT / "src")}
    env.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, "-m", "tumint", *arguments]
    if search.endswith(":"):  # as the installed program, with a path that holds the working folder by accident
        (hostile / "sitecustomize.py").unlink()  # which Python itself runs before any line of ours
        program = hostile.parent / "tumint"
        program.write_text("import sys\nfrom tumint.cli import main\nsys.exit(main())\n", encoding="utf-8")
        for name in MODULES[:4]:  # what stands before an empty entry is taken first: the standard library stands behind
            (hostile / f"{name}.py").unlink()
        command = [sys.executable, str(program), *arguments]
    done = subprocess.run(command, cwd=hostile, env=env, text=True, capture_output=True)
    assert not (hostile / "used").exists(), (hostile / "used").read_text()
    assert done.returncode == 0, done.stdout + done.stderr
    if arguments[0] == "plan":
        assert "Nothing to do" in done.stdout


def test_children_search_no_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ":/a::/b:")
    assert environment()["PYTHONPATH"] == "/a:/b"
    assert environment()["PYTHONSAFEPATH"] == "1"
    monkeypatch.setenv("PYTHONPATH", "")
    assert "PYTHONPATH" not in environment()


_DRAW = """
import io
from tumint.charts.still.house import canvas, drawing_style
with drawing_style():
    figure, axes = canvas(3, 2)
    axes[0, 0].plot([1, 2, 3])
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
print(out.getvalue())
"""


def test_figures_follow_no_settings_of_the_working_folder(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-P", "-c", _DRAW]
    plain = subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, check=True)
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nxtick.major.size: 30\n", encoding="utf-8")
    done = subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, check=True)
    assert "<svg" in plain.stdout
    assert done.stdout == plain.stdout
