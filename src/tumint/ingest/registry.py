"""All formats: which reader `ingest.format` names, and which of them recognises a file or folder."""

from __future__ import annotations

from pathlib import Path

from tumint.config.ingest import IngestConfig
from tumint.ingest.reader import Found, Reader
from tumint.ingest.readers import (
    any_table,
    cellprofiler,
    cellprofiler_folder,
    h5ad,
    halo,
    inform,
    mcmicro,
    qupath,
    spatialdata,
    steinbock,
    tenx,
    xenium,
)

# those that look for more come first: a Xenium folder also holds a matrix, and any of them holds tables
_MODULES = (
    *(xenium, spatialdata, tenx, steinbock, cellprofiler_folder, cellprofiler),
    *(h5ad, mcmicro, qupath, inform, halo, any_table),
)
READERS: dict[str, Reader] = {module.READER.name: module.READER for module in _MODULES}


def files(path: str, part: str, config: IngestConfig) -> list[str]:
    """Every file that ingest reads for a row of the sheet, for the workflow to watch."""
    if Path(path).is_dir():
        return READERS[config.format].files(path, part, config) or [path]
    return [path, *READERS[config.format].files(path, part, config)]


def recognise(path: Path) -> tuple[Reader, Found] | None:
    """The format of a file or folder, and what is in it; None where no reader knows it."""
    for reader in READERS.values():
        if (found := reader.recognise(path)) is not None:
            return reader, found
    return None
