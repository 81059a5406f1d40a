"""`python docs/studies/cole_2024.py RESULTS`: figures of a finished run of the simulated cohort, into cole_2024.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

PAGE = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- of the simulated cohort: written by cole_2024.py -->", "<!-- end -->"
CD8 = ("PD1+ CD8 T cells", "PD1- CD8 T cells")
DENDRITIC = ("CXCL9-high Dendritic cells CD103", "CXCL9-low Dendritic cells CD103")
FDR = 0.1


def compositions(folder: Path) -> pd.DataFrame:
    """Share of every type (columns) in the windows of every niche, the cohort's last."""
    niches = pd.read_parquet(folder / "niches.parquet")
    table = pd.read_parquet(folder / "niche_types.parquet").merge(niches[["cluster", "niche", "n"]], on="cluster")
    table["held"] = table["share"] * table["n"]
    wide = table.pivot_table(index="niche", columns="cell_type", values="held", aggfunc="sum")
    wide.loc["all cells"] = wide.sum()
    return wide.div(wide.sum(axis=1), axis=0)


def effect(rows: pd.DataFrame, family: str, feature: str, scale: str) -> str:
    """Ratio of the arms with its interval and q; `scale` of the family's effects: log or log2."""
    one = rows[(rows["family"] == family) & (rows["feature"] == feature)]
    if one.empty or one["status"].iloc[0] != "tested":
        return "not told: too little of it"
    base = {"log": np.e, "log2": 2.0}[scale]
    ratio, low, high = (base ** float(one[name].iloc[0]) for name in ("effect", "ci_low", "ci_high"))
    return f"{ratio:.2f} ({low:.2f} to {high:.2f}), q {float(one['q'].iloc[0]):.2g}"


def figures(results: Path) -> list[str]:
    """The lines of the page."""
    folder = results / "neighbourhood"
    niches, effects = pd.read_parquet(folder / "niches.parquet"), pd.read_parquet(results / "response/effects.parquet")
    cells = pd.read_parquet(results / "cluster/cells.parquet", columns=["sample", "cell_type"])
    wide = compositions(folder)
    share = wide[list(CD8)].sum(axis=1)
    rich = share.drop("all cells").sort_values(ascending=False, kind="stable").index[:3]
    places = pd.read_parquet(results / "response/abundance.parquet")
    networks = pd.read_parquet(folder / "network_counts.parquet")
    inside = networks[(networks["what"] == "cells") & (networks["network"] == "lymphonets")]
    said = [
        "",
        f"{len(cells):,} cells in {cells['sample'].nunique()} ROIs of 8 mice passed quality control.",
        f"{len(niches)} clusters of windows were joined to {niches['of_30'].nunique()} communities and then to",
        f"{niches['niche'].nunique()}.",
        "",
        "| question | treated / vehicle, with 95 % interval |",
        "|---|---|",
    ]
    for name in rich:
        held = f"{100 * share[name]:.0f} % CD8 T cells around, {100 * share['all cells']:.0f} % over all cells"
        said.append(f"| how much there is of `{name}` ({held}) | odds {effect(effects, 'niche', name, 'log')} |")
        with_t = effect(effects, "niche_with", f"{name} with Regulatory T cells", "log")
        said.append(f"| … of it with regulatory T cells | odds {with_t} |")
    for one in DENDRITIC:
        for other in CD8:
            pair = "|".join(sorted((one, other)))
            said.append(f"| contact of {one} and {other} | odds ratio {effect(effects, 'interaction', pair, 'log')} |")
    pair = "PD1+ CD8 T cells|Tumour cells"
    said.append(
        f"| contact of PD1+ CD8 T cells and tumour cells | odds ratio {effect(effects, 'interaction', pair, 'log')} |"
    )
    for kind in ("cells", "Regulatory T cells", "PD1+ CD8 T cells"):
        found = effect(effects, "network", f"{kind} in lymphonets", "log2")
        said.append(f"| {kind} in lymphonets, over those by chance | {found} |")
    standing = effects[(effects["family"] == "barrier") & (effects["status"] == "tested")].sort_values("p")
    for feature in standing["feature"].head(2):
        said.append(f"| {feature}, over those by chance | {effect(effects, 'barrier', feature, 'log2')} |")
    differ = int((places["q"] < FDR).sum())
    said += [f"| surroundings that differ, without a number of communities | {differ} of {len(places)} |", ""]
    if len(inside):
        total = inside[["observed", "expected"]].sum()
        said.append(f"Cells in lymphonets: {total['observed']:,.0f}, {total['expected']:,.0f} expected by chance.")
    return said + planted(results)


def planted(results: Path) -> list[str]:
    """What the simulation put in, as it wrote it."""
    truth = json.loads((results.parents[1] / "data" / results.name / "truth.json").read_text(encoding="utf-8"))
    pairs = [f"{one['source']} and {one['target']} {one['ratio_of_odds_ratios']:.2f}" for one in truth["interactions"]]
    return [
        "",
        f"Planted were ratios of contact odds ratios: {'; '.join(pairs)}.",
        "PD-1 and CXCL9 have no part in them. Fewer regulatory T cells, more CD8 T cells and smaller tumours in",
        "treated mice were planted too, which is what differs in communities, surroundings and networks. No community,",
        "network or barrier was planted: what the table says of barriers is chance, or where types live in domains.",
        "",
    ]


def main(results: Path) -> None:
    """Put them between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text("\n".join([before + BEGIN, *figures(results), END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
