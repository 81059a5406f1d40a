"""The three files that `tumint init` writes, as text: sample sheet, panel and config, with what was guessed marked."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tumint import keys as k
from tumint.ingest.reader import Found
from tumint.init import names
from tumint.init.groups import Candidate
from tumint.init.panel import Guessed

FILES = ("config.yaml", "samples.tsv", "panel.yaml")
CHECK = "# check:"
Columns = Mapping[str, Sequence[str]]
_FLUORESCENCE = {"mcmicro": 150.0, "qupath": 150.0}  # cofactor of the arcsinh: 16-bit intensities


def cohort_name(folder: Path) -> str:
    """What the cohort is called: its folder."""
    return re.sub(r"[^A-Za-z0-9]+", "_", folder.resolve().name).strip("_") or "cohort"


def sheet(folder: Path, found: Found, samples: Sequence[str], subjects: Sequence[str], columns: Columns) -> str:
    """The sample sheet; `columns` are those beside sample, subject, path and part, a value for each sample."""
    parts = any(part for _, _, part in found.rows)
    header = [k.SAMPLE, k.SUBJECT, k.PATH, *([k.PART] if parts else []), *found.files, *columns]
    out = io.StringIO()
    lines = csv.writer(out, delimiter="\t", lineterminator="\n")
    lines.writerow(header)
    for at, (sample, subject, (_, path, part)) in enumerate(zip(samples, subjects, found.rows, strict=True)):
        row = [sample, subject, _path(path, folder), *([part] if parts else [])]
        row += [_path(file, folder) if file else "" for file in (files[at] for files in found.files.values())]
        lines.writerow([*row, *(levels[at] for levels in columns.values())])
    return out.getvalue()


def _path(path: Path, folder: Path) -> str:
    """Relative to the sheet where that is short, else absolute."""
    absolute, here = path.resolve(), folder.resolve()
    common = Path(os.path.commonpath([absolute, here]))
    near = len(here.relative_to(common).parts) <= 2 and common != Path(common.anchor)
    return os.path.relpath(absolute, here) if near else str(absolute)


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
        .removesuffix("...\n")
        .strip()
    )


def panel(name: str, source: Path, markers: Sequence[Guessed], signatures: list[dict[str, Any]], unit: str) -> str:
    """The panel, a line for each marker and signature."""
    lines = [
        f"# Written by `tumint init`. Lines with `{CHECK}` were guessed.",
        "# use: type (decides cell types), state (analysed, decides none), dna, reference (xenon), ignore.",
        f"name: {_flow(name)}",
        f"source: {_flow(f'the data in {source.name}')}  {CHECK} clones, metals, publication",
        "markers:",
    ]
    for m in markers:
        entry: dict[str, Any] = {"marker": m.marker}
        if m.channel != m.marker:
            entry["channel"] = m.channel
        entry["use"] = m.use
        if unit:
            entry["unit"] = unit
        if m.synonyms:
            entry["synonyms"] = m.synonyms
        lines.append(f"  - {_flow(entry)}" + ("" if m.known else f"  {CHECK} init does not know this marker: its use"))
    lines.append("signatures:" if signatures else "signatures: []")
    lines += [f"  - {_flow(signature)}  {CHECK} the markers of this type" for signature in signatures]
    return "\n".join(lines) + "\n"


def config(
    folder: Path,
    source: Path,
    form: str,
    found: Found,
    markers: Sequence[Guessed],
    group: Candidate | None,
    others: Sequence[Candidate],
    unit: tuple[float, str] | None,
    min_cells: int | None = None,
) -> str:
    """The config; `unit`: micrometres per pixel and what a person must know of it, None where places are in µm."""
    provided = found.has_types
    lines = [
        f"# Written by `tumint init --from {source.name}`. Lines with `{CHECK}` were guessed.",
        "# config/README.md has every key, docs/ingest.md the formats.",
        f"cohort: {_flow(cohort_name(folder))}",
        f"title: {_flow(cohort_name(folder))}  {CHECK} one line that says what the cohort is",
        f"source: {_flow(f'data in {source.name}')}  {CHECK} where the data come from, with their citation",
        f"samples: {_flow((folder / 'samples.tsv').as_posix())}  {CHECK} subject, ROI and treatment of every sample",
        *([f"panel: {_flow((folder / 'panel.yaml').as_posix())}"] if markers else []),
        "",
        "ingest:",
        f"  format: {_flow(form)}",
    ]
    if unit is not None:
        lines.append(f"  pixel_size_um: {_flow(unit[0])}  {CHECK} {unit[1]}")
    own = {key: value for key, value in found.config.items() if unit is None or key != k.PIXEL_SIZE_UM}
    lines += [f"  {key}: {_flow(value)}  {CHECK}" for key, value in own.items()]
    if found.features:
        lines.append(f"  other_features: type  {CHECK} the genes that the panel does not name decide clusters too")
    lines += [f"  {CHECK} {text}" for text in found.check]
    if min_cells is not None:
        lines += ["", f"qc: {_flow({'min_cells': min_cells})}"]
    lines += ["", "cluster:", f"  typing: {'provided' if provided else 'signatures'}"]
    if not provided:
        lines += [f"  normalise: {_flow(_normalise(form, found, markers))}  {CHECK}"]
    lines += ["", "response:", *_contrasts(group, others)]
    return "\n".join(lines) + "\n"


def _normalise(form: str, found: Found, markers: Sequence[Guessed]) -> dict[str, Any]:
    if found.unit == k.COUNTS and found.features:
        return {"method": "log"}
    if any(m.use == "reference" for m in markers):
        return {"method": "reference"}
    return {"method": "arcsinh", "cofactor": _FLUORESCENCE.get(form, 5.0)}


def _contrasts(group: Candidate | None, others: Sequence[Candidate]) -> list[str]:
    """Every level of the groups against their reference; without groups an example, and why no column is one."""
    if group is None:
        example = "{name: treated_vs_vehicle, column: treatment, reference: vehicle, group: treated}"
        said = "no column holds groups; add one to the sheet, or name it by --group, and then for example"
        left = [f"  {CHECK} `{one.column}` ({one.said}) is none: {one.why}" for one in others]
        return ["  contrasts: []", f"  {CHECK} {said}", f"  # - {example}", *left]
    levels = list(group.counts)
    reference = names.reference_of(levels)
    lines = ["  contrasts:"]
    for level in levels:
        if level != reference:
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{level}_vs_{reference}")
            contrast = {"name": name, "column": group.column, "reference": reference, "group": level}
            lines.append(f"    - {_flow(contrast)}  {CHECK} which group is compared with which")
    return lines


def empty(folder: Path) -> dict[str, str]:
    """Files to be filled in."""
    where = {name: _flow((folder / name).as_posix()) for name in FILES}
    config = f"""# Written by `tumint init`. Lines with `{CHECK}` want your values.
