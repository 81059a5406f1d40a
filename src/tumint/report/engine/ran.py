"""What ran to make a page: parameters, versions, seeds and digests, and a sentence of them for a paper."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tumint import __version__
from tumint.provenance import run_metadata
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Page
from tumint.stages import STAGES

_SAID = ("python", "numpy", "scipy", "pandas", "scanpy", "igraph")  # versions that a methods section names


def is_random(stage: str) -> bool:
    """Whether a stage draws random numbers."""
    return stage in STAGES and STAGES[stage].random


def provenance(page: Page, inputs: Inputs) -> dict[str, Any]:
    """What ran: parameters as YAML, versions, seed, digests of code and inputs."""
    mine = {page.stage: inputs.metas.get(page.stage, {})} if page.stage != "index" else inputs.metas
    report = run_metadata(f"report_{page.stage}", {})
    # said once, where a stage ran with the versions of this page
    versions = {s: m.get("versions", {}) if m.get("versions") != report["versions"] else {} for s, m in mine.items()}
    return {
        "stages": [
            {
                "stage": stage,
                "tumint": meta.get("tumint", "not recorded"),
                "code": meta.get("code", "not recorded"),
                "seed": _seed(stage, meta.get("params", {})),
                "parameters": _yaml(meta.get("params", {})),
                "versions": versions[stage],
            }
            for stage, meta in mine.items()
            if meta
        ],
        "report": {
            "code": report["code"],
            "versions": report["versions"],
            "parameters": _yaml({"report": inputs.config.model_dump(mode="json")}),
        },
        "hashes": inputs.hashes,
        "sentence": _sentence(mine, report),
    }


def _sentence(metas: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any]) -> str:
    """Program, versions and seed, as the last sentence of a methods section."""
    used = next(iter(metas.values()), report)
    versions = used.get("versions", report["versions"])
    named = [f"{name} {versions[name]}" for name in _SAID if name in versions]
    given = [meta.get("params", {}) for stage, meta in metas.items() if is_random(stage)]
    seeds = sorted({str(params["seed"]) for params in given if "seed" in params})
    seed = f"; seed {', '.join(seeds)}" if seeds else ""
    return f"Computed with tumint {used.get('tumint', __version__)} ({', '.join(named)}{seed})."


def _seed(stage: str, params: Mapping[str, Any]) -> str:
    return str(params["seed"]) if "seed" in params and is_random(stage) else "none: nothing in this stage is random"


def _yaml(values: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(dict(values)))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)) if plain else ""
