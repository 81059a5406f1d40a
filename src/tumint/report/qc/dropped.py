"""Why cells were dropped, in words, and how many for which reason."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs

REASONS = {
    "area_um2_low": "area too small",
    "area_um2_high": "area too large",
    "dna_low": "too little DNA",
    "dna_high": "too much DNA",
    "total_low": "too little signal",
    "total_high": "too much signal",
    "eccentricity_high": "too long",
    "eccentricity_low": "too round",
    "solidity_low": "ragged",
    "local_density_low": "too sparse around it",
    "local_density_high": "too crowded around it",
    "border_um_low": "at the edge of the image",
    "zero_share_high": "too many channels at 0",
    "saturated_share_high": "too many channels saturated",
    "doublet_score_high": "like two cells in one",
    "n_genes_low": "too few genes",
    "n_genes_high": "too many genes",
    "n_counts_low": "too few counts",
    "n_counts_high": "too many counts",
    "mito_share_high": "too mitochondrial",
    "no_intensity": "a marker without a value",
    "no_place": "no place in the image",
    "excluded": "in a region left out",
}
OTHER, WHOLE_ROI = "another combination", "the ROI failed"
TOLD_APART = 6  # combinations of reasons that get a colour of their own


def spoken(reason: str) -> str:
    """The reasons of a cell in words, or that its whole ROI failed."""
    parts = [part for part in reason.split(";") if part]
    if any(part.startswith("sample failed") for part in parts):
        return WHOLE_ROI
    return ", ".join(REASONS.get(part, part) for part in parts)


def judged(inputs: Inputs) -> pd.DataFrame:
    """Every cell, its reasons in words; rare combinations of reasons as one."""
    cells = inputs.table("qc/{batch}.cells.parquet", contracts.QC_CELLS)
    words = {reason: spoken(reason) for reason in sorted(set(cells[k.REASON]))}
    said = cells[k.REASON].map(words)
    common = said[said != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    own = {"", WHOLE_ROI, *common.index.drop(WHOLE_ROI, errors="ignore")[:TOLD_APART]}
    return cells.assign(**{k.REASON: said.where(said.isin(own), OTHER)})


def counts(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`sample, reason, n, share` of dropped cells, in the order of `rows`; a ROI that lost none has one empty row."""
    gone = cells[cells[k.VERDICT] != "pass"]
    found = gone.groupby([k.SAMPLE, k.REASON], sort=True).size().rename("n").reset_index()
    table = rows[[k.SAMPLE, "n_in"]].merge(found, on=k.SAMPLE, how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table[k.REASON] = table[k.REASON].fillna("")
    table["share"] = table["n"] / table["n_in"].clip(lower=1)
    return table[[k.SAMPLE, k.REASON, "n", "share"]]


def ordered(reasons: Iterable[str]) -> list[str]:
    """Each reason once: those of single cells by name, then those that sum up others."""
    last = [OTHER, WHOLE_ROI]
    found = set(reasons) - {""}
    return sorted(found - set(last)) + [reason for reason in last if reason in found]


def in_words(part: pd.DataFrame) -> list[tuple[str, int]]:
    """Reasons of a ROI (rows of `counts`) and their numbers, the commonest first."""
    rows = part[part["n"] > 0].sort_values("n", ascending=False, kind="stable")
    return list(zip(rows[k.REASON], rows["n"], strict=True))
