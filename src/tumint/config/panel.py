"""The panel: what each channel measures and is used for, and the signatures of the cell types it can tell apart."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tumint import keys as k
from tumint.config.base import LONGEST_NAME, Section
from tumint.text import listed


class Marker(Section):
    """One channel."""

    marker: str = Field(max_length=LONGEST_NAME, description="Name of the marker in results and reports.")
    channel: str | None = Field(None, description="Its name in the raw tables; empty: the same.")
    use: Literal["type", "state", "dna", "reference", "ignore"] = Field(
        "type", description="`type` and `state` markers are analysed, `type` alone decides cell types."
    )
    unit: str | None = Field(
        None, description="What its values are, such as `counts` of ions or transcripts; shown, and changes no number."
    )
    synonyms: list[str] = Field(
        default_factory=list,
        description="Other names that raw tables may give it, such as the mouse and the human one (`Cd8a`, `CD8A`); "
        "used where `channel` is not there.",
    )

    @property
    def source(self) -> str:
        """The name in the raw tables."""
        return self.channel or self.marker


class Signature(Section):
    """The markers of one cell type."""

    cell_type: str = Field(
        max_length=LONGEST_NAME, description="Name of the type in results and reports; must not contain `|`."
    )
    positive: list[str] = Field(min_length=1, description="Markers that cells of this type show.")
    negative: list[str] = Field(default_factory=list, description="Markers that they lack.")
    parent: str | None = Field(
        None,
        description="The type that cells are given where their markers leave open which of its kinds they are; it is a "
        "signature of the panel itself, and is not given to a cluster that one of its kinds fits.",
    )


class Panel(Section):
    """A panel file of `resources/panels/`."""

    name: str = Field(description="Name of the panel.")
    source: str = Field(description="Where the panel comes from.")
    markers: list[Marker] = Field(min_length=1, description="Its channels.")
    signatures: list[Signature] = Field(default_factory=list, description="The types it can tell apart.")

    @model_validator(mode="after")
    def _consistent(self) -> Panel:
        names = [m.marker for m in self.markers]
        types = [s.cell_type for s in self.signatures]
        faults = [
            f"each {what} to have a name of printable text, not {name!a}"
            for what, some in (("marker", names), ("cell type", types))
            for name in some
            if not name or not name.isprintable()
        ]
        sources = [m.source for m in self.markers]
        faults += [
            f"each channel once, not `{n}` for {listed(m.marker for m in self.markers if m.source == n)}"
            for n in dict.fromkeys(sources)
            if sources.count(n) > 1 and len(set(names)) == len(names)
        ]
        faults += [f"each marker once, not `{n}` twice" for n in sorted({n for n in names if names.count(n) > 1})]
        known = {m.source: m.marker for m in reversed(self.markers)}
        for m in self.markers:
            faults += [
                f"no synonym of `{m.marker}` that is the channel of `{known[name]}`: `{name}`"
                for name in m.synonyms
                if known.get(name, m.marker) != m.marker
            ]
        for signature in self.signatures:
            if k.PAIR_SEPARATOR in signature.cell_type:
                faults.append(f"no `{k.PAIR_SEPARATOR}` in the cell type `{signature.cell_type}`")
            for marker in sorted({*signature.positive, *signature.negative} - set(names)):
                faults.append(f"the signature `{signature.cell_type}` to name markers of the panel, not `{marker}`")
            used = {m.marker for m in self.markers if m.use in ("type", "state")}
            for marker in sorted({*signature.positive, *signature.negative} & set(names) - used):
                faults.append(
                    f"the signature `{signature.cell_type}` to name `type` and `state` markers, not `{marker}`"
                )
            for marker in sorted({*signature.positive} & {*signature.negative}):
                faults.append(f"the signature `{signature.cell_type}` to have `{marker}` once, positive or negative")
        if k.UNCLASSIFIED in types:
            faults.append(f"no cell type `{k.UNCLASSIFIED}`, which is what cells of no type are called")
        faults += [f"each cell type once, not `{n}` twice" for n in sorted({n for n in types if types.count(n) > 1})]
        folded: dict[str, str] = {}
        for name in dict.fromkeys(types):
            if (other := folded.setdefault(name.casefold(), name)) != name:
                faults.append(f"cell types that differ by more than capital letters, not `{other}` and `{name}`")
        parents = {s.cell_type: s.parent for s in self.signatures}
        for name, parent in parents.items():
            if parent is not None and parent not in parents:
                faults.append(f"the parent of `{name}` to be a signature of the panel, not `{parent}`")
            above = {name}
            while parent is not None and parent not in above:
                above.add(parent)
                parent = parents.get(parent)
            if parent is not None:
                faults.append(f"`{name}` not to be among its own parents")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def used(self, *uses: str) -> list[str]:
        """Names of the markers with one of these uses, in the order of the panel."""
        return [m.marker for m in self.markers if m.use in uses]

    def kinds_by_parent(self) -> dict[str, list[str]]:
        """The types of each parent that has at least two, in the order of the panel."""
        kinds: dict[str, list[str]] = {}
        for signature in self.signatures:
            if signature.parent is not None:
                kinds.setdefault(signature.parent, []).append(signature.cell_type)
        return {parent: names for parent, names in kinds.items() if len(names) > 1}
