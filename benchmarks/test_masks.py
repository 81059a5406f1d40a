"""Masks of 20,000 and 200,000 cells with four channels through ingest, beside scikit-image on the smaller one.

Run by `make bench`; the figures go to `benchmarks/masks.md`. With `TUMINT_BENCH_FULL=1` scikit-image measures the
larger one too.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

FULL = os.environ.get("TUMINT_BENCH_FULL") == "1"
WORKER = Path(__file__).with_name("mask_worker.py")
REPORT = Path(__file__).with_name("masks.md")
SIZES = {20_000: (50, 1), 200_000: (50, 10)}  # cells: blocks of 20 × 20 down and across
PITCH, SIDE = 22, 20


def _block(rng: np.random.Generator) -> np.ndarray:
    """Labels 1 to 400 of cells of some 220 pixels that all but touch."""
    block = np.zeros((SIDE * PITCH, SIDE * PITCH), np.uint32)
    y, x = np.mgrid[:PITCH, :PITCH]
    for number in range(SIDE * SIDE):
        (cy, cx), radius, stretch = rng.uniform(9, 13, 2), rng.uniform(8, 11), rng.uniform(0.7, 1.3)
        inside = (y - cy) ** 2 * stretch + (x - cx) ** 2 / stretch < radius**2
        top, left = (place * PITCH for place in divmod(number, SIDE))
        block[top : top + PITCH, left : left + PITCH][inside] = number + 1
    return block


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A folder with an image, uint16 as it is, and a mask, packed, of each size."""
    rng = np.random.default_rng(0)
    block, found = _block(rng), {}
    for n, (down, across) in SIZES.items():
        folder = found[n] = tmp_path_factory.mktemp(f"cells{n}")
        mask = np.zeros((down * block.shape[0], across * block.shape[1]), np.uint32)
        for number in range(down * across):
            top, left = number // across * block.shape[0], number % across * block.shape[1]
            part = np.where(block > 0, block + np.uint32(number * SIDE * SIDE), 0)
            mask[top : top + block.shape[0], left : left + block.shape[1]] = part
        tifffile.imwrite(folder / "mask.tiff", mask, compression="zlib", tile=(512, 512))
        image = tifffile.memmap(folder / "image.tiff", shape=(4, *mask.shape), dtype="uint16", photometric="minisblack")
        for channel in image:
            channel[:] = rng.poisson(20, block.shape[0])[rng.integers(0, block.shape[0], mask.shape, dtype=np.uint16)]
        del image
    return found


def _run(side: str, folder: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, str(WORKER), side, str(folder)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_masks_through_ingest(folders: dict[int, Path]) -> None:
    small, large = (_run("tumint", folder) for folder in folders.values())
    few, many = folders
    peers = {n: _run("skimage", folders[n]) for n in ((few, many) if FULL else (few,))}
    pixels = {n: down * across * (SIDE * PITCH) ** 2 for n, (down, across) in SIZES.items()}
    lines = [
        "# Masks and images through ingest",
        "",
        f"Written by `make bench`: SIMULATED masks with four 16-bit channels, one process each. python "
        f"{platform.python_version()}; {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| what | tumint | scikit-image | ratio |",
        "|---|---|---|---|",
    ]
    for n, ours in ((few, small), (many, large)):
        name = f"{n:,} cells, {pixels[n] / 1e6:.0f} million pixels"
        for what, key in (("CPU s", "cpu_s"), ("peak memory, MB", "peak_mb")):
            theirs = peers[n][key] if n in peers else None
            beside = "| |" if theirs is None else f"{theirs:.1f} | {ours[key] / theirs:.3f} |"
            lines.append(f"| {name}: {what} | {ours[key]:.1f} | {beside}")
    per_pixel = (large["peak_mb"] - small["peak_mb"]) * 2**20 / (pixels[many] - pixels[few])
    lines += [
        "",
        "tumint: the whole stage, with neighbours by expansion, hashes of the files and its tables written. "
        "scikit-image: reading, `regionprops_table` for the shapes and for the means of each channel; no neighbours.",
        f"Peak memory grows by {per_pixel:.1f} bytes for each pixel: 4 are the labels, the others pages of the image, "
        "which is mapped from disk and whose pages the system takes back when it needs them.",
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert large["cpu_s"] < 60
    assert small["cpu_s"] < peers[few]["cpu_s"]
    assert per_pixel < 8
