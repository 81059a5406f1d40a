"""What a config names outside itself: files, columns, types, domains, raw data. Looked at before anything runs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tumint import extras
from tumint import keys as k
from tumint.config.base import LONGEST_NAME
from tumint.config.model import Config
from tumint.config.panel import Panel
from tumint.errors import Fault, TumintError
from tumint.io.kinds import EMPTY, FOLDER, identity, is_special, oddity
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.text import nearest

_NAME = re.compile(r"`([^`]+)`|([^\W\d][\w.]*)")  # of a column in a formula
_LONGEST_SHOWN = 300  # characters of a path in a message
# formats whose raw data are one file; what a folder holds is for the readers of the others to say
_ONE_FILE = {"cellprofiler", "steinbock", "mcmicro", "qupath", "inform", "halo", "table", "h5ad"}


def check_named(config: Config, panel: Panel | None, sheet: pd.DataFrame | None, where: str) -> list[Fault | str]:
    """Faults of what `config` names: `where` is how messages call it; None: a panel or sheet that cannot be read."""
    found: list[Fault | str] = [
        *extras.of_config(config, where),
        *_files(config, where),
        *_results(config, where),
        *_types(config, panel, where),
        *_markers(config, panel, where),
        *_domains(config, where),
    ]
    if sheet is None:
        return found
    if (group := config.report.group) is not None and group not in sheet:
        expected = f"a column of {config.samples} ({', '.join(sheet.columns)})"
        found.append(Fault(f"{where}: key `report.group`", expected, f"`{group}`{nearest(group, sheet.columns)}"))
    return [*found, *_names(config, sheet), *_raw(config, sheet)]


def _files(config: Config, where: str) -> Iterator[Fault]:
    """Tables that a person made for clustering: there, and with the columns they need."""
    cluster = config.cluster
    for key, path, columns in (
        ("type_table", cluster.type_table, (k.CLUSTER, k.CELL_TYPE)),
        ("normalise.compensation", cluster.normalise.compensation, ()),
        ("reference.path", None if cluster.reference is None else cluster.reference.path, ()),
        ("states.gates_from", cluster.states.gates_from, ("marker", "gate")),
        ("spatial.ligand_receptor", cluster.spatial.ligand_receptor, (k.SOURCE, k.TARGET)),
    ):
        if path is None:
            continue
        place = f"{where}: key `cluster.{key}`"
        if set(path) & set("{}"):
            yield Fault(place, "a path without `{` and `}`, which Snakemake would replace", f"`{path}`")
        elif odd := oddity(path):
            yield Fault(place, "a file", f"`{path}`, which is {odd}" if odd != "none" else f"none at `{path}`")
        elif columns:
            try:
                header = open_table(Place(path), spaced=True).header
            except TumintError as error:
                yield from (fault for fault in error.faults if isinstance(fault, Fault))
                continue
            for column in columns:
                if column not in header:
                    yield Fault(f"{path} header", f"a column `{column}`", ", ".join(header))


def _results(config: Config, where: str) -> Iterator[Fault]:
    """Nothing but a folder may stand where results go."""
    path = Path(config.results) / config.cohort
    for folder in (path, *path.parents):
        odd = oddity(folder)
        if odd != "none":
            if odd != FOLDER:
                what = odd.replace("none that", "one that") if odd.startswith("none") else "no folder"
                found = f"`{str(folder)[:_LONGEST_SHOWN]}`, which is {what}"
                yield Fault(f"{where}: key `results`", "a folder, or nothing yet", found)
            return


def types_of(config: Config, panel: Panel | None) -> list[str] | None:
    """Every type that cells can be given, where that is known before anything runs."""
    if config.cluster.typing != "signatures" or panel is None:
        return None
    given = [*(s.cell_type for s in panel.signatures), *(s.cell_type for s in config.cluster.splits), k.UNCLASSIFIED]
    return list(dict.fromkeys(given))


def _types(config: Config, panel: Panel | None, where: str) -> Iterator[Fault]:
    known = types_of(config, panel)
    if known is None:
        return
    named = [("neighbourhood.parents", t) for kinds in (config.neighbourhood.parents or {}).values() for t in kinds]
    named += [
        (f"response.contrasts.{i}.subset.{j}.feature", condition.feature)
        for i, contrast in enumerate(config.response.contrasts)
        for j, condition in enumerate(contrast.subset)
        if condition.feature is not None and condition.family == k.FAMILY_COMPOSITION
    ]
    named += [
        (f"cluster.splits.{i}.from_type", split.from_type)
        for i, split in enumerate(config.cluster.splits)
        if split.from_type is not None
    ]
    named += [("report.palette", name) for name in config.report.palette]
    for key, name in named:
        if name not in known:
            expected = f"types of {config.panel} ({', '.join(known)})"
            yield Fault(f"{where}: key `{key}`", expected, f"`{name}`{nearest(name, known)}")


def _markers(config: Config, panel: Panel | None, where: str) -> Iterator[Fault]:
    """Markers must be those of the panel, unless the data bring others that are analysed too."""
    if panel is None:
        return
    known = [marker.marker for marker in panel.markers]
    columns = config.ingest.columns
    named = [("ingest.columns.markers", name) for name in (columns.markers if columns is not None else None) or {}]
    if config.ingest.other_features in ("ignore", "drop"):
        shown = panel.used("type", "state")
        named += [("cluster.states.gates", name) for name in config.cluster.states.gates]
        named += [(f"cluster.splits.{i}.marker", split.marker) for i, split in enumerate(config.cluster.splits)]
    for key, name in named:
        of = known if key.startswith("ingest") else shown
        if name not in of:
            what = "markers" if of is known else "`type` or `state` markers"
            yield Fault(f"{where}: key `{key}`", f"{what} of {config.panel}", f"`{name}`{nearest(name, of)}")


def _domains(config: Config, where: str) -> Iterator[Fault]:
    """Domains of masks have the names of the config; those that data bring are known to the stage alone."""
    columns = config.ingest.columns
    if not config.ingest.format.startswith("cellprofiler") or (columns is not None and columns.domain is not None):
        return
    known = [*config.ingest.masks, k.NO_DOMAIN]
    for name in config.neighbourhood.domains:
        if name not in known:
            expected = f"domains of `ingest.masks` ({', '.join(known)})"
            yield Fault(f"{where}: key `neighbourhood.domains`", expected, f"`{name}`{nearest(name, known)}")


def _names(config: Config, sheet: pd.DataFrame) -> Iterator[Fault]:
    """Names that one disk, or one eye, takes for the same; names that no table or figure has room for."""
    used = [column for column in _categories(config) if column in sheet]
    for column in dict.fromkeys((k.SAMPLE, k.SUBJECT, *used)):
        first: dict[str, str] = {}
        for name in dict.fromkeys(sheet[column].astype(str)):
            if column not in (k.SAMPLE, k.SUBJECT) and _is_number(name):
                continue  # 1E3 and 1e3
            folded = unicodedata.normalize("NFC", name).casefold()
            if (other := first.setdefault(folded, name)) != name:
                expected = f"values of `{column}` that differ by more than capital letters"
                yield Fault(config.samples, expected, f"`{other}` and `{name}`")
            if column != k.SAMPLE and len(name) > LONGEST_NAME:
                found = f"`{name[:20]}…` of {len(name)}"
                yield Fault(config.samples, f"values of `{column}` of at most {LONGEST_NAME} characters", found)


def _categories(config: Config) -> Iterator[str]:
    """Columns whose values become groups, blocks, batches or colours, or that a formula names."""
    yield config.cluster.integrate.batch
    yield config.report.group or k.SAMPLE
    for contrast in config.response.contrasts:
        yield from (contrast.column, *contrast.adjust, contrast.paired or k.SAMPLE)
        yield from (condition.column or k.SAMPLE for condition in contrast.subset)
        yield from (quoted or name for quoted, name in _NAME.findall((contrast.formula or "")[:_LONGEST_SHOWN]))
    for outcome in config.response.outcomes:
        yield from outcome.adjust


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _raw(config: Config, sheet: pd.DataFrame) -> Iterator[Fault]:
    """Raw data that are no file, or one file under two names."""
    parts = sheet[k.PART] if k.PART in sheet else [""] * len(sheet)
    stops = config.ingest.on_bad_sample == "stop"
    first: dict[tuple[object, ...], tuple[str, str]] = {}
    for sample, path, part in zip(sheet[k.SAMPLE], sheet[k.PATH], parts, strict=True):
        where = f"{config.samples} (sample {sample})"
        odd = oddity(path)
        if is_special(path) or (stops and (odd == EMPTY or (odd == FOLDER and config.ingest.format in _ONE_FILE))):
            yield Fault(where, f"`{k.PATH}` to be a file with cells", f"`{path}`, which is {odd}")
        known = identity(path)
        other, as_path = first.setdefault((*(known or (path,)), part), (sample, path))
        if other != sample:
            # the same cells as two samples would count twice
            found = f"`{path}`, which is `{as_path}` of sample {other} under another name"
            yield Fault(where, "raw data of its own", found)
