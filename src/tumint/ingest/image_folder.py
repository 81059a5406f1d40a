"""Folders of images and masks, for `tumint init`: which image goes with which mask of cells and of tissue.

`img/` (or `images/`) beside `masks/` (or `masks_<method>/`), as steinbock has them, with masks of tissue in
`regions/<domain>/` or `regions_<domain>/`; or one folder with `<image>.tiff` and `<image>_mask.tiff`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest.image_channels import labels_of, names_of, panel_of
from tumint.ingest.reader import Found
from tumint.ingest.recognise import stem
from tumint.io.raw.source import Place
from tumint.io.raw.tiff import open_tiff
from tumint.text import listed, setting

MASK, REGION = "mask", "region_"
_TIFF = re.compile(r"\.tiff?$", re.IGNORECASE)
_IMAGES = ("img", "images", "image")
_ENDING = re.compile(r"[_-](cell)?[_-]?masks?$", re.IGNORECASE)
_REGIONS = re.compile(r"regions?_(.+)", re.IGNORECASE)
Pairs = list[tuple[Path, Path]]


def recognise(path: Path) -> Found | None:
    """A folder of images with their masks, the folder above, or one of its images."""
    if path.is_file():
        found = recognise(path.parent) if _TIFF.search(path.name) else None
        at = [i for i, (_, file, _) in enumerate(found.rows) if file == path] if found else []
        return _only(found, at) if found is not None and at else None
    above = path.parent if _is_masks(path) or path.name.lower() in _IMAGES else path
    folders = sorted(f for f in above.iterdir() if f.is_dir())
    images = next((f for f in folders if f.name.lower() in _IMAGES and _tiffs(f)), None)
    masks = [f for f in folders if _is_masks(f) and _tiffs(f)]
    if images is None or not masks:
        return _found(_flat(path), {}, [], [])
    chosen = path if path in masks else masks[0]
    pairs, alone = _paired(_tiffs(images), _tiffs(chosen))
    if not pairs:
        expected = f"masks in `{chosen.name}` that are called as images in `{images.name}`"
        raise DataError(Fault(str(above), expected, listed([f.name for f in _tiffs(chosen)], 3)))
    check = []
    if len(masks) > 1:
        others = listed([f.name for f in masks if f != chosen])
        check.append(f"the cells are those of `{chosen.name}`; the folder also holds {others}")
    return _found(pairs, _regions(folders, pairs), alone, check)


def _is_masks(folder: Path) -> bool:
    return bool(re.fullmatch(r"masks?(_.+)?", folder.name, flags=re.IGNORECASE))


def _tiffs(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_file() and _TIFF.search(f.name) and not f.name.startswith("."))


def _bare(mask: Path) -> str:
    return _ENDING.sub("", stem(mask))


def _paired(images: Iterable[Path], masks: Iterable[Path]) -> tuple[Pairs, list[Path]]:
    """Images with the mask of their name, and files without the other."""
    by_name = {_bare(mask): mask for mask in masks} | {stem(mask): mask for mask in masks}
    there = {image: by_name.get(stem(image)) for image in images}
    pairs = [(image, mask) for image, mask in there.items() if mask is not None]
    used = {mask for _, mask in pairs}
    return pairs, [f for f, mask in there.items() if mask is None] + [f for f in masks if f not in used]


def _flat(folder: Path) -> Pairs:
    """Images and masks in one folder."""
    files = _tiffs(folder)
    masks = [f for f in files if _ENDING.search(stem(f))]
    return _paired([f for f in files if f not in masks], masks)[0]


def _regions(folders: Iterable[Path], pairs: Pairs) -> dict[str, list[Path | None]]:
    """`{column: mask of tissue or None for each image}`."""
    named = {m[1]: folder for folder in folders if (m := _REGIONS.fullmatch(folder.name))}
    for folder in folders:
        if folder.name.lower() in ("regions", "region"):
            named |= {inside.name: inside for inside in sorted(folder.iterdir()) if inside.is_dir()}
    found = {}
    for name, folder in sorted(named.items()):
        by_name = {stem(file): file for file in _tiffs(folder)}
        masks = [by_name.get(stem(image)) for image, _ in pairs]
        if any(masks):
            found[f"{REGION}{name}"] = masks
    return found


def _found(pairs: Pairs, regions: dict[str, list[Path | None]], alone: list[Path], check: list[str]) -> Found | None:
    if not pairs:
        return None
    first = pairs[0][0]
    with open_tiff(Place(str(first), "init")) as image:
        names = names_of(image)
        size = image.um_per_px
    check = [
        *check,
        "neighbours are cells whose masks touch (`ingest.contacts`), for `neighbourhood.graph.kind: provided`",
    ]
    if alone:
        check.append(f"without an image or a mask of the same name, left out: {listed([f.name for f in alone], 5)}")
    if not any(names):
        check.append(
            "neither the images nor a `panel.csv` name the channels: the markers are in the order of the panel"
        )
    elif panel_of(first) is not None:
        check.append("the names of the channels are those of `panel.csv`")
    config: dict[str, Any] = {k.PIXEL_SIZE_UM: float(setting(size))} if size > 0 else {}
    rows = [(stem(image), image, "") for image, _ in pairs]
    return Found(rows, labels_of(names), config, check, files={MASK: [mask for _, mask in pairs], **regions})


def _only(found: Found, at: list[int]) -> Found:
    from dataclasses import replace

    files = {name: [of[i] for i in at] for name, of in found.files.items()}
    return replace(found, rows=[found.rows[i] for i in at], files=files)
