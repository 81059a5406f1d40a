"""Which channel of an image is which marker: by OME or ImageJ metadata, a steinbock `panel.csv`, or the order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tumint.errors import DataError, Fault
from tumint.ingest.reader import Channel, Settings
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.tiff import Tiff
from tumint.text import integer, listed, plural

_PANEL = "panel.csv"
_NAMES, _KEEP = ("name", "channel"), "keep"
_KEPT = ("1", "1.0", "true", "yes")
Names = list[tuple[str, ...]]


def panel_of(path: str | Path) -> Path | None:
    """`panel.csv` in the folder of an image or the one above."""
    places = [folder / _PANEL for folder in Path(path).absolute().parents[:2]]
    return next((place for place in places if place.is_file()), None)


def names_of(image: Tiff) -> Names:
    """The names of each channel, those of a person first; none where neither the file nor a `panel.csv` has any.

    Raises
    ------
    DataError
        `panel.csv` lists another number of channels, or a channel of the image in another place.
    """
    own: Names = [(name,) for name in image.names] or [()] * image.n_channels
    file = panel_of(image.place.path)
    if file is None:
        return own
    place = Place(str(file), image.place.sample)
    listed_there = _listed(place, image)
    for i, (name,) in enumerate(own if image.names else []):
        at = [j for j, others in enumerate(listed_there) if name in others]
        if at and i not in at:
            expected = f"`{name}` as channel {i + 1}, as {image.place.path} has it"
            raise DataError(Fault(place.at(), expected, f"it as channel {at[0] + 1}"))
    return [tuple(dict.fromkeys((*theirs, *ours))) for theirs, ours in zip(listed_there, own, strict=True)]


def _listed(place: Place, image: Tiff) -> Names:
    """The channels that `panel.csv` keeps, in its order."""
    table = open_table(place)
    columns = [name for name in _NAMES if table.header.count(name) == 1]
    if not columns:
        table.require(*_NAMES)
    table.stop_on_faults()
    keep = [_KEEP] if table.header.count(_KEEP) == 1 else []
    table.load([*columns, *keep])
    kept = np.isin([text.lower() for text in table.text(_KEEP, "")], _KEPT) if keep else np.ones(len(table), bool)
    texts = [table.text(name, "") for name in columns]
    rows = [
        tuple(dict.fromkeys(filter(None, row)))
        for row, is_kept in zip(zip(*texts, strict=True), kept, strict=True)
        if is_kept
    ]
    if len(rows) != image.n_channels:
        expected = f"the {plural(image.n_channels, 'channel')} of {image.place.path} (`keep` is 1)"
        raise DataError(Fault(place.at(), expected, integer(len(rows))))
    return rows


def labels_of(names: Names) -> list[tuple[str, str]]:
    """`(marker, channel)` of each, for a panel to begin with: the first name that is its alone, else its number."""
    every = [name for of in names for name in of]
    found = []
    for number, of in enumerate(names, start=1):
        once = next((name for name in of if every.count(name) == 1), None)
        marker = once or (f"{of[0]}_{number}" if of else f"channel_{number}")
        found.append((marker, once or str(number)))
    return found


def find_channels(names: Names, settings: Settings, place: Place) -> dict[str, int]:
    """`{marker: channel}`, from 0, of the markers that an image has.

    A marker names a channel by a name of `names` or by its number, from 1. Where no channel has a name, and no marker a
    number, they are in the order of the panel.

    Raises
    ------
    DataError
        A name is that of several channels, or markers are lacking that may not.
    """
    columns = settings.config.columns
    mapped = (columns.markers if columns else None) or {}
    known = [(*of, str(i)) for i, of in enumerate(names, start=1)]
    faults: list[Fault | str] = []
    found: dict[str, int] = {}
    for channel in settings.channels:
        own = (mapped[channel.marker],) if channel.marker in mapped else channel.names
        # synonyms only where the channel is not there
        at = _at(known, own[:1]) or _at(known, own[1:])
        if len(at) > 1:
            what = f"one channel for `{own[0]}`" + (f" ({channel.marker})" if own[0] != channel.marker else "")
            faults.append(Fault(place.at("channels"), what, f"channels {listed([str(i + 1) for i in at])}"))
        elif at:
            found[channel.marker] = at[0]
    if not any(names) and not found and len(settings.channels) == len(names):
        return {channel.marker: i for i, channel in enumerate(settings.channels)}
    faults += _lacking(settings, found, names, place) if not faults else []
    if faults:
        raise DataError(faults)
    return found


def _at(known: Sequence[tuple[str, ...]], wanted: Sequence[str]) -> list[int]:
    return [i for i, names in enumerate(known) if any(name in names for name in wanted)]


def _lacking(settings: Settings, found: dict[str, int], names: Names, place: Place) -> list[Fault | str]:
    needed: list[Channel] = [c for c in settings.channels if c.use != "ignore"]
    lacking = [c.marker for c in needed if c.marker not in found]
    # an image without any marker is another one, whatever may be missing
    if not lacking or (settings.config.missing_marker != "error" and len(lacking) < len(needed)):
        return []
    if not any(names):
        expected = (
            f"a panel of its {plural(len(names), 'channel')} in order, as neither the image nor a `{_PANEL}` names them"
        )
        return [Fault(place.at(), expected, plural(len(settings.channels), "marker"))]
    there = listed([of[0] if of else str(i) for i, of in enumerate(names, start=1)])
    return [
        Fault(
            place.at("channels"),
            f"those of all {plural(len(needed), 'marker')}",
            f"none for {listed(lacking)} among {there}",
        )
    ]
