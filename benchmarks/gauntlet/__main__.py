"""Attacks on the contact statistics, into docs/validation.md: `make gauntlet`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from document import put

from gauntlet.effect_tables import composition, effects
from gauntlet.parts import parts
from gauntlet.rare import rare
from gauntlet.tables import Run, attacks, power

SECTIONS = {
    "attacks": ("Contact under attack", attacks),
    "parts": ("What carries a difference of contacts", parts),
    "power": ("Contact effects that are there", power),
    "rare": ("Contacts of rare types", rare),
    "effects": ("Planted contact effects and their estimates", effects),
    "composition": ("One contact effect, two compositions", composition),
}


def main() -> None:
    """Write the sections."""
    parser = argparse.ArgumentParser(prog="python -m gauntlet", description=__doc__)
    parser.add_argument("--part", choices=list(SECTIONS), nargs="+", default=list(SECTIONS), help="only these sections")
    parser.add_argument("--animals", type=int, default=Run.animals, help="of each arm")
    parser.add_argument("--cohorts", type=int, default=Run.cohorts, help="of each design")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, default=Run.keep, metavar="DIR", help="where animals that are made lie")
    parser.add_argument("--out", type=Path, default=Path("docs/validation.md"))
    a = parser.parse_args()
    run = Run(a.animals, a.cohorts, a.workers, a.keep)
    for part in a.part:
        title, table = SECTIONS[part]
        made = f"`make gauntlet ARGS='--part {part} --animals {a.animals} --cohorts {a.cohorts}'`"
        put(a.out, {title: f"{made}\n\n{table(run)}"})


if __name__ == "__main__":
    main()
