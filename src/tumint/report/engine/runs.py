"""What a run of a cohort found, as a small file per run, and what changed between two runs or two cohorts.

The report `index` writes `<results>/runs/0001.json`, `0002.json`, ...: a new one where what it read differs from the
last, so that making a report again adds none. No file is ever changed, and any but the last may be deleted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tumint import __version__, families
from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.sealed_json import read_json, write_json
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.words import feature_name
from tumint.text import integer, listed, percent, plural

FORMAT = 1  # of the files: what another version of tumint wrote otherwise is not compared
FOLDER = "runs"
_MOVED = 0.05  # a q counts as changed where it moved by more than a twentieth of itself

GAINED, LOST, TURNED, MOVED, ADDED, REMOVED = "gained", "lost", "turned", "q changed", "new", "gone"


@dataclass(frozen=True)
class Changes:
    """What differs: sentences, and a table each for settings, cells and features (rows that differ)."""

    said: list[str]
    settings: pd.DataFrame  # setting, before, after
    types: pd.DataFrame  # cell_type, before, after (cells)
    features: pd.DataFrame  # contrast, family, name, effect_before, effect_after, q_before, q_after, change


def summarise(inputs: Inputs) -> dict[str, Any]:
    """Cohort, settings, cells per ROI and type, effect and q of every feature: all that a comparison of runs needs."""
    if "summary" not in inputs.made:
        inputs.made["summary"] = _summary_of(inputs)
    found: dict[str, Any] = inputs.made["summary"]
    return found


def _summary_of(inputs: Inputs) -> dict[str, Any]:
    # read for what they say of their stages' settings, and so that `missing` is whole
    inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES)
    inputs.table("qc/{batch}.metrics.parquet", contracts.QC_METRICS)
    inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    typed = cells(inputs)
    effects = inputs.table("response/effects.parquet", contracts.EFFECTS)
    facts = inputs.json("response/effects.json")
    counts = typed.groupby(k.SAMPLE, sort=False).size()
    contrasts: dict[str, Any] = {}
    for name, rows in effects.groupby("contrast", sort=False):
        contrasts[str(name)] = {
            f"{row[k.FAMILY]}\t{feature_name(row)}": [_short(row["effect"]), _short(row["q"])]
            for row in rows.to_dict("records")
        }
    return {
        "format": FORMAT,
        "tumint": __version__,
        **{name: getattr(inputs.params, name) for name in ("cohort", "title", "source", "simulated")},
        "settings": {stage: meta.get("params", {}) for stage, meta in sorted(inputs.metas.items())},
        "code": {stage: meta.get("code", "") for stage, meta in sorted(inputs.metas.items())},
        "subjects": {sample: inputs.subject_of[sample] for sample in inputs.samples},
        "cells": {str(sample): int(n) for sample, n in counts.items()},
        "types": {str(name): int(n) for name, n in typed.groupby(k.CELL_TYPE).size().items()},
        "fdr": facts.get("fdr", 0.1),
        "contrasts": contrasts,
    }


def _short(value: Any) -> float | None:
    """Four digits: what lies beyond them is no change that a reader should see."""
    return None if value is None or math.isnan(value) else float(f"{value:.4g}")


def record(results: Path, summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """Keep `summary` as the newest run, unless it is already; the run before it, if there is one.

    Raises
    ------
    DataError
        One of the two is damaged.
    """
    folder = results / FOLDER
    paths = sorted(folder.glob("[0-9]*.json"))
    plain = json.loads(json.dumps(summary))
    if paths and read_json(paths[-1]) == plain:
        earlier = paths[:-1]
    else:
        number = int(paths[-1].stem) + 1 if paths else 1
        write_json(folder / f"{number:04d}.json", plain, indent=0)
        earlier = paths
    before = read_json(earlier[-1]) if earlier else {}
    return before if before.get("format") == FORMAT else None


def newest(results: Path) -> dict[str, Any]:
    """The newest run in the folder of a cohort's results.

    Raises
    ------
    DataError
        There is none, it is damaged, or another version of tumint wrote it.
    """
    paths = sorted((results / FOLDER).glob("[0-9]*.json"))
    if not paths:
        what = "nothing there" if not results.is_dir() else "no run"
        raise DataError(
            Fault(str(results), f"results with a run in `{FOLDER}/`, which the report `index` writes", what)
        )
    found = read_json(paths[-1])
    if found.get("format") != FORMAT:
        raise DataError(Fault(str(paths[-1]), f"a run as tumint {__version__} writes it", f"{found.get('tumint')}"))
    return found


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What is different in `after`."""
    settings = _settings(before, after)
    types = _types(before, after)
    features = _features(before, after)
    said = [*_said_rois(before, after), *_said_cells(before, after), *_said_types(types)]
    if len(settings):
        said.append(f"{plural(len(settings), 'setting')} changed: {listed(list(settings['setting']))}.")
    changed = [s for s in sorted({*before["code"], *after["code"]}) if before["code"].get(s) != after["code"].get(s)]
    if changed:
        said.append(f"Other code ran in {listed(changed)}.")
    said += _said_features(features, before, after)
    if said and before["contrasts"] and before["contrasts"] == after["contrasts"]:
        said.append("Every effect and every q is the same.")
    return Changes(said or ["Nothing is different."], settings, types, features)


