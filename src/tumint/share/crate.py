"""The metadata of a crate: a Workflow Run RO-Crate (https://w3id.org/ro/wfrun/workflow/0.5), by the package rocrate."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from tumint import __version__
from tumint.config.model import Config
from tumint.share.inputs import CONFIG

WORKFLOW = "workflow"  # its folder inside the crate
_PROFILES = ("process/0.5", "workflow/0.5")
_TYPES = {
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".h5ad": "application/x-hdf5",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".yaml": "application/yaml",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
}


def write(folder: Path, config: Config, inputs: Sequence[str], outputs: Sequence[str], ended: float) -> None:
    """Write `ro-crate-metadata.json`.

    Parameters
    ----------
    inputs, outputs
        Paths inside `folder` of what the run read and wrote.
    ended
        When the run ended, in seconds since 1970.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    when = datetime.datetime.fromtimestamp(ended, datetime.UTC).replace(microsecond=0).isoformat()
    crate = ROCrate(gen_preview=False)
    crate.name, crate.description = config.title, config.source
    crate.root_dataset["datePublished"] = when
    crate.root_dataset["license"] = "see the source of the data in the description"
    addresses = [
        *(f"https://w3id.org/ro/wfrun/{name}" for name in _PROFILES),
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ]
    crate.root_dataset["conformsTo"] = [
        crate.add(ContextEntity(crate, address, properties={"@type": "CreativeWork"})) for address in addresses
    ]
    workflow = crate.add_workflow(
        dest_path=f"{WORKFLOW}/Snakefile", main=True, lang="snakemake", properties={"name": f"tumint {__version__}"}
    )
    rules = sorted(path.relative_to(folder).as_posix() for path in (folder / WORKFLOW).rglob("*") if path.is_file())
    workflow["hasPart"] = [_file(crate, name) for name in rules if name != f"{WORKFLOW}/Snakefile"]
    action = {
        "@type": "CreateAction",
        "name": f"tumint run {CONFIG}",
        "endTime": when,
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    run = crate.add(ContextEntity(crate, "#run", properties=action))
    run["instrument"] = workflow
    run["object"] = [_file(crate, name) for name in inputs]
    run["result"] = [_file(crate, name) for name in outputs]
    crate.root_dataset["mentions"] = [run]
    crate.metadata.write(folder)


def _file(crate: object, name: str) -> object:
    kind = _TYPES.get(Path(name).suffix)
    return crate.add_file(dest_path=name, properties={"encodingFormat": kind} if kind else None)  # type: ignore[attr-defined]
