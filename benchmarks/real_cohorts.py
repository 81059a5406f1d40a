"""What the committed real cohorts say of nulls and estimators, into docs/validation.md: `make cohorts`.

Reads the results of the workflow on `config/cohorts/*.yaml`. Odds ratios are fitted anew from the same typed cells,
because the workflow fits all pairs jointly under its primary null alone, and all images of a patient as one: images
that share a fit would agree for that reason too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from document import put
from reliability import FEWEST, icc, rank_correlation, resampled

from tumint import keys as k
from tumint.config.model import Config
from tumint.config.neighbourhood import RobustnessConfig
from tumint.io import contracts
from tumint.io.tables import read_table
from tumint.neighbourhood.contacts import contact_odds
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.scorer import Scored, Scorer
from tumint.neighbourhood.stage import located
from tumint.pair_features import odds_features, part_features
from tumint.response.design.subjects import Least, subject_values
from tumint.samples import read_sheet

NULLS = {k.GLOBAL: "image", k.WITHIN_DOMAIN: "domain", k.LOCAL: "local"}
ESTIMATORS = {
    k.FAMILY_CONTACT: "log2 ratio",
    k.FAMILY_PAIRWISE: "odds ratio, pair by pair",
    k.FAMILY_INTERACTION: "odds ratio, all pairs",
}
DRAWS = 500  # of patients, for intervals
CELL_COLUMNS = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.DOMAIN, k.CELL_TYPE]
# What was lost before sparse images were pooled: per cohort, interaction scores of images that are not `tested`, of how
# many, and subjects × pairs without a value, of how many. Cannot be made by this version: counted by `losses` below
# in the results of commit `BEFORE` on the same configs, where a subject without a value had no row.
BEFORE = "dceabd3"
LOST_BEFORE = {
    "luad_cycif": (0, 36, 0, 36),
    "mouse_lung_scrna": (40, 40, 40, 40),
    "mouse_tumour_codex": (7, 30, 7, 30),
    "nsclc_mif": (347, 1680, 18, 336),
}


@dataclass(frozen=True)
class Results:
    """A committed cohort and its finished results."""

    config: Config
    subject: pd.Series  # of each sample
    folder: Path

    @classmethod
    def of(cls, config: Path, results: Path) -> Results:
        """The cohort of a config file that lies at `config`, run into `results`."""
        loaded = Config.model_validate(yaml.safe_load(config.read_text(encoding="utf-8")))
        sheet = read_sheet(loaded.samples, check_files=False)
        return cls(loaded, sheet.set_index(k.SAMPLE)[k.SUBJECT].astype(str), results / loaded.cohort)

    def images(self) -> Iterator[Scored]:
        """Every image with coordinates, scored under all nulls, odds ratios still to be fitted."""
        cells = read_table(self.folder / "cluster" / "cells.parquet", columns=CELL_COLUMNS)
        scorer = self.scorer(cells)
        for sample, table in cells.groupby(cells[k.SAMPLE].astype(str), sort=True):
            if not located(table):
                continue
            domains = table[k.DOMAIN].astype(str).to_numpy(object)
            xy = table[[k.X_UM, k.Y_UM]].to_numpy(float)
            labels = codes(table[k.CELL_TYPE], scorer.types)
            strata = domains if scorer.config.within_domain and (domains != k.NO_DOMAIN).any() else None
            image = make_image(str(sample), xy, labels, strata, table[k.CELL_ID].to_numpy())
            yield scorer.located(image, None)

    def scorer(self, cells: pd.DataFrame) -> Scorer:
        """What scores the images, without the grid of robustness."""
        config = self.config.neighbourhood.model_copy(update={"robustness": RobustnessConfig(graphs=[])})
        return Scorer(config, self.config.seed, sorted(cells[k.CELL_TYPE].astype(str).unique()))


def values_of(cohort: Results) -> pd.DataFrame:
    """Value and weight of every pair in every image, by null, estimator and whether images of a patient share a fit.

    Columns `sample, subject, feature, null, family, shared, value, weight`; missing where there is no value. `weight`
    is the information, of log2 ratios the inverse of the squared standard error.
    """
    images = list(cohort.images())
    patients: dict[str, list[Scored]] = {}
    for one in images:
        patients.setdefault(cohort.subject[one.sample], []).append(one)
    alone = [[one] for one in images]
    parts = [
        _fitted(group, null, shared, cohort.config.seed)
        for shared, groups in ((False, alone), (True, list(patients.values())))
        for group in groups
        for null in NULLS
        if null in group[0].tissues
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(subject=table[k.SAMPLE].map(cohort.subject))


def _fitted(group: list[Scored], null: str, shared: bool, seed: int) -> pd.DataFrame:
    """Values of images that are fitted as one."""
    scores = [one.interactions for one in group]
    edges = [t[(t["statistic"] == "edges") & (t[k.NULL] == null)].reset_index(drop=True) for t in scores]
    K = int(np.sqrt(len(edges[0])))
    odds = contact_odds([one.tissues[null] for one in group], K, seed)
    parts = []
    for table, found in zip(edges, odds, strict=True):
        whole = pd.concat([table, found], axis=1)
        parts += [odds_features(whole, family) for family in (k.FAMILY_INTERACTION, k.FAMILY_PAIRWISE)]
        # against permutations within tiles, as of single images, and not against the cells nearby
        apart = whole["log2_contact"] - whole["log2_enrichment"]
        tiled = whole.assign(log2_contact=whole["log2_enrichment"], log2_region=whole["log2_region"] + apart)
        ratio = part_features(tiled, symmetric=True)
        ratio = ratio[ratio[k.FAMILY] == k.FAMILY_CONTACT]
        parts.append(ratio.assign(weight=1 / np.square(ratio[k.SE].to_numpy(dtype=float))))
    return pd.concat(parts)[[k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.WEIGHT]].assign(null=null, shared=shared)


def abundance_of(cohort: Results) -> pd.DataFrame:
    """Share of cells of every type (columns) in every image."""
    cells = read_table(cohort.folder / "cluster" / "cells.parquet", columns=[k.SAMPLE, k.CELL_TYPE])
    counts = pd.crosstab(cells[k.SAMPLE].astype(str), cells[k.CELL_TYPE].astype(str))
    return counts.div(counts.sum(axis=1), axis=0)


def in_common(values: pd.DataFrame) -> pd.DataFrame:
    """The rows of the pairs and images in which every null and estimator has a value."""
    known = values[k.VALUE].notna().groupby([values[k.SAMPLE], values[k.FEATURE]]).transform("all")
    return values[known]


def medians(values: pd.DataFrame, abundance: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Over the pairs of one null and estimator (`values`, not sharing fits): medians, and how many pairs have them."""
    pairs = [table for _, table in values.groupby(k.FEATURE, sort=True)]
    each = [
        (t[k.VALUE].to_numpy(float), np.unique(t["subject"], return_inverse=True)[1], t[k.WEIGHT].to_numpy(float))
        for t in pairs
    ]
    plain = [icc(value, group) for value, group, _ in each]
    weighed = [icc(*one) for one in each]
    rho = [
        abs(rank_correlation(t[k.VALUE].to_numpy(float), abundance.loc[t[k.SAMPLE], name].to_numpy(float)))
        for t in pairs
        for name in dict.fromkeys(str(t[k.FEATURE].iloc[0]).split(k.PAIR_SEPARATOR))
    ]
    return {
        "pairs": int(np.isfinite(plain).sum()),
        "plain": float(np.nanmedian(plain)),
        "weighed": float(np.nanmedian(weighed)),
        "drawn": _drawn(values, seed),
        "rho": float(np.nanmedian(rho)),
    }


