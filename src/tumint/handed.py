"""What jobs are handed in files: params, rows of the sheet, names of files. They grow with cohort and panel, and Linux
takes at most 128 KiB in one argument of a command.

The Snakefile names a file when it is parsed, and writes it when a run starts, under the lock; on a command line it is
`@FILE`. A digest of what it holds is in its name: other contents are another argument, and the job runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.io.atomic import write_text

MARK = "@"


class Handed:
    """The files of a cohort's jobs, in one folder that holds nothing else."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._texts: dict[str, str] = {}

    def text(self, name: str, text: str) -> str:
        """The argument, `@FILE`, that stands for `text`."""
        file = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
        self._texts[file] = text
        return f"{MARK}{self._folder / file}"

    def paths(self, name: str, paths: Iterable[str]) -> str:
        """The argument that stands for `paths`."""
        return self.text(name, json.dumps(list(paths), ensure_ascii=False))

    def write(self) -> None:
        """Write them all, and remove those of earlier runs."""
        for name, text in self._texts.items():
            write_text(self._folder / name, text)
        for path in self._folder.glob("*.json"):
            if path.name not in self._texts:
                path.unlink(missing_ok=True)


def read_text(value: str, option: str) -> str:
    """`value`, or what the file holds that it names as `@FILE`.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    if not value.startswith(MARK):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        gone = "none, as where settings or the sheet were edited after that: run again"
        found = gone if isinstance(error, FileNotFoundError) else str(error)
        raise DataError(Fault(f"{option} {value}", "the file that a run writes when it starts", found)) from None


def read_paths(values: Iterable[str | Path], option: str) -> list[Path]:
    """The paths that `values` are, or the JSON list of a file that a single value names as `@FILE`.

    Raises
    ------
    DataError
        The file cannot be read, or holds something else.
    """
    given = [str(value) for value in values]
    if len(given) != 1 or not given[0].startswith(MARK):
        return [Path(value) for value in given]
    text = read_text(given[0], option)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise DataError(Fault(f"{option} {given[0]}", "a JSON list of paths", f"`{text[:40]}`"))
    return [Path(one) for one in found]