# config/README.md has every key, docs/ingest.md the formats.
cohort: {_flow(cohort_name(folder))}
title: {_flow(cohort_name(folder))}  {CHECK} one line that says what the cohort is
source: ""  {CHECK} where the data come from, with their citation
samples: {where["samples.tsv"]}
panel: {where["panel.yaml"]}

ingest:
  format: cellprofiler  {CHECK} which program wrote the data
  pixel_size_um: 1.0  {CHECK}

response:
  contrasts:
    - {{name: treated_vs_vehicle, column: treatment, reference: vehicle, group: treated}}  {CHECK}
"""
    sheet = "\t".join([k.SAMPLE, k.SUBJECT, k.PATH, "treatment"]) + "\n"
    sheet += "M1_ROI1\tM1\ttables/M1_ROI1.csv\tvehicle\nM2_ROI1\tM2\ttables/M2_ROI1.csv\ttreated\n"
    panel = f"""name: {_flow(cohort_name(folder))}
source: ""  {CHECK}
markers:
  - {{marker: CD8, channel: CD8, use: type, synonyms: [CD8a]}}  {CHECK} one line for each channel
  - {{marker: EPCAM, use: type}}
  - {{marker: DNA1, use: dna}}
signatures:
  - {{cell_type: CD8 T cells, positive: [CD8], negative: [EPCAM]}}
  - {{cell_type: Tumour cells, positive: [EPCAM], negative: [CD8]}}
"""
    return {"config.yaml": config, "samples.tsv": sheet, "panel.yaml": panel}