def _drawn(values: pd.DataFrame, seed: int) -> np.ndarray:
    """Median weighed ICC when patients are drawn with replacement; the same patients for every null and estimator."""
    rng = np.random.default_rng(seed)
    patients = np.unique(values["subject"], return_inverse=True)[1]
    pair = np.unique(values[k.FEATURE], return_inverse=True)[1]
    value, weight = values[k.VALUE].to_numpy(float), values[k.WEIGHT].to_numpy(float)
    drawn = []
    for _ in range(DRAWS):
        rows, group = resampled(patients, rng)
        of = pair[rows]
        found = [icc(value[rows[of == p]], group[of == p], weight[rows[of == p]]) for p in range(pair.max() + 1)]
        drawn.append(np.nanmedian(found))
    return np.array(drawn)


def _range(drawn: np.ndarray) -> str:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return f"{low:.2f} to {high:.2f}"


def losses(features: pd.DataFrame, subject: pd.Series, family: str, least: Least) -> dict[str, Any]:
    """Scores of images and values of subjects that are missing in a family, of how many, and why in the subjects."""
    mine = features[features[k.FAMILY] == family]
    values = subject_values(mine, subject, least)
    lost = values[values[k.STATUS] != k.TESTED]
    return {
        "missing": int((mine[k.STATUS] != k.TESTED).sum()),
        "scores": len(mine),
        "lost": len(lost),
        "values": subject.nunique() * mine[k.FEATURE].nunique(),
        "why": lost[k.STATUS].value_counts().sort_index().to_dict(),
    }


def reliability_table(cohorts: list[Results]) -> list[str]:
    """Rows of the table of nulls and estimators, of cohorts with several images per patient."""
    lines = []
    for cohort in cohorts:
        values, abundance = values_of(cohort), abundance_of(cohort)
        common, name = in_common(values), cohort.config.cohort
        for null in NULLS:
            mine = values[values[k.NULL] == null]
            if mine.empty:
                lines.append(f"| {name} | {NULLS[null]} | no domains came with it | | | | | | | |")
                continue
            missing = mine[~mine["shared"]].groupby(k.FAMILY)[k.VALUE].apply(lambda one: one.isna().mean())
            here = common[common[k.NULL] == null]
            found = {
                key: medians(table, abundance, cohort.config.seed)
                for key, table in here.groupby(["shared", k.FAMILY], sort=True)
            }
            lines += [f"| {name} | {NULLS[null]} | {_row(family, missing[family], found)} |" for family in ESTIMATORS]
    return lines


