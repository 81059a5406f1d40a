"""Run the notebooks as a user would who installed the wheel: `python docs/notebooks/run.py [FOLDER]`.

The wheel of this checkout is built and installed into an environment of its own, whose Python runs the notebooks from
the top of the repository, where their results are. FOLDER gets them with what they showed. The one that needs real data
is left out where there are none; any other has to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UV = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])) or "uv"
REAL = {"lung_cancer": ROOT / os.environ.get("TUMINT_TEST_DATA", "../shared/data") / "samples.tsv"}


def installed(folder: Path) -> Path:
    """The Python of an environment with the wheel, in the versions of the lock, and what a notebook is run by."""
    env = {**os.environ, "UV_NO_CONFIG": "1", "UV_SYSTEM_CERTS": "1"}
    python = folder / "venv" / "bin" / "python"
    build = ("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", folder, ROOT)
    subprocess.run([UV, *map(str, build), "--quiet"], check=True, env=env)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True, env=env)
    lock = ("--constraint", ROOT / "requirements.lock")
    install = ("pip", "install", "--quiet", "--python", python, *lock, wheel, "ipykernel")
    subprocess.run([UV, *map(str, install)], check=True, env=env)
    os.environ.pop("PYTHONPATH", None)
    asked = [str(python), "-c", "import tumint; print(tumint.__file__)"]
    there = subprocess.run(asked, check=True, text=True, capture_output=True, cwd=ROOT).stdout.strip()
    if not Path(there).is_relative_to(folder):
        sys.exit(f"the notebooks would run on {there}, not on the wheel")
    return python


def run(path: Path, python: Path, out: Path | None) -> str:
    """Run one; what to say of it."""

    class Kernel(AsyncKernelManager):
        """That of the wheel; it opens no port, and its sockets lie beside it."""

        transport = "ipc"
        ip = str(python.parents[2] / path.stem)

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            return [str(python), "-m", "ipykernel_launcher", "-f", self.connection_file, *(extra_arguments or [])]

    notebook = nbformat.read(path, as_version=4)
    try:
        NotebookClient(
            notebook, timeout=600, kernel_manager_class=Kernel, resources={"metadata": {"path": str(ROOT)}}
        ).execute()
    except CellExecutionError as error:
        sys.exit(f"{path.name}: {error}")
    shown = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    warned = "".join(one.text for one in shown if one.output_type == "stream" and one.name == "stderr")
    if warned:
        sys.exit(f"{path.name} warns: {warned}")
    figures = sum("image/png" in one.get("data", {}) for one in shown)
    drawing = sum("tumint.pl." in cell.source for cell in notebook.cells if cell.cell_type == "code")
    if figures != drawing:
        sys.exit(f"{path.name} shows {figures} figures of the {drawing} that it draws")
    if out is not None:
        nbformat.write(notebook, out / path.name)
    return f"{path.name}: {len(notebook.cells)} cells, {figures} figures"


def main() -> None:
    """Run all."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        python = installed(Path(folder))
        for path in sorted(HERE.glob("*.ipynb")):
            real = REAL.get(path.stem)
            if real is not None and not real.exists():
                print(f"{path.name}: left out, there is no {real}")
                continue
            print(run(path, python, out), flush=True)


if __name__ == "__main__":
    main()
