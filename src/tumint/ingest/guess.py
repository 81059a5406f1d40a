"""The columns of a table of cells, guessed from names and values: place, type, sample, subject, markers, the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tumint.ingest.columns import Profile, in_um, is_shape, position_pairs, profile, tokens
from tumint.ingest.flags import short
from tumint.ingest.reader import NOTHING, Asked, Decided
from tumint.io.raw.table import Table
from tumint.text import listed, plural

_ROWS = 20_000  # rows whose values are looked at, spread over the table
_MOST_TYPES, _FEWEST_LEVELS = 200, 10
# names in lower case, parted by `_`, best first
SAMPLES = (
    *("sample", "sample_id", "sampleid", "sample_name", "image", "image_id", "imageid", "image_name", "imagename"),
    *("roi", "roi_id", "roi_name", "fov", "fov_id", "imagenumber", "image_number", "field_of_view", "core", "core_id"),
    *("tma_core", "region", "region_id", "library_id", "library", "acquisition", "acquisition_id", "slide", "slide_id"),
    *("filename", "file_name", "image_file"),
)
SUBJECTS = (
    *("subject", "subject_id", "subjectid", "patient", "patient_id", "patientid", "animal", "animal_id", "mouse"),
    *("mouse_id", "mouseid", "donor", "donor_id", "individual", "participant", "participant_id", "case", "case_id"),
)
_LABELS = (
    *("cell_type", "celltype", "celltypes", "cell_types", "major_cell_type", "phenotype", "annotation", "cluster_name"),
    *("cell_type_name", "classification", "class", "cell_class", "cellclass", "population", "lineage", "subtype"),
    *("cell_label", "type", "cluster", "clusters", "leiden", "louvain", "label"),
)
_FLAG_NAME = re.compile(r"^phenotype[\s_.:-]|[\s_.](positive|positive classification)$", re.IGNORECASE)
_IDS = ("cell_id", "cellid", "object", "objectnumber", "object_id", "id", "cell", "label", "unnamed_0")
_AREAS = ("area_um2", "area", "cell_area", "size", "cell_size")
_DOMAINS = ("domain", "tissue", "compartment", "tissue_category", "niche_annotation")


@dataclass
class Guess:
    """What each column holds; `unused` says why one is not read, `several` which other could be the type."""

    x: str | None = None
    y: str | None = None
    label: str | None = None
    cell_id: str | None = None
    area: str | None = None
    domain: str | None = None
    sample: str | None = None
    subject: str | None = None
    flags: list[str] = field(default_factory=list)
    markers: list[str] = field(default_factory=list)
    decimal: str | None = None
    decided: list[Decided] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)

    def used(self) -> set[str]:
        """Names of the columns that have a role."""
        single = (self.x, self.y, self.label, self.cell_id, self.area, self.domain, self.sample, self.subject)
        return {*(name for name in single if name is not None), *self.flags, *self.markers}


def profiles_of(table: Table) -> dict[str, Profile]:
    """A profile of every column that the table has once."""
    names = [name for name in dict.fromkeys(table.header) if table.header.count(name) == 1]
    table.load(names)
    step = max(1, -(-len(table) // _ROWS))
    mask = np.zeros(len(table), dtype=bool)
    mask[::step] = True
    rows = table.select(mask, table.place)
    return {name: profile(name, [str(text) for text in rows.names(name)]) for name in names}


def bare(name: str) -> str:
    """A name as the lists here have it."""
    return re.sub(r"[\s_.:-]+", "_", name.strip().lower()).strip("_")


def unread(header: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    """Columns of a header that are called as types, flags or tissues are, and are not among those that are `read`."""
    left = [name for name in dict.fromkeys(header) if name not in read]
    return tuple(n for n in left if bare(n) in (*_LABELS[:-1], *_DOMAINS) or _FLAG_NAME.search(n))


def guess(profiles: dict[str, Profile], asked: Asked, *, placed: bool = False) -> Guess:
    """What the columns hold. `placed`: the cells have a place already, so that x and y are not looked for."""
    found = Guess(profiles=profiles)
    if not placed or asked.x is not None:
        _positions(found, asked)
    _one(found, "sample", asked.sample, SAMPLES, lambda p: not p.unique and p.kind not in ("empty", "number"))
    _one(found, "subject", asked.subject, SUBJECTS, lambda p: not p.unique and p.kind not in ("empty", "number"))
    _label(found, asked)
    _one(found, "cell_id", None, _IDS, _may_be_ids)
    _one(found, "area", None, _AREAS, lambda p: p.is_number and p.levels > 1)
    _one(found, "domain", None, _DOMAINS, lambda p: p.kind in ("text", "constant"))
    if found.label is None:
        _flags(found)
    _markers(found)
    _unused(found)
    commas = [p.name for p in profiles.values() if p.decimal == "," and p.name in found.used()]
    if commas:
        found.decimal = ","
        found.decided.append(Decided("decimal mark", ",", f"values of {listed(commas, 3)}"))
    parted = [p for p in profiles.values() if p.thousands and p.name in found.used()]
    if parted:
        first = parted[0]
        shown = next((value for value in first.values if first.thousands in value), first.values[0])
        marks = listed((f"`{mark}`" for mark in dict.fromkeys(p.thousands for p in parted)), 3)
        evidence = f"values of {listed((p.name for p in parted), 3)}: `{shown}`"
        found.decided.append(Decided("thousands", marks, evidence))
    return found


def label_of(table: Table | None) -> tuple[dict[str, str], list[Decided]]:
    """`{"cell_type": column}` of cells that have a place already, empty where nothing says the type; and why it."""
    found = Guess() if table is None else guess(profiles_of(table), NOTHING, placed=True)
    named = {} if found.label is None else {"cell_type": found.label}
    return named, [one for one in found.decided if one.value == found.label]


def _positions(found: Guess, asked: Asked) -> None:
    if asked.x is not None or asked.y is not None:
        found.x, found.y = asked.x, asked.y
        found.decided.append(Decided("x, y", f"{asked.x}, {asked.y}", "--x, --y"))
        return
    pairs = position_pairs(found.profiles)
    if not pairs:
        return
    found.x, found.y = pairs[0]
    unit = " in µm, by their names" if in_um(found.x) else ""
    found.decided.append(Decided("x, y", f"{found.x}, {found.y}", f"names, and numbers in both{unit}"))
    for name in (name for pair in pairs[1:] for name in pair):
        found.unused.setdefault(name, "another place; `--x` and `--y` take it")


def _one(found: Guess, role: str, asked: str | None, names: Sequence[str], fits: object) -> None:
    """The first column of one of `names` whose values fit."""
    assert callable(fits)
    if asked is not None:
        setattr(found, role, asked)
        found.decided.append(Decided(role, asked, f"--{role}"))
        return
    by_name: dict[str, str] = {}
    for name in found.profiles:
        by_name.setdefault(bare(name), name)
    for name in (by_name[n] for n in names if n in by_name and by_name[n] not in found.used()):
        one = found.profiles[name]
        if fits(one):
            setattr(found, role, name)
            found.decided.append(Decided(_SAID.get(role, role), name, _values(one)))
            return
        found.unused.setdefault(name, f"called as {_SAID.get(role, role)} is, but {_why(one)}")


_SAID = {"cell_id": "cell id", "label": "cell type", "area": "cell area"}


def _may_be_ids(one: Profile) -> bool:
    return one.kind == "whole" and (one.levels > _FEWEST_LEVELS or 2 * one.levels > one.rows)


def _values(one: Profile) -> str:
    if one.kind == "constant":
        return f"name; the one value `{one.values[0]}`"
    shown = listed((f"`{v}`" for v in one.values[:2]), 2)
    return f"name; {plural(one.levels, 'value')} such as {shown}" if one.kind == "text" else "name and numbers"


def _why(one: Profile) -> str:
    if one.kind in ("empty", "constant"):
        return "it is empty" if one.kind == "empty" else f"`{one.values[0]}` in every row"
    return "each value stands once" if one.unique else f"its values are such as `{one.values[0]}`"


def _label(found: Guess, asked: Asked) -> None:
    def fits(one: Profile) -> bool:
        return one.kind in ("text", "whole", "flag") and 2 <= one.levels <= _MOST_TYPES and not one.unique

    before = dict(found.unused)
    _one(found, "label", asked.label, _LABELS, fits)
    if found.label is None:  # words of such names: `CD45 lineage annotation`
        words = {"type", "celltype", "phenotype", "annotation", "cluster", "population", "classification"}
        near = [n for n, p in found.profiles.items() if words & set(tokens(n)) and p.kind == "text" and fits(p)]
        near = [name for name in near if name not in found.used()]
        if near:
            found.unused = before
            found.label = near[0]
            found.decided.append(Decided("cell type", near[0], _values(found.profiles[near[0]])))
    if found.label is None:
        return
    for name, one in found.profiles.items():
        if bare(name) in _LABELS and name not in found.used() and fits(one):
            found.unused[name] = "it could be the type too; `--label` takes it"


def _flags(found: Guess) -> None:
    """Columns of 0/1 or of `CD8+`/`CD8-`, where no column names the type."""
    flags = [n for n, p in found.profiles.items() if p.kind == "flag" and n not in found.used() and not is_shape(n)]
    said = [n for n in flags if "phenotype" in tokens(n) or "positive" in tokens(n) or _has_sign(found.profiles[n])]
    flags = said or (flags if len(flags) > 1 else [])
    if flags:
        found.flags = flags
        names = listed((short(name) for name in flags), 4)
        evidence = f"{plural(len(flags), 'column')} of flags: {names}; types are the positive flags"
        found.decided.append(Decided("cell type", listed(flags, 2), evidence))


def _has_sign(one: Profile) -> bool:
    return any(len(value) > 1 and value.endswith(("+", "-")) for value in one.values)


def _markers(found: Guess) -> None:
    taken = found.used()
    for name, one in found.profiles.items():
        if name in taken or name in found.unused or not one.is_number or one.kind == "constant":
            continue
        if is_shape(name):
            found.unused[name] = "a shape or a place, not a marker"
        elif one.kind == "number" or (
            one.levels > _FEWEST_LEVELS and not one.unique and not name.startswith("Unnamed:")
        ):
            found.markers.append(name)


def _unused(found: Guess) -> None:
    for name, one in found.profiles.items():
        if name in found.used() or name in found.unused:
            continue
        reasons = {
            "empty": "empty",
            "constant": f"`{one.values[0]}` in every row" if one.values else "",
            "flag": "a flag; `ingest.columns.cell_type: [...]` makes types of flags",
            "whole": "whole numbers: a code or a count",
            "number": "numbers",
            "text": f"text such as `{one.values[0]}`" if one.values else "text",
        }
        found.unused[name] = "each value stands once" if one.unique else reasons[one.kind]
