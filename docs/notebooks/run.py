"""Run the notebooks from the top of the repository, as a reader would: `python docs/notebooks/run.py [FOLDER]`.

FOLDER gets them with what they showed. One that needs real data is left out where there are none.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NEEDS = {
    "anndata": ROOT / "results" / "demo" / "cohort.h5ad",
    "lung_cancer": ROOT / os.environ.get("TUMINT_TEST_DATA", "../shared/data") / "samples.tsv",
    "results": ROOT / "results" / "demo" / "response" / "effects.parquet",
}


class Kernel(AsyncKernelManager):
    """One that opens no port."""

    transport = "ipc"


def run(path: Path, out: Path | None) -> str:
    """Run one; what to say of it."""
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
    for path in sorted(HERE.glob("*.ipynb")):
        needed = NEEDS[path.stem]
        print(run(path, out) if needed.exists() else f"{path.name}: left out, there is no {needed}")


if __name__ == "__main__":
    main()