def _said_rois(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    said = []
    for word, one, other in (("added", after, before), ("removed", before, after)):
        names = [name for name in one["subjects"] if name not in other["subjects"]]
        if names:
            said.append(f"{plural(len(names), 'ROI')} {word}: {listed(names)}.")
        subjects = sorted(set(one["subjects"].values()) - set(other["subjects"].values()))
        if subjects:
            said.append(f"{plural(len(subjects), 'subject')} {word}: {listed(subjects)}.")
    moved = [s for s in after["subjects"] if before["subjects"].get(s, after["subjects"][s]) != after["subjects"][s]]
    return [*said, *([f"{plural(len(moved), 'ROI')} now of another subject: {listed(moved)}."] if moved else [])]


def _said_cells(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    both = [name for name in after["cells"] if name in before["cells"]]
    other = [name for name in both if before["cells"][name] != after["cells"][name]]
    n_before, n_after = sum(before["cells"].values()), sum(after["cells"].values())
    if n_before == n_after and not other:
        return []
    share = f" ({percent(abs(n_after - n_before) / n_before)} {'more' if n_after > n_before else 'fewer'})"
    said = f"{integer(n_before)} cells before, {integer(n_after)} now" + (
        share if n_before and n_before != n_after else ""
    )
    return [f"{said}; {plural(len(other), 'ROI')} of both runs with another number of cells."]


def _said_types(types: pd.DataFrame) -> list[str]:
    said = []
    for word, rows in (("new", types[types["before"] == 0]), ("gone", types[types["after"] == 0])):
        if len(rows):
            said.append(f"{plural(len(rows), 'cell type')} {word}: {listed(list(rows[k.CELL_TYPE]))}.")
    return said


def _said_features(table: pd.DataFrame, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    said = []
    names = {
        word: [n for n in one["contrasts"] if n not in other["contrasts"]]
        for word, one, other in (("added", after, before), ("removed", before, after))
    }
    said += [f"{plural(len(found), 'contrast')} {word}: {listed(found)}." for word, found in names.items() if found]
    for contrast, rows in table.groupby("contrast", sort=False):
        per = []
        for family, part in rows[~rows["change"].isin([ADDED, REMOVED])].groupby("family", sort=False):
            per.append(f"q of {integer(len(part))} in {family} changed")
        for word in (ADDED, REMOVED):
            n = int((rows["change"] == word).sum())
            per += [f"{plural(n, 'feature')} {word}"] if n else []
        said.append(f"{contrast}: {listed(per, 9)}.")
        for word, text in (
            (GAINED, "Now below the false discovery rate"),
            (LOST, "No longer below it"),
            (TURNED, "Below it in both runs, in the other direction"),
        ):
            found = rows[rows["change"] == word]
            if len(found):
                said.append(f"{text}: {listed(list(found['name']))}.")
    return said


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    old, new = (dict(_flat(one["settings"])) for one in (before, after))
    rows = [
        {"setting": name, "before": old.get(name, "–"), "after": new.get(name, "–")}
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    return pd.DataFrame(rows, columns=["setting", "before", "after"])


def _flat(values: Any, name: str = "") -> list[tuple[str, str]]:
    """`stage.key.key` → value as text; the stage is left out where its section has its name."""
    if isinstance(values, dict) and values:
        found = []
        for key, value in values.items():
            parts = name.split(".") if name else []
            found += _flat(value, ".".join([*parts, str(key)] if parts[-1:] != [str(key)] else parts))
        return found
    return [(name, values if isinstance(values, str) else json.dumps(values, ensure_ascii=False))]


def _types(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    names = sorted({*before["types"], *after["types"]})
    rows = [{k.CELL_TYPE: n, "before": before["types"].get(n, 0), "after": after["types"].get(n, 0)} for n in names]
    table = pd.DataFrame(rows, columns=[k.CELL_TYPE, "before", "after"])
    return table[table["before"] != table["after"]].reset_index(drop=True)


def _features(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    rows = []
    for contrast in [name for name in after["contrasts"] if name in before["contrasts"]]:
        old, new = before["contrasts"][contrast], after["contrasts"][contrast]
        for key in dict.fromkeys([*new, *old]):
            family, name = key.split("\t", 1)
            (effect_before, q_before), (effect_after, q_after) = old.get(key, (None, None)), new.get(key, (None, None))
            change = (
                ADDED
                if key not in old
                else REMOVED
                if key not in new
                else _change((effect_before, q_before), (effect_after, q_after), before["fdr"], after["fdr"])
            )
            if change:
                pairs = {"effect_before": effect_before, "effect_after": effect_after}
                pairs |= {"q_before": q_before, "q_after": q_after}
                rows.append(
                    {"contrast": contrast, "family": families.title(family), "name": name, **pairs, "change": change}
                )
    numbers = ("effect_before", "effect_after", "q_before", "q_after")
    table = pd.DataFrame(rows, columns=["contrast", "family", "name", *numbers, "change"])
    return table.astype(dict.fromkeys(numbers, float))


def _change(old: tuple[Any, Any], new: tuple[Any, Any], fdr_before: float, fdr_after: float) -> str:
    """In one word what became of a feature, or nothing."""
    was, now = old[1] is not None and old[1] < fdr_before, new[1] is not None and new[1] < fdr_after
    if was != now:
        return GAINED if now else LOST
    if was and old[0] * new[0] < 0:
        return TURNED
    if old[1] is None or new[1] is None:
        return MOVED if old[1] != new[1] else ""
    return MOVED if abs(new[1] - old[1]) > _MOVED * max(old[1], new[1]) else ""
