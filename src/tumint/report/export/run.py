"""Write a folder for a viewer from a folder of results, ROI by ROI, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text
from tumint.io.sealed_json import write_json
from tumint.provenance import run_metadata
from tumint.report.export import findings
from tumint.report.export.layers import Roi
from tumint.report.export.rois import chosen, pixel_sizes, read_cohort, roi_of
from tumint.report.export.viewer import Job
from tumint.report.export.viewers import VIEWERS, Viewer
from tumint.text import plural, setting

README, ABOUT = "README.txt", "export.json"


@dataclass(frozen=True)
class Asked:
    """What a person asked for."""

    viewer: str  # a key of `VIEWERS`
    samples: Sequence[str] = ()  # none: all
    findings: int = 8
    um_per_px: float | None = None  # None: as the raw data were read with
    url: str = "http://localhost:9000"


def run(results: Path, out: Path, asked: Asked) -> list[str]:
    """Write the folder `out`, which is new or empty; lines for a person.

    Raises
    ------
    DataError
        The results or the options are wrong; nothing was written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(Fault("-o", "a new or an empty folder", f"`{out}`"))
    cohort = read_cohort(results)
    samples = chosen(cohort, asked.samples)
    sizes = pixel_sizes(results)
    pairs = findings.pairs(results, asked.findings)
    viewer = VIEWERS[asked.viewer]
    notes: dict[str, None] = dict.fromkeys(_said(viewer, sizes, samples, asked, len(pairs)))
    with _folder(out) as folder:
        for sample in samples:
            um_per_px = asked.um_per_px or sizes.get(sample, 1.0)
            roi = roi_of(cohort, sample, um_per_px, pairs)
            job = Job(roi, folder, cohort.title, asked.url, partial(cohort.matrix, sample))
            notes |= dict.fromkeys(viewer.write(job))
        write_text(folder / README, _readme(viewer, cohort.title, roi, samples, list(notes)))
        meta = run_metadata("report", {"export": asked.viewer})
        write_json(folder / ABOUT, {k.META: meta, "viewer": asked.viewer, "samples": samples, "notes": list(notes)})
    missing = [name for name in (asked.samples or cohort.samples) if name not in samples]
    left = [f"{plural(len(missing), 'ROI')} without places left out"] if missing else []
    return [
        f"{plural(len(samples), 'ROI')} for {viewer.TITLE} in {out}; how to open them: {out / README}",
        *left,
        *notes,
    ]


def _said(viewer: Viewer, sizes: dict[str, float], samples: Sequence[str], asked: Asked, pairs: int) -> Iterator[str]:
    if viewer.PIXELS and asked.um_per_px is None:
        known = sorted({sizes[sample] for sample in samples if sample in sizes})
        if known:
            how = " to ".join(map(setting, dict.fromkeys((known[0], known[-1]))))
            yield f"places are in pixels of {how} µm, with which the raw data were read; --um-per-px changes it"
        if lacking := sum(sample not in sizes for sample in samples):
            rois = plural(lacking, "ROI")
            yield f"the results hold no pixel size of {rois}: 1 pixel = 1 µm there; --um-per-px changes it"
    if not pairs and asked.findings:
        yield "no pair of types is among the findings, so no layer shows one"


def _readme(viewer: Viewer, title: str, roi: Roi, samples: Sequence[str], notes: Sequence[str]) -> str:
    lines = [
        f"Cells of {plural(len(samples), 'ROI')} of {title} for {viewer.TITLE}, written by tumint export.",
        "",
        viewer.OPEN,
        "",
    ]
    lines += [*(f"Note: {note}." for note in notes), "", "Layers, each with its levels in order:"]
    for layer in roi.layers:
        lines += ["", f"{layer.column}: {layer.title}", *([f"  {layer.about}"] if layer.about else [])]
        lines += [f"  {i} {colour} {level}" for i, (level, colour) in enumerate(layer.colours.items())]
    if k.MARGIN_UM in roi.numbers:
        lines += [
            "",
            f"{k.MARGIN_UM}: distance to the tumour's margin in µm, below 0 inside; empty: no margin in the ROI",
        ]
    lines += [f"{name}: number of the network, 0: in none" for name in roi.numbers if name != k.MARGIN_UM]
    return "\n".join(lines) + "\n"


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name on success and is removed on failure."""
    out = Path(os.path.abspath(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".tmp-{os.getpid()}-{out.name}.part")
    try:
        temporary.mkdir()
        yield temporary
        if out.exists():
            out.rmdir()  # it was empty
        os.replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
