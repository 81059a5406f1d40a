"""`tumint init`: config, sheet and panel of a new cohort, guessed from its data; what a person must check is marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest.reader import NOTHING, Asked, Decided, Found
from tumint.init import groups, names, panel, texts, trial
from tumint.init.groups import Candidate
from tumint.init.names import Named
from tumint.init.sheet import of_sheet
from tumint.init.sources import data_set
from tumint.init.texts import FILES
from tumint.io.atomic import write_text
from tumint.io.tables import neutralise
from tumint.samples import odd_name
from tumint.text import listed, plural


@dataclass(frozen=True)
class Started:
    """What was decided, in order; columns that nothing reads, with the reason; and what a person must do.

    `must` are those of `check` without which a run would fail, or be of other places than those of the cells.
    """

    decided: list[Decided]
    unused: dict[str, str]
    check: list[str]
    must: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Options:
    """What a person says of the data, which goes before what is guessed."""

    asked: Asked = NOTHING
    um_per_px: float | None = None
    min_cells: int | None = None


@dataclass(frozen=True)
class Planned:
    """The files of a cohort, `{name: text}`, before they are written."""

    folder: Path
    files: dict[str, str]
    said: Started

    def write(self) -> None:
        """Write them; one that is empty is not needed."""
        for name in FILES:
            if self.files[name]:
                write_text(self.folder / name, self.files[name])


def prepare(folder: Path, source: Path | None, known: Mapping[str, Any], options: Options) -> Planned:
    """Config, sheet and panel for `folder`, and what they were made from.

    Parameters
    ----------
    source
        The data, or a sheet of them; None: files to be filled in.
    known
        `resources/markers/known.yaml`: names, uses and signatures of markers.

    Raises
    ------
    DataError
        A file is there already, the data are of no format that is known, or they are several data sets.
    """
    if there := [name for name in FILES if (folder / name).exists()]:
        mends = "choose another folder, or move them away"
        raise DataError(Fault(str(folder), f"no {', '.join(FILES)}, which init writes", ", ".join(there), mends))
    if source is None:
        said = Started([], {}, ["fill in samples.tsv and panel.yaml, then config.yaml"])
        return Planned(folder, texts.empty(folder), said)
    return Planned(folder, *_guessed(folder, source, known, options))


def _guessed(folder: Path, path: Path, known: Mapping[str, Any], options: Options) -> tuple[dict[str, str], Started]:
    asked = options.asked
    if not path.exists():
        raise DataError(Fault(str(path), "a file or folder", "none"))
    source = of_sheet(path, asked) or data_set(path, asked)
    found = source.found
    markers = panel.guess_genes(found.features, known) if found.features else []
    markers = markers or panel.guess_markers(found.markers, known)
    signatures = panel.guess_signatures(markers, known)
    samples = _sample_names([name for name, _, _ in found.rows])
    columns = {_plain(name): list(map(_plain, levels)) for name, levels in found.levels().items()}
    subjects, columns, who = _design(found, samples, columns, asked)
    candidates = groups.candidates(columns, subjects)
    group, why_group = _group(candidates, asked, path)
    tried = trial.tried(source.reader, found, markers, options.um_per_px, options.min_cells)
    found = replace(found, config={**found.config, **tried.config})
    decided = [
        Decided("format", source.reader.name, f"columns and files of {source.path}"),
        *(one for one in found.decided if one.what != k.SUBJECT),
        who,
        *why_group,
        *([Decided("markers", str(len(markers)), listed((m.marker for m in markers), 6))] if markers else []),
        *tried.decided,
    ]
    # of the unit the trial knows more than the format
    said = [text for text in found.check if "pixel_size_um" not in text or not (tried.decided or options.um_per_px)]
    check = [*said, *tried.check, *_asks(group, candidates, who)]
    unit, least = tried.unit, options.min_cells
    written = {
        "samples.tsv": texts.sheet(folder, found, samples, subjects, columns),
        "panel.yaml": texts.panel(texts.cohort_name(folder), path, markers, signatures, found.unit) if markers else "",
        "config.yaml": texts.config(folder, path, source.reader.name, found, markers, group, candidates, unit, least),
    }
    return written, Started(decided, found.unused, check, tried.must)


def _design(
    found: Found, samples: Sequence[str], columns: dict[str, list[str]], asked: Asked
) -> tuple[list[str], dict[str, list[str]], Decided]:
    """The subject of every sample, the other columns of the sheet, and where the subjects come from."""
    named = [Named(name) for name in samples] if found.one_per_subject else names.guess(samples)
    said = {what: [getattr(one, what) for one in named] for what in ("roi", "tumour", "treatment")}
    from_names = {what: values for what, values in said.items() if any(values) and what not in columns}
    others = {name: values for name, values in columns.items() if name != k.SUBJECT}
    if k.SUBJECT in columns:
        subjects, evidence = columns[k.SUBJECT], _own(found, asked)
        from_names = {}
    else:
        subjects = [one.subject for one in named]
        evidence = f"names of samples: `{subjects[0]}` of `{samples[0]}`"
        if len(set(subjects)) == len(samples) > 1:
            evidence = "each sample is its own: nothing says which are of one animal or patient"
    return subjects, from_names | others, Decided(k.SUBJECT, plural(len(set(subjects)), "subject"), evidence)


def _own(found: Found, asked: Asked) -> str:
    """Which column of the data names the subjects."""
    named = next((one.value for one in found.decided if one.what == k.SUBJECT), "")
    return f"column `{asked.subject}`, --subject" if asked.subject else f"column `{named}`" if named else "its column"


def _group(candidates: Sequence[Candidate], asked: Asked, path: Path) -> tuple[Candidate | None, list[Decided]]:
    """The column of the groups, and why it; each other with its counts and why not."""
    if asked.group is not None:
        one = next((one for one in candidates if one.column == asked.group), None)
        if one is None:
            found = listed(one.column for one in candidates) or "none"
            raise DataError(Fault(f"{path}: --group", "a column with one value in each sample, and two in all", found))
        return one, [Decided("group", f"{one.column}: {one.said} subjects", "--group"), *_no_groups(candidates, one)]
    if candidates and not candidates[0].why:
        one = candidates[0]
        said = Decided(
            "group", f"{one.column}: {one.said} subjects", "one level in each subject, 2 subjects or more in each level"
        )
        return one, [said, *_no_groups(candidates, one)]
    why = "no column fits" if candidates else "no column of the data and no part of the names differs"
    return None, [Decided("group", "none", why), *_no_groups(candidates, None)]


def _no_groups(candidates: Sequence[Candidate], chosen: Candidate | None) -> list[Decided]:
    """The columns that are not the group: those that could be with their subjects, others by why they cannot."""
    free = [one for one in candidates if not one.why and one is not chosen]
    found = [Decided("", f"{one.column}: {one.said} subjects", "could be it too: `--group`") for one in free]
    reasons: dict[str, list[str]] = {}
    for one in candidates:
        if one.why:
            reasons.setdefault(one.why, []).append(one.column)
    return found + [Decided("no group", listed(columns, 4), why) for why, columns in reasons.items()]


def _asks(group: Candidate | None, candidates: Sequence[Candidate], who: Decided) -> list[str]:
    asks = []
    if who.evidence.startswith("each sample"):
        asks.append(
            "samples of one animal or patient: give the column by `--subject`, or edit `subject` of samples.tsv"
        )
    if group is None:
        asks.append("groups to compare: a column of samples.tsv and `response.contrasts`, or `--group COLUMN`")
    return asks


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
