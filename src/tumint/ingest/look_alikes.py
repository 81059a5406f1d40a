"""Names that look the same on a screen and are not: letters of other scripts, spaces of other widths. Pure text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# letters of Cyrillic and Greek that look like Latin ones, from the confusables of Unicode (UTS 39)
_OTHER = "АВЕКМНОРСТХУаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρυχ"
_LATIN = "ABEKMHOPCTXYaeopcyxijsdqwABEZHIKMNOPTYXovpux"
_AS_LATIN = str.maketrans(_OTHER, _LATIN)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def skeleton(name: str) -> str:
    """What a name looks like: the same for names that a person cannot tell apart."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).translate(_AS_LATIN)
    return " ".join(re.sub("[\u2010-\u2015\u2212]", "-", plain).split())


def look_alikes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that look the same; the second is the one with unusual characters."""
    first: dict[str, str] = {}
    found = []
    for name in sorted(set(names), key=lambda n: (not n.isascii(), n)):
        other = first.setdefault(skeleton(name), name)
        if other != name:
            found.append((other, name))
    return found
