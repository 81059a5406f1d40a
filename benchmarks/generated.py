"""Text that a script writes into a document, between two comments that name it; all else in the document stays."""

from __future__ import annotations

from pathlib import Path

from tumint.io.atomic import write_text

_BEGIN, _END = "<!-- {name}: made by `{made_by}`, do not edit -->", "<!-- end of {name} -->"


def write_between(path: Path, name: str, made_by: str, body: str) -> None:
    """Put `body` in place of what stands between the comments of `name`; at the end where there are none yet."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, replaced(text, name, made_by, body))


def replaced(text: str, name: str, made_by: str, body: str) -> str:
    """`text` with `body` between the comments of `name`.

    Raises
    ------
    ValueError
        One of the two comments is missing, or stands there twice.
    """
    block = f"{_BEGIN.format(name=name, made_by=made_by)}\n{body.strip()}\n{_END.format(name=name)}"
    opening, closing = f"<!-- {name}:", _END.format(name=name)
    counts = (text.count(opening), text.count(closing))
    if counts == (0, 0):
        return f"{text.rstrip()}\n\n{block}\n".lstrip("\n")
    if counts != (1, 1) or text.index(opening) > text.index(closing):
        raise ValueError(f"`{opening} ... -->` and `{closing}` have to stand there once each, in this order")
    before, rest = text.split(opening)
    return f"{before}{block}{rest.split(closing)[1]}"
