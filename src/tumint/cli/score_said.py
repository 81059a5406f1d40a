"""What `tumint score` says at its end: rows and where they are, what was tested and why not, the strongest pair."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tumint import keys as k
from tumint.text import integer, listed, plural, probability, ratio, setting

if TYPE_CHECKING:
    import pandas as pd

_FDR = 0.05
_WHY = {
    k.TOO_FEW: "too few cells (`--min-cells`)",
    k.ABSENT: "a type that is not there",
    k.NO_VARIATION: "nothing that could be otherwise",
    k.NO_COORDINATES: "no coordinates",
}


def at_the_end(scores: pd.DataFrame, out: Path, subjects: Mapping[str, str] | None = None) -> str:
    """The last line, from the table of the contract `SCORES`.

    Parameters
    ----------
    subjects
        Subject of each sample, where a column names it.
    """
    tested = scores[scores[k.STATUS] == k.TESTED]
    head = f"score: {plural(len(scores), 'row')} in {out}"
    return f"{head}; {_samples(scores, tested, subjects or {})}; {_strongest(tested)}"


def _samples(scores: pd.DataFrame, tested: pd.DataFrame, subjects: Mapping[str, str]) -> str:
    """Samples, or subjects, that a pair was tested in, and those that none was, with the commonest reason."""
    unit = "subject" if subjects else "sample"
    of = scores[k.SAMPLE].astype(str).map(lambda name: subjects.get(name, name))
    used = set(of.loc[tested.index])
    lost = [name for name in dict.fromkeys(of) if name not in used]
    said = f"{plural(len(used), unit)} used, {integer(len(lost)) if lost else 'none'} lost"
    if lost:
        why = scores.loc[of.isin(lost), k.STATUS].astype(str).value_counts().index[0]
        said += f" ({listed(lost, 3)}: {_WHY.get(str(why), str(why))})"
    counts = scores.loc[scores[k.STATUS] != k.TESTED, k.STATUS].astype(str).value_counts()
    told = [f"{integer(n)} {_WHY.get(str(status), str(status))}" for status, n in counts.items()]
    pairs = f"{integer(len(tested))} of {plural(len(scores), 'pair')} tested"
    return f"{said}; {pairs}" + (f" ({listed(told)})" if told else "")


def _strongest(tested: pd.DataFrame) -> str:
    """The pair that is furthest from chance in the most samples."""
    rows = tested[tested["q"].notna()]
    if rows.empty:
        return "nothing was tested"
    hits = rows[rows["q"] < _FDR]
    if hits.empty:
        return f"no pair is far from chance (smallest q = {probability(float(rows['q'].min()))})"
    signed = hits.assign(up=hits["log2_enrichment"] > 0)
    key = [k.SOURCE, k.TARGET, "up"]
    per = signed.groupby(key, sort=True, observed=True).agg(n=(k.SAMPLE, "nunique"), size=("log2_enrichment", "median"))
    per = per.assign(far=per["size"].abs()).sort_values(["n", "far"], ascending=False, kind="stable").reset_index()
    best = per.to_dict("records")[0]
    source, target, up = str(best[k.SOURCE]), str(best[k.TARGET]), bool(best["up"])
    shared = rows[(rows[k.SOURCE].astype(str) == source) & (rows[k.TARGET].astype(str) == target)][k.SAMPLE].nunique()
    times, word = ratio(2.0 ** float(best["size"])), "more" if up else "less"
    return (
        f"strongest: {source} → {target}, {times} times what chance has, {word} than chance in {integer(best['n'])} of "
        f"{plural(shared, 'sample')} (q < {setting(_FDR)} in each)"
    )
