"""One side of the benchmark of masks in a process of its own: `python mask_worker.py tumint|skimage FOLDER`, JSON out.

FOLDER holds `image.tiff` and `mask.tiff`. tumint runs the whole stage, with hashes, neighbours and files written;
scikit-image reads both and measures shapes once and the means of each channel.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

CHANNELS = ("CD8", "EPCAM", "aSMA", "DNA1")


def tumint(folder: Path) -> dict[str, float]:
    """CPU seconds of the stage."""
    from tumint.config import load_params
    from tumint.ingest import stage

    panel = {"name": "p", "source": "made", "markers": [{"marker": name} for name in CHANNELS]}
    params = load_params(json.dumps({"ingest": {"format": "masks"}, "panel": panel}))
    rows = [{"sample": "S1", "path": str(folder / "image.tiff"), "mask": str(folder / "mask.tiff")}]
    start, clock = time.process_time(), time.monotonic()
    stage.run(params, rows, folder / "out" / "b0001.h5ad")
    return {"cpu_s": time.process_time() - start, "wall_s": time.monotonic() - clock}


def skimage(folder: Path) -> dict[str, float]:
    """CPU seconds of reading and measuring, without neighbours."""
    import tifffile
    from skimage.measure import regionprops_table

    start, clock = time.process_time(), time.monotonic()
    mask = tifffile.imread(folder / "mask.tiff")
    names = ("label", "area", "centroid", "axis_major_length", "axis_minor_length", "eccentricity")
    regionprops_table(mask, properties=names)
    for channel in tifffile.imread(folder / "image.tiff"):
        regionprops_table(mask, channel, properties=("label", "intensity_mean"))
    return {"cpu_s": time.process_time() - start, "wall_s": time.monotonic() - clock}


def peak_mb() -> float:
    """Largest resident memory of this process; that of the one which started it counts in `ru_maxrss`."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    spent = {"tumint": tumint, "skimage": skimage}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(spent | {"peak_mb": peak_mb()}))