def _row(family: str, missing: float, found: Mapping[Any, dict[str, Any]]) -> str:
    """Cells of an estimator; its ICC also beside that of the odds ratios of all pairs, on the same draws."""
    one, lead = found[False, family], found[False, k.FAMILY_INTERACTION]
    cells = [
        ESTIMATORS[family],
        f"{missing:.1%}",
        f"{one['plain']:.2f}",
        f"{one['weighed']:.2f} ({_range(one['drawn'])})",
        "" if one is lead else _range(one["drawn"] - lead["drawn"]),
        f"{found[True, family]['weighed']:.2f}",
        f"{one['rho']:.2f}",
        str(one["pairs"]),
    ]
    return " | ".join(cells)


def losses_table(cohorts: list[Results], before: Mapping[str, tuple[int, int, int, int]]) -> list[str]:
    """Rows of the table of what is missing and lost, before and now."""
    lines = []
    for cohort in cohorts:
        features = read_table(cohort.folder / "neighbourhood" / "features.parquet", contracts.FEATURES)
        least = Least.of(cohort.config.response)
        odds, ratio = (
            losses(features, cohort.subject, family, least) for family in (k.FAMILY_INTERACTION, k.FAMILY_CONTACT)
        )
        missing, scores, lost, values = before.get(cohort.config.cohort, (0, 0, 0, 0))
        cells = [
            cohort.config.cohort,
            _share(missing, scores),
            *(_share(one["missing"], one["scores"]) for one in (odds, ratio)),
            _share(lost, values),
            *(_share(one["lost"], one["values"]) for one in (odds, ratio)),
            ", ".join(f"{n} {why}" for why, n in odds["why"].items()) or "none",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _share(n: int, of: int) -> str:
    return f"{n:,} of {of:,} ({n / of:.0%})" if of else "not measured"


def text(cohorts: list[Results]) -> dict[str, str]:
    """The sections, by title."""
    several = [one for one in cohorts if (one.subject.value_counts() > 1).sum() >= FEWEST]
    repeated = [_MADE, _RELIABILITY.format(draws=DRAWS), *reliability_table(several), "", _READING]
    lost = [_MADE, _LOSSES.format(before=BEFORE), *losses_table(cohorts, LOST_BEFORE)]
    return {
        "Real cohorts: which effect and which null": "\n".join(repeated),
        "Real cohorts: what is missing and lost": "\n".join(lost),
    }


_MADE = "`make cohorts`\n"


_RELIABILITY = """\
Cohorts with several images per patient. Medians over pairs of types, on the pairs and images in which every null and
estimator has a value. ICC: ICC(1), one-way random effects with images in patients of unequal numbers, the share of the
variance that is between patients: all images alike, and weighed by information (of log2 ratios by 1 / se²), with the
95 % interval from {draws} draws of patients, and that of the difference from the odds ratio of all pairs. Each image is
fitted by itself; `one fit per patient` has the workflow's way, one fit for all images of a patient, also weighed.
Missing: share of pairs and images without a value. Rank
correlation: |Spearman| of the value with the share of cells of either type, over images, not weighed.

| cohort | null | estimator | missing | ICC, images alike | ICC, weighed | less all pairs \
| one fit per patient | rank correlation | pairs |
|---|---|---|---|---|---|---|---|---|---|"""
_READING = """\
These numbers do not make the odds ratio of all pairs the most repeatable: with each image fitted by itself its ICC
is the lowest under either null. Where one fit per patient raises it, that is no evidence, because the images then
share the fit and its level. Nor does any estimator follow abundance clearly less than the others; the local null does
so a little less than that of the image. All of it is one cohort of 16 patients without domains. A high ICC is not by
itself a merit either: how common the types are, and which regions they share, also repeat within a patient. The case
for odds ratios of all pairs under the local null has to come from simulations with known truth; this table does not
make it."""
_LOSSES = """\
Scores: unordered pairs × images without a value in the family that is compared. Lost: subjects × pairs without a value
at the comparison. Before: commit `{before}` (0.1.0), when a type with fewer than `neighbourhood.min_cells` cells in an
image had no score there; these numbers were counted once in its results on the same configs and are kept in
`benchmarks/real_cohorts.py`. Now: odds ratio of all pairs (`interaction`) and log2 ratio (`contact_excess`) under the
primary null; no image is left out for being sparse, and a subject needs `response.min_information` over all of its
images. So fewer scores of images are missing where types are rare, but more subjects × pairs can be lost than before:
types of few cells were compared, and no longer are where all images together say too little.

| cohort | scores missing before | now, odds ratio | now, log2 ratio | lost before | now, odds ratio | now, log2 ratio \
| why, odds ratio |
|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Write the two sections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", type=Path, nargs="+", help="configs of the cohorts, in config/cohorts")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all results")
    parser.add_argument("--out", type=Path, default=Path("docs/validation.md"))
    a = parser.parse_args()
    cohorts = [Results.of(path, a.results) for path in sorted(a.configs)]
    put(a.out, text(cohorts))


if __name__ == "__main__":
    main()
