"""What `tumint power` and `tumint.power` are asked: all but one of effect, animals and power, and what the sd is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from tumint.errors import Fault, TumintError
from tumint.response.models.study import FEWEST, MOST_ANIMALS, Study
from tumint.text import either, percent, setting

POWER = 0.8  # where neither power nor animals, or neither power nor effect are given
_MOST_ROIS = 10_000


@dataclass(frozen=True)
class Asked:
    """The options of `tumint power`, by the names of `tumint.power`; `faults` says what may be in them."""

    effect: Any = None
    n_subjects: Any = None
    power: Any = None
    sd_between: Any = None
    sd_within: Any = None
    n_rois: Any = None
    correlation: Any = None
    ratio: Any = 1.0
    alpha: Any = 0.05
    tests: Any = 1
    true_share: Any = None

    @property
    def solves(self) -> str:
        """What is left out."""
        if self.n_subjects is None:
            return "n_subjects"
        return "effect" if self.effect is None else "power"

    @property
    def target(self) -> float:
        """The power that is asked for."""
        return POWER if self.power is None else float(self.power)

    @property
    def rois(self) -> list[int | None]:
        """Numbers of ROIs per animal, a row of each; None: that of the pilot, or an sd that has them in it."""
        return [None] if self.n_rois is None else [int(one) for one in several(self.n_rois)]

    @property
    def sizes(self) -> tuple[float, float]:
        """Animals of reference and group, or pairs twice, where they are given."""
        found = [float(one) for one in several(self.n_subjects)]
        return found[0], found[-1]

    def study(self, *, paired: bool) -> Study:
        """What is asked of every test."""
        share = None if self.true_share is None else float(self.true_share)
        return Study(float(self.alpha), int(self.tests), share, float(self.ratio), paired)


def several(value: Any) -> list[Any]:
    """One value or several as a list."""
    if isinstance(value, np.ndarray):
        return list(value.ravel())
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def check(asked: Asked, said: Callable[[str], str], *, pilot: bool) -> None:
    """Raise `TumintError` with one line for everything that is wrong with options.

    Parameters
    ----------
    said
        How an option is called where the user gave it: `--sd-between`, or `sd_between`.
    pilot
        Whether the sd comes from one.
    """
    found = [*_numbers(asked, said)]
    found = found or [*_left_out(asked, said), *_spread(asked, said, pilot=pilot)]
    found = found or [*_together(asked, said)]
    if found:
        raise TumintError(found)


def _numbers(asked: Asked, said: Callable[[str], str]) -> list[Fault | str]:
    """Values that are no numbers or out of their range, option by option."""
    inside: dict[str, tuple[str, Callable[[float], bool]]] = {
        "effect": ("a number other than 0", lambda x: x != 0),
        "sd_between": ("a number that is 0 or more", lambda x: x >= 0),
        "sd_within": ("a number that is 0 or more", lambda x: x >= 0),
        "power": ("a number between 0 and 1", lambda x: 0 < x < 1),
        "alpha": ("a number between 0 and 1", lambda x: 0 < x < 1),
        "true_share": ("a share above 0, at most 1", lambda x: 0 < x <= 1),
        "correlation": ("a number between -1 and 1", lambda x: -1 < x < 1),
        "ratio": ("a number between 0.01 and 100", lambda x: 0.01 <= x <= 100),
    }
    whole = {"tests": (1, 10**9), "n_subjects": (FEWEST, MOST_ANIMALS), "n_rois": (1, _MOST_ROIS)}
    found: list[Fault | str] = []
    for name, (expected, holds) in inside.items():
        value = getattr(asked, name)
        if value is None and name not in ("alpha", "ratio"):
            continue
        good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        if not (good and holds(float(value))):
            found.append(Fault(said(name), expected, f"`{value}`"))
    for name, (least, most) in whole.items():
        if (given := getattr(asked, name)) is None and name != "tests":
            continue
        values = several(given) if name != "tests" else [given]
        wrong = [v for v in values if not isinstance(v, Integral) or isinstance(v, bool) or not least <= int(v) <= most]
        if wrong or not values:
            expected = f"a whole number from {least} to {setting(most, 9)}"
            found.append(Fault(said(name), expected, f"`{wrong[0]}`" if wrong else "none"))
    return found


def _left_out(asked: Asked, said: Callable[[str], str]) -> list[Fault]:
    effect, animals, power = said("effect"), said("n_subjects"), said("power")
    where = f"{effect}, {animals}, {power}"
    if asked.effect is None and asked.n_subjects is None:
        return [Fault(where, f"{either((effect, animals))}, or both", "neither of the two")]
    if asked.effect is not None and asked.n_subjects is not None and asked.power is not None:
        return [Fault(where, "one of them left out, which is what is computed", "all three")]
    return []


def _spread(asked: Asked, said: Callable[[str], str], *, pilot: bool) -> list[Fault]:
    """Where the sd comes from."""
    between, within, rois = said("sd_between"), said("sd_within"), said("n_rois")
    if pilot:
        own = ("sd_between", "sd_within", "correlation")
        given = [name for name in own if getattr(asked, name) is not None]
        return [Fault(said(n), f"no {said(n)} beside a pilot, which says it", str(getattr(asked, n))) for n in given]
    if asked.sd_between is None:
        return [Fault(between, "the sd between animals, or a pilot that says it", "neither")]
    if asked.sd_within is not None and asked.n_rois is None:
        return [Fault(rois, f"ROIs per animal, beside {within}", "none")]
    if asked.sd_within is None and asked.n_rois is not None:
        return [Fault(within, f"the sd between ROIs of an animal, beside {rois}", "none")]
    if asked.sd_between == 0 and not asked.sd_within:
        return [Fault(between, f"an sd above 0, here or in {within}", "0")]
    return []


def _together(asked: Asked, said: Callable[[str], str]) -> list[Fault]:
    """What each option allows by itself, and two do not."""
    found = []
    given = [] if asked.n_subjects is None else several(asked.n_subjects)
    if len(given) > 2:
        found.append(Fault(said("n_subjects"), "one number, or one for each of two arms", f"{len(given)} numbers"))
    if asked.ratio != 1:
        if given:
            found.append(
                Fault(said("ratio"), f"no {said('n_subjects')} beside it, which says it", str(asked.n_subjects))
            )
        if asked.correlation is not None:
            found.append(Fault(said("ratio"), "1: pairs have as many in both groups", str(asked.ratio)))
    if asked.correlation is not None and len(set(given)) > 1:
        found.append(Fault(said("n_subjects"), "one number of pairs", str(asked.n_subjects)))
    if asked.true_share is not None and asked.tests * asked.true_share < 1:
        expected = f"at least 1 of {said('tests')} {asked.tests} with an effect"
        found.append(Fault(said("true_share"), expected, percent(float(asked.true_share))))
    if asked.solves != "power" and not found:
        level = asked.study(paired=False).level(asked.target)
        if asked.target <= level:
            found.append(Fault(said("power"), f"above {setting(level)}, which chance alone gives", str(asked.power)))
    return found
