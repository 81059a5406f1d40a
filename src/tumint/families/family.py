"""What is to be known of a family of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Family:
    """A family of features: features of one kind, tested and corrected together.

    Attributes
    ----------
    name
        As in the tables.
    title
        As in the reports.
    rank
        Place in reports, among the primary families or among the others.
    scale
        Values are natural logarithms (`log`), logarithms to base 2 (`log2`), or no logarithms, so that effects are no
        ratios: chances (`index`) or lengths (`um`).
    pools
        How the ROIs of a subject become one value. `information`: mean weighed by `weight`, the information of a fit,
        which is the fit of all ROIs as one. `counts`: `value` is log2((C + ½) / (E + ½)) and `weight` is E; counts are
        added up. `shares`: `value` is log((C + ½) / (n − C + ½)) of C among `n` cells and `weight` what could be seen
        there, n p (1 − p) with the cohort's share p; counts are added up. `cells`: mean weighed by `n`, the cells of
        the source, of which `response.min_cells` are needed. `mean`: mean weighed by `n`.
    value
        What a value is once it is no logarithm, as `cells per mm²`.
    sentence
        Of a finding, up to its numbers; fields in braces: `feature`, `source`, `target`, `group`, `reference`, `times`
        (the ratio with its interval), `sides` (`in treated as in vehicle`), `meet` (`A and B are in contact`), `nearer`
        (`nearer to`, `farther from`), `higher` (or `lower`), `deeper` (or `farther out`), `shares` (`28.0 % against
        52.0 %`, of values that are shares), `size` (of an effect in µm, without its sign), `whom` (`B`, `one another`),
        `thing` and `place` (the ends of a feature that is `A in B`, or `A with B`), `within` (the feature, `A in the B
        domain` where B is one).
        Families that pool by information have sentences of their own, see `response.wording`.
    primary
        Findings come from it; the others are other ways to look at the same contacts.
    directed
        `A → B` is not `B → A`.
    place
        What joins the two ends of a feature in its name where the second is a place and no type, as ` in `.
    statistic
        The statistic of `neighbourhood.statistics` that it compares, where that is not `edges`.
    """

    name: str
    title: str
    rank: int
    scale: Literal["log", "log2", "index", "um"]
    pools: Literal["information", "counts", "shares", "cells", "mean"]
    value: str
    sentence: str = ""
    primary: bool = True
    directed: bool = False
    place: str = ""
    statistic: str = ""
