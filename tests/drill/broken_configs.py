"""Mistakes in a config: wrong kinds, wrong values, wrong names, wrong YAML, wrong formulas. Each with its words."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attack import Attack, Cohort

GONE = object()
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


def put(values: Any, key: str, value: Any) -> None:
    """Set `a.b.0.c` in nested dicts and lists; GONE removes it."""
    *inside, last = key.split(".")
    for name in inside:
        values = values[int(name)] if isinstance(values, list) else values.setdefault(name, {})
    if value is GONE:
        del values[last]
    elif isinstance(values, list):
        values[int(last)] = value
    else:
        values[last] = value


def value(key: str, new: Any, *words: str, besides: dict[str, Any] | None = None) -> Attack:
    """One key of the config has this value; the line names the config and the key, and holds `words`."""

    def do(cohort: Cohort) -> None:
        for name, one in (besides or {}).items():
            put(cohort.config, name, one)
        put(cohort.config, key, new)

    shown = "none" if new is GONE else repr(new)[:40]
    named = () if any(word.startswith("!") for word in words) else (f"`{key}`",)
    place = () if {"!panel.yaml", "!samples.tsv", "!types.csv header"} & {*words} else ("c.yaml",)
    return Attack(f"{key} = {shown}", do, (*place, *named, *(word.removeprefix("!") for word in words)))


CONTRAST = "response.contrasts.0"
VALUES = (
    value("cohort", GONE, "none"),
    value("cohort", "", "found ``"),
    value("cohort", "my cohort", "`my cohort`"),
    value("cohort", "../up", "`../up`"),
    value("cohort", "Kohorte_ä", "`Kohorte_ä`"),
    value("cohort", "c" * 300, "300"),
    value("cohort", 2024, "2024"),
    value("cohort", None, "None"),
    value("title", GONE, "none"),
    value("title", ["a"], "['a']"),
    value("source", None, "None"),
    value("simulated", "maybe", "maybe"),
    value("samples", GONE, "none"),
    value("samples", "", "found ``"),
    value("samples", "sampels.tsv", "sampels.tsv"),
    value("samples", ".", "a folder"),
    value("samples", "~/samples.tsv", "`~/samples.tsv`"),
    value("samples", "{batch}.tsv", "`{batch}.tsv`"),
    value("samples", ["samples.tsv"], "['samples.tsv']"),
    value("panel", "panels.yaml", "panels.yaml"),
    value("panel", "raw", "a folder"),
    value("panel", 5, "`5`"),
    value("panel", GONE, "none"),
    value("data", "nowhere", "none"),
    value("data", "panel.yaml", "`panel.yaml`", "a file"),
    value("results", "", "found ``"),
    value("results", "/", "`/`"),
    value("results", "~/r", "`~/r`"),
    value("results", "r_{batch}", "`r_{batch}`"),
    value("results", "r<x>", "`r<x>`"),
    value("results", "panel.yaml", "`panel.yaml`"),
    value("results", "panel.yaml/x", "`panel.yaml`"),
    value("results", "a\nb", "a\\nb"),
    value("results", "r\0", "\\x00"),
    value("results", "/proc/none", "`/proc`"),
    value("results", "r" * 300, "rrr"),
    value("seed", -1, "`-1`"),
    value("seed", 2**31, "`2147483648`"),
    value("seed", 1.5, "`1.5`"),
    value("seed", "abc", "`abc`"),
    value("seed", None, "`None`"),
    value("seed", math.nan, "`nan`"),
    value("seed", [0], "`[0]`"),
    value("samples_per_job", 0, "`0`"),
    value("samples_per_job", "all", "`all`"),
    value("samples_per_jobs", 5, "`samples_per_jobs`"),
    value("neighborhood", {}, "`neighborhood`"),
    value("ingest.format", "cellprofilr", "cellprofilr"),
    value("ingest.format", None, "None"),
    value("ingest.columns", GONE, "!ingest", "`columns`"),
    value("ingest.columns.x", GONE, "!ingest", "x"),
    value("ingest.columns.xx", "x", "`xx`"),
    value("ingest.columns.markers", {"CD99": "CD3"}, "CD99"),
    value("ingest.pixel_size_um", 0, "`0`"),
    value("ingest.pixel_size_um", "0,5", "`0,5`"),
    value("ingest.pixel_size_um", math.inf, "`inf`"),
    value("ingest.intensity_scale", -1, "`-1`"),
    value("ingest.intensity_column", "Mean", "!ingest", "`{channel}`"),
    value("ingest.decimal", ";", "`;`"),
    value("ingest.other_features", "keep", "`keep`"),
    value("ingest.masks", {"none": "x"}, "!ingest", "none"),
    value("ingest.masks", ["tumour"], "['tumour']"),
    value("ingest.missing_marker", "ignore", "`ignore`"),
    value("ingest.on_bad_sample", "skip", "`skip`"),
    value("qc.area_um2", {"min": 5, "max": 1}, "`min`", "max"),
    value("qc.area_um2", {"mad_bellow": 5}, "!qc.area_um2.mad_bellow", "`mad_bellow`"),
    value("qc.dna", {"mad_below": 0}, "!qc.dna.mad_below", "`0`"),
    value("qc.total", {"per": "roi"}, "!qc.total.per", "`roi`"),
    value("qc.total", 5, "`5`"),
    value("qc.markers", {"CD99": {"min": 0}}, "`CD99`"),
    value("qc.exclude_regions", [{"sample": "M9", "x_um": [0, 1]}], "!qc.exclude_regions.0.sample", "`M9`"),
    value("qc.exclude_regions", [{"sample": "M0_after", "x_um": [5, 1]}], "!qc.exclude_regions.0", "`x_um`"),
    value("qc.exclude_regions", [{"sample": "M0_after"}], "!qc.exclude_regions.0", "`polygon_um`"),
    value("qc.exclude_regions", [{"sample": "M0_after", "polygon_um": [[0, 0]]}], "!polygon_um", "3"),
    value("qc.max_dropped", 50, "`50`"),
    value("qc.min_cells", -1, "`-1`"),
    value("qc.stripes", {"min_depth": 25}, "!qc.stripes.min_depth", "`25`"),
    value("qc.on_failed_sample", "ignore", "`ignore`"),
    value("cluster.typing", "manual", "`manual`"),
    value("cluster.typing", "table", "!cluster", "`type_table`"),
    value("cluster.typing", "transfer", "!cluster", "`reference`"),
    value("cluster.type_table", "no.csv", "no.csv", besides={"cluster.typing": "table"}),
    value("cluster.type_table", "raw", "a folder", besides={"cluster.typing": "table"}),
    value("cluster.type_table", "types.csv", "!types.csv header", "`cell_type`", besides={"cluster.typing": "table"}),
    value("cluster.reference", {"path": "no.h5ad"}, "!cluster.reference.path", "no.h5ad"),
    value("cluster.normalise.method", "asinh", "`asinh`"),
    value("cluster.normalise.method", "reference", "!panel.yaml", "`use: reference`"),
    value("cluster.normalise.percentile", 0.99, "`0.99`"),
    value("cluster.normalise.cofactor", 0, "`0`"),
    value("cluster.normalise.compensation", "no.csv", "no.csv"),
    value("cluster.integrate.batch", "batsh", "`batsh`"),
    value("cluster.method", "louvain", "`louvain`"),
    value("cluster.n_neighbours", 1, "`1`"),
    value("cluster.resolution", 0, "!cluster.resolution", "`0`"),
    value("cluster.resolution", "automatic", "!cluster.resolution", "`automatic`"),
    value("cluster.sweep", {"enabled": False}, "!cluster", "sweep.enabled", besides={"cluster.resolution": "auto"}),
    value("cluster.sweep", {"resolutions": [1, 1]}, "!cluster.sweep.resolutions", "once"),
    value("cluster.min_score", 40, "`40`"),
    value("cluster.splits", [{"marker": "CD8", "at_least": 1, "cell_type": "x"}], "!cluster.splits.0", "from_type"),
    value(
        "cluster.splits",
        [{"from_type": "T cells", "marker": "CD99", "at_least": 1, "cell_type": "x"}],
        *("!cluster.splits.0.marker", "`CD99`"),
    ),
    value(
        "cluster.splits",
        [{"from_type": "T cell", "marker": "CD8", "at_least": 1, "cell_type": "x"}],
        *("!cluster.splits.0.from_type", "`T cell`"),
    ),
    value(
        "cluster.splits",
        [{"from_type": "T cells", "marker": "CD8", "at_least": 2, "below": 1, "cell_type": "x"}],
        *("!cluster.splits.0", "at_least", "below"),
    ),
    value("cluster.states", {"gates": {"CD99": 0.5}}, "!cluster.states.gates", "`CD99`"),
    value("cluster.states", {"gates": {"PD1": "high"}}, "!cluster.states.gates.PD1", "`high`"),
    value("cluster.spatial", {"ligand_receptor": "no.csv"}, "!cluster.spatial.ligand_receptor", "no.csv"),
    value("neighbourhood.graph", {"kind": "voronoi"}, "!neighbourhood.graph.kind", "`voronoi`"),
    value("neighbourhood.graph", {"kind": "knn", "k": 0}, "!neighbourhood.graph.k", "`0`"),
    value("neighbourhood.statistics", ["classic"], "edges"),
    value("neighbourhood.statistics", "edges", "edges"),
    value("neighbourhood.primary", "localised", "`localised`"),
    value("neighbourhood.primary", ["local"], "['local']"),
    value("neighbourhood.local_um", 0, "`0`"),
    value("neighbourhood.scales_um", [100, 0], "!neighbourhood.scales_um.1", "`0`"),
    value("neighbourhood.scales_um", [100, 100], "!neighbourhood.scales_um", "100"),
    value("neighbourhood.guard_um", -1, "`-1`"),
    value("neighbourhood.parents", {"T": ["T cells", "CD8 T"]}, "`CD8 T`"),
    value("neighbourhood.parents", {"T": "T cells"}, "!neighbourhood.parents.T", "T cells"),
    value("neighbourhood.domains", {"a": "x|y"}, "x|y"),
    value("neighbourhood.robustness", {"nulls": []}, "!neighbourhood.robustness.nulls", "1"),
    value("response", GONE, "none"),
    value("response.contrasts", GONE, "none"),
    value("response.contrasts", {}, "section"),
    value(f"{CONTRAST}.name", "treated vs vehicle", "`treated vs vehicle`"),
    value(f"{CONTRAST}.name", "size", "!response", "size"),
    value(f"{CONTRAST}.column", "amr", "!" + CONTRAST, "`amr`"),
    value(f"{CONTRAST}.column", GONE, "none"),
    value(f"{CONTRAST}.reference", "Vehicle", "`Vehicle`"),
    value(f"{CONTRAST}.group", "vehicle", "!" + CONTRAST, "reference"),
    value(f"{CONTRAST}.group", True, "`True`"),
    value(f"{CONTRAST}.adjust", ["batsh"], "!" + CONTRAST, "`batsh`"),
    value(f"{CONTRAST}.adjust", ["arm"], "!" + CONTRAST, "adjust"),
    value(f"{CONTRAST}.adjust", "batch", "batch"),
    value(f"{CONTRAST}.adjust", ["time"], "!samples.tsv", "`time`", "5 more subjects"),
    value(f"{CONTRAST}.paired", "cage", "!" + CONTRAST, "`cage`"),
    value(f"{CONTRAST}.at", {"time": "after"}, "!" + CONTRAST, "formula"),
    value(f"{CONTRAST}.subset", [{"column": "tiem", "values": ["x"]}], f"!{CONTRAST}.subset.0.column", "`tiem`"),
    value(f"{CONTRAST}.subset", [{"column": "time", "values": ["x"]}], f"!{CONTRAST}.subset.0.values", "`x`"),
    value(f"{CONTRAST}.subset", [{"feature": "B cells"}], f"!{CONTRAST}.subset.0.feature", "`B cells`"),
    value(f"{CONTRAST}.subset", [{"feature": "T cells", "quantile": 50}], f"!{CONTRAST}.subset.0.quantile", "`50`"),
    value("response.outcomes.0.column", "sise", "!response.outcomes.0", "`sise`"),
    value("response.outcomes.0.column", "time", "!samples.tsv", "`time`", "5 more"),
    value("response.outcomes.0.event", "died_", "!response.outcomes.0", "`died_`"),
    value("response.outcomes.0.event", "days", "!samples.tsv", "`days`", "0 or 1"),
    value("response.min_subjects", 1, "`1`"),
    value("response.method", "ttest", "`ttest`"),
    value("response.fdr", 5, "`5`"),
    value("response.robust", True, "!response", "`trend`", besides={"response.trend": True}),
    value("report.group", "amr", "`amr`"),
    value("report.palette", {"T cells": "reddish"}, "reddish"),
    value("report.palette", {"T cell": "red"}, "`T cell`"),
    value("report.max_map_cells", 1, "`1`"),
)


def formula(text: Any, *words: str, **more: Any) -> Attack:
    """The design of the contrast is this formula."""

    def do(cohort: Cohort) -> None:
        cohort.config["response"]["contrasts"][0].update(formula=text, **more)

    return Attack(f"formula {str(text)[:40]} {more or ''}", do, words)


KEY = f"key `{CONTRAST}.formula`"
FORMULAS = (
    formula("~ arm + ages", KEY, "`ages`"),
    formula("~ arm +", KEY, "the end of the formula"),
    formula("+ arm", KEY, "`+`"),
    formula("", KEY, "``"),
    formula("~", KEY, "formula"),
    formula("~ 0 + arm", KEY, "`0 + arm`"),
    formula("~ arm - time", KEY, "`- time`"),
    formula("y ~ arm", KEY, "`~`"),
    formula("~ arm | subject", KEY, "`| subject`"),
    formula("~ arm + (1|batch)", KEY, "|batch)"),
    formula("~ (arm", KEY, "`(`"),
    formula("~ arm)", KEY, "`)`"),
    formula("~ log(arm", KEY, "log"),
    formula("~ size", KEY, "`arm`"),
    formula("~ 1", KEY, "`arm`"),
    formula("~ arm + exp(size)", KEY, "`exp()`"),
    formula("~ arm + log(log(size))", KEY, "log"),
    formula("~ arm + log(batch)", "samples.tsv", "`batch`", "log(batch)"),
    formula("~ arm + time", "samples.tsv", "`time`"),
    formula("~ arm * arm * arm + amr", KEY, "`amr`"),
    formula("~ arm + `size", KEY, "`size"),
    formula("~ arm; import os", KEY, "; import os"),
    formula('~ arm + __import__("os").system("touch pwned")', KEY, "__import__"),
    formula("~ arm + C(size", KEY, "C"),
    formula("~ arm + subject", f"key `{CONTRAST}", "subject"),
    formula("(" * 5000, KEY, "5,000"),
    formula("~ " + "log(" * 240 + "size", KEY, "log()"),
    formula("~ " + "*".join(["arm", *(f"c{i}" for i in range(21))]), KEY, "22"),
    formula("~ arm + " + " + ".join(f"a{i}*b{i}*c{i}*d{i}*e{i}" for i in range(20)), KEY, "200 terms"),
    formula("~ arm ＋ size", KEY, "＋"),
    formula(["arm"], KEY, "['arm']"),
    formula("~ arm", f"key `{CONTRAST}.coefficient`", "`arm[trated]`", coefficient="arm[trated]"),
    formula("~ arm * time", f"key `{CONTRAST}", "`later`", at={"time": "later"}, paired="batch"),
    formula("~ arm", KEY, "`tiem`", at={"tiem": "after"}),
    formula("~ arm", f"key `{CONTRAST}`", "`adjust`", adjust=["size"]),
)


def text(name: str, change: Callable[[str], str | bytes], *words: str) -> Attack:
    """The text of the config is another."""

    def after(folder: Path) -> None:
        path = folder / "c.yaml"
        new = change(path.read_text(encoding="utf-8"))
        path.write_bytes(new if isinstance(new, bytes) else new.encode())

    return Attack(f"YAML: {name}", lambda cohort: None, ("c.yaml", *words), after)


def instead(old: str, new: str) -> Callable[[str], str]:
    """Another text in place of one that is there."""

    def change(whole: str) -> str:
        assert old in whole
        return whole.replace(old, new, 1)

    return change


YAML = (
    text("nothing", lambda _: "", "NoneType"),
    text("a comment only", lambda _: "# to do\n", "NoneType"),
    text("a list", lambda _: "- 1\n", "list"),
    text("one word", lambda _: "config", "str"),
    text("a key twice", lambda t: t + "cohort: other\n", "key `cohort`", "line 1"),
    text("a key twice inside", instead("  contrasts:", "  contrasts: []\n  contrasts:"), "key `response.contrasts`"),
    text("a bomb of aliases", lambda t: t + BOMB, "200,000"),
    text("an alias of itself", lambda t: t + "a: &a [*a]\n", "200,000"),
    text("an alias of nothing", instead("small", "*small"), "line 1", "small"),
    text("brackets without end", lambda t: t + "a: " + "[" * 5000, "sections"),
    text("a tab", instead("  format:", "\tformat:"), "line", "\\t"),
    text("a quote that stays open", instead("A small", '"A small'), "line", "end of stream"),
    text("no space after the colon", instead("cohort: small", "cohort:small"), "line"),
    text("a path of Windows in quotes", instead("samples.tsv", '"C:\\data\\xsamples.tsv"'), "line", "escape"),
    text("another indent", instead("  format:", " format:"), "line"),
    text("two documents", lambda t: t + "---\n" + t, "document"),
    text("an object of Python", lambda t: t + "x: !!python/object/apply:os.system [touch pwned]\n", "python/object"),
    text("a tag", instead("small", "!small small"), "line 1", "!small"),
    text("a NUL", lambda t: t.encode() + b"\0", "#x0000"),
    text("UTF-16", lambda t: t.encode("utf-16"), "UTF-8"),
    text("Latin-1", lambda t: t.replace("A small", "Größe").encode("latin-1"), "UTF-8"),
    text("zipped", lambda t: b"PK\x03\x04" + t.encode(), "#x0003"),
    text("a key that is a number", lambda t: t + "1: 2\n", "`1`"),
    text("a key that is a list", lambda t: t + "? [a]\n: 2\n", "line"),
    text("a key that is nothing", lambda t: t + "~: 2\n", "None"),
    text("no is not a word", instead("group: treated", "group: no"), "`False`"),
    text("a level that is a number", instead("group: treated", "group: 1"), "`1`"),
    text("a level that is a date", instead("group: treated", "group: 2024-05-01"), "2024"),
    text("typed quotes", instead("name: arm", "name: “arm”"), "“arm”"),
    text("a long file", lambda t: t + "#" * 11_000_000, "10,000,000"),
    text("a merge of no section", lambda t: t + "<<: 3\n", "line"),
)
