"""`tumint fetch` and `tumint store`: inputs from object storage, and results to it, by Snakemake's storage plugins."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tumint.cli.snakemake import environment, program, snakefile
from tumint.errors import Fault, TumintError
from tumint.text import either, plural

PROVIDERS = {"s3": "s3", "gs": "gcs", "az": "azure"}  # scheme of a URL → Snakemake's plugin
_CAUSES = (
    "`[^`]*` leads out of the folder",
    "AccessDenied",
    "NoSuchBucket",
    "InvalidAccessKeyId",
    "Could not connect",
    "Unable to locate credentials",
)
_FETCH = """\
Bring all that lies below a URL of an object storage into a folder: config, sheet and raw data before a run, or the
reports of one. Files that are there already are kept.

Then run as always: `tumint run CONFIG` there. The environment tells Snakemake's plugin where the storage is and who
you are; for S3: SNAKEMAKE_STORAGE_S3_ENDPOINT_URL, SNAKEMAKE_STORAGE_S3_ACCESS_KEY and SNAKEMAKE_STORAGE_S3_SECRET_KEY.
For AWS, its usual credentials are enough."""
_STORE = """\
Write all files of a folder, such as results/COHORT, below a URL of an object storage. A file that is there already is
sent again only where the one here is newer."""


def add_verbs(verbs: Any) -> None:
    """Add fetch and store."""
    for name, call, summary, about in (
        ("fetch", _fetch, "inputs or reports from object storage (S3 and others) into a folder", _FETCH),
        ("store", _store, "results to object storage (S3 and others)", _STORE),
    ):
        parser: argparse.ArgumentParser = verbs.add_parser(
            name, help=summary, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == "store":
            parser.add_argument("folder", type=Path, metavar="FOLDER", help="what is stored")
        parser.add_argument("url", metavar="URL", help="such as s3://bucket/cohort")
        if name == "fetch":
            parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="where to")
        parser.add_argument("--transfers", type=int, default=4, metavar="N", help="files at a time; default 4")
        parser.set_defaults(call=call)


def _fetch(a: argparse.Namespace) -> None:
    provider = _provider(a.url)
    if a.out.exists() and not a.out.is_dir():
        raise TumintError(Fault("-o", "a folder", f"the file `{a.out}`"))
    a.out.mkdir(parents=True, exist_ok=True)
    before = _files(a.out)
    _snakemake("fetch", a.url, provider, a.out, a.transfers, None)
    new = len(set(_files(a.out)) - set(before))
    if not new and not before:
        raise TumintError(Fault(a.url, "files below it", "none"))
    print(f"fetch: {plural(new, 'file')} → {a.out}" + (f"; {plural(len(before), 'file')} stayed" if before else ""))


def _store(a: argparse.Namespace) -> None:
    provider = _provider(a.url)
    if not a.folder.is_dir():
        raise TumintError(Fault("tumint store", "a folder to store", f"none at `{a.folder}`"))
    files = _files(a.folder)
    if not files:
        raise TumintError(Fault(f"{a.folder}", "files to store", "none"))
    _snakemake("store", a.url, provider, a.folder, a.transfers, files)
    print(f"store: {plural(len(files), 'file')} of {a.folder} → {a.url}")


def _provider(url: str) -> str:
    """The plugin for a URL.

    Raises
    ------
    TumintError
        The scheme is none of those known, or its plugin is not installed.
    """
    known = [f"{scheme}://" for scheme in PROVIDERS]
    parts = urlsplit(url)
    if parts.scheme not in PROVIDERS or not parts.netloc:
        raise TumintError(Fault("URL", f"one of {either(known)} with a bucket", f"`{url}`"))
    name = PROVIDERS[parts.scheme]
    if find_spec(f"snakemake_storage_plugin_{name}") is None:
        package = f"snakemake-storage-plugin-{name}"
        raise TumintError(Fault(url, f"the package {package} (`pip install {package}`)", "that it is not installed"))
    return name


def _files(folder: Path) -> list[str]:
    """Files below a folder, but those whose path has a hidden part: what Snakemake and runs note for themselves."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def _snakemake(task: str, url: str, provider: str, folder: Path, transfers: int, files: list[str] | None) -> None:
    """Run `workflow/storage.smk`; what it prints is shown where it fails, its own words for the cause first."""
    if transfers < 1:
        raise TumintError(Fault("--transfers", "a whole number from 1", str(transfers)))
    own, there = folder / ".snakemake", (folder / ".snakemake").exists()
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "files.json"
        if files is not None:
            listed.write_text(json.dumps(files), encoding="utf-8")
        settings = {"task": task, "provider": provider, "url": url.rstrip("/"), "files": str(listed) if files else ""}
        command = [*program(), "--snakefile", str(snakefile().with_name("storage.smk")), "--cores", str(transfers)]
        command += [
            "--workflow-profile",
            "none",
            "--nolock",
            "--rerun-triggers",
            "mtime",
            "--directory",
            os.path.abspath(folder),
        ]
        command += ["--config", *(f"{name}={json.dumps(value)}" for name, value in settings.items())]
        done = subprocess.run(command, env=environment(), text=True, capture_output=True, check=False)
    if not there:
        shutil.rmtree(own, ignore_errors=True)  # a folder of results or of data is no working folder
    if done.returncode:
        said = done.stdout + done.stderr
        cause = re.search("|".join(_CAUSES), said)
        if cause is None:
            print(said[-3000:], file=sys.stderr)
        expected = f"that every file can be {'read' if task == 'fetch' else 'written'}"
        raise TumintError(Fault(url, expected, f"{cause[0]}" if cause else "what Snakemake says above"))
