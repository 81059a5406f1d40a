"""`tumint init`: config, sheet and panel of a new cohort, guessed from its data; what a person must check is marked."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tumint import formats
from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest import registry
from tumint.ingest.reader import Found
from tumint.init import names, panel
from tumint.init.names import Named
from tumint.init.panel import Guessed
from tumint.io.atomic import write_text
from tumint.io.tables import neutralise
from tumint.samples import odd_name

FILES = ("config.yaml", "samples.tsv", "panel.yaml")
CHECK = "# check:"
_FLUORESCENCE = {"mcmicro": 150.0, "qupath": 150.0}  # cofactor of the arcsinh: 16-bit intensities
_UM = ("merscope", "visium_hd", "xenium")  # formats whose coordinates are µm


def start(folder: Path, source: Path | None, known: Mapping[str, Any]) -> list[str]:
    """Write config, sheet and panel into `folder`; what was found, in lines.

    Parameters
    ----------
    source
        The data; None: files to be filled in.
    known
        `resources/markers/known.yaml`: names, uses and signatures of markers.

    Raises
    ------
    DataError
        A file is there already, or the data are of no format that is known.
    """
    if there := [name for name in FILES if (folder / name).exists()]:
        raise DataError(Fault(str(folder), f"no {', '.join(FILES)}, which init writes", ", ".join(there)))
    if source is None:
        texts = _empty(folder)
        said = ["fill in samples.tsv and panel.yaml, then config.yaml"]
    else:
        texts, said = _guessed(folder, source, known)
    for name in FILES:
        if texts[name]:
            write_text(folder / name, texts[name])
    return said


def _guessed(folder: Path, source: Path, known: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    if not source.exists():
        raise DataError(Fault(str(source), "a file or folder", "none"))
    recognised = registry.recognise(source)
    if recognised is None:
        expected = f"the data of {formats.listed()}"
        raise DataError(Fault(str(source), expected, "none that is recognised"))
    reader, found = recognised
    markers = panel.guess_genes(found.features, known) if found.features else []
    markers = markers or panel.guess_markers(found.markers, known)
    signatures = panel.guess_signatures(markers, known)
    samples = _sample_names([name for name, _, _ in found.rows])
    found = replace(found, design={_plain(name): _levels(levels) for name, levels in found.design.items()})
    named = [Named(name) for name in samples] if found.one_per_subject else names.guess(samples)
    texts = {
        "samples.tsv": _sheet(folder, found, samples, named),
        "panel.yaml": _panel(_name(folder), source, markers, signatures, found.unit) if markers else "",
        "config.yaml": _config(folder, source, reader.name, found, markers, named),
    }
    said = [
        f"{reader.name}: {len(samples)} samples of {len({n.subject for n in named})} subjects, {len(markers)} markers",
        *(f"check: {text}" for text in found.check),
    ]
    return texts, said


def _name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", folder.resolve().name).strip("_") or "cohort"


def _sample_names(names: Sequence[str]) -> list[str]:
    """Names that a sheet may have, each once."""
    clean = [re.sub(r"[\s/\\|]+", "_", name).lstrip("-=+@_").rstrip("_") for name in names]
    odd = [any(odd_name(k.SAMPLE, text) for text in (name, f"{name}_{len(names)}")) for name in clean]
    clean = ["sample" if is_odd else name for name, is_odd in zip(clean, odd, strict=True)]
    seen: dict[str, int] = {}
    out = []
    for name in clean:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return out


def _plain(text: str) -> str:
    """A name or level of the source on one line, and no formula to the spreadsheet that a sheet is edited in."""
    return str(neutralise(" ".join("".join(c if c.isprintable() else " " for c in text).split())))


def _levels(levels: Mapping[str, str]) -> dict[str, str]:
    return {part: _plain(level) for part, level in levels.items()}


def _sheet(folder: Path, found: Found, samples: Sequence[str], named: Sequence[Named]) -> str:
    parts = any(part for _, _, part in found.rows)
    optional = [what for what in ("roi", "tumour", "treatment") if any(getattr(n, what) for n in named)]
    header = [k.SAMPLE, k.SUBJECT, k.PATH, *([k.PART] if parts else []), *optional, *found.design]
    out = io.StringIO()
    lines = csv.writer(out, delimiter="\t", lineterminator="\n")
    lines.writerow(header)
    for sample, name, (_, path, part) in zip(samples, named, found.rows, strict=True):
        row = [sample, name.subject, _path(path, folder), *([part] if parts else [])]
        row += [*(getattr(name, what) for what in optional), *(level[part] for level in found.design.values())]
        lines.writerow(row)
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


def _panel(name: str, source: Path, markers: Sequence[Guessed], signatures: list[dict[str, Any]], unit: str) -> str:
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


def _config(
    folder: Path, source: Path, form: str, found: Found, markers: Sequence[Guessed], named: Sequence[Named]
) -> str:
    provided = found.has_types
    lines = [
        f"# Written by `tumint init --from {source.name}`. Lines with `{CHECK}` were guessed.",
        "# config/README.md has every key, docs/ingest.md the formats.",
        f"cohort: {_flow(_name(folder))}",
        f"title: {_flow(_name(folder))}  {CHECK} one line that says what the cohort is",
        f"source: {_flow(f'data in {source.name}')}  {CHECK} where the data come from, with their citation",
        f"samples: {_flow((folder / 'samples.tsv').as_posix())}  {CHECK} subject, ROI and treatment of every sample",
        *([f"panel: {_flow((folder / 'panel.yaml').as_posix())}"] if markers else []),
        "",
        "ingest:",
        f"  format: {_flow(form)}",
    ]
    if found.has_coordinates and form not in _UM and k.PIXEL_SIZE_UM not in found.config:
        lines.append(f"  pixel_size_um: 1.0  {CHECK} micrometres per pixel")
    lines += [f"  {key}: {_flow(value)}  {CHECK}" for key, value in found.config.items()]
    if found.features:
        lines.append(f"  other_features: type  {CHECK} the genes that the panel does not name decide clusters too")
    lines += [f"  {CHECK} {text}" for text in found.check]
    lines += ["", "cluster:", f"  typing: {'provided' if provided else 'signatures'}"]
    if not provided:
        lines += [f"  normalise: {_flow(_normalise(form, found, markers))}  {CHECK}"]
    lines += ["", "response:", *_contrasts(named, found)]
    return "\n".join(lines) + "\n"


def _normalise(form: str, found: Found, markers: Sequence[Guessed]) -> dict[str, Any]:
    if found.unit == k.COUNTS and found.features:
        return {"method": "log"}
    if any(m.use == "reference" for m in markers):
        return {"method": "reference"}
    return {"method": "arcsinh", "cofactor": _FLUORESCENCE.get(form, 5.0)}


def _contrasts(named: Sequence[Named], found: Found) -> list[str]:
    """The treatment in the names, else the first column of the design, against its reference."""
    column, levels = "treatment", list(dict.fromkeys(n.treatment for n in named))
    if (len(levels) < 2 or "" in levels) and found.design:
        column = next(iter(found.design))
        levels = list(dict.fromkeys(found.design[column].values()))
    if len(levels) < 2 or "" in levels:
        example = "{name: treated_vs_vehicle, column: treatment, reference: vehicle, group: treated}"
        said = "no groups were found in the names; add a column to the sheet, and then for example"
        return ["  contrasts: []", f"  {CHECK} {said}", f"  # - {example}"]
    reference = names.reference_of(levels)
    lines = ["  contrasts:"]
    for level in levels:
        if level != reference:
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{level}_vs_{reference}")
            contrast = {"name": name, "column": column, "reference": reference, "group": level}
            lines.append(f"    - {_flow(contrast)}  {CHECK} which group is compared with which")
    return lines


def _empty(folder: Path) -> dict[str, str]:
    """Files to be filled in."""
    where = {name: _flow((folder / name).as_posix()) for name in FILES}
    config = f"""# Written by `tumint init`. Lines with `{CHECK}` want your values.
# config/README.md has every key, docs/ingest.md the formats.
cohort: {_flow(_name(folder))}
title: {_flow(_name(folder))}  {CHECK} one line that says what the cohort is
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
    panel = f"""name: {_flow(_name(folder))}
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
