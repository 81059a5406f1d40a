"""What to say where the machine, not the data, ended a verb: memory, disk, files, threads; and of errors of our own.

Nothing is kept: a job that ran out of something is begun again from whole files.
"""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from tumint import machine
from tumint.errors import Fault
from tumint.text import fixed, integer

EXIT_CODE = 3
_FULL = re.compile(r"errno = (28|122)|No space left on device|Disk quota exceeded")
_LESS = "fewer samples in a job (`samples_per_job`), fewer `--cores`, or more memory (`--set-resources RULE:mem_mb=N`)"


def fault_of(error: BaseException, verb: str, out: Path | None = None) -> Fault | None:
    """The fault of `error` in the words of the machine; None where it has another cause.

    `out` is what the verb writes: an error while a file is written names none.
    """
    where = f"tumint {verb}"
    if isinstance(error, MemoryError):
        return Fault(where, f"memory for it: {_LESS}", f"none left: {_memory()}")
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return Fault(where, "to start a thread: fewer `--cores`, or a higher `ulimit -u`", "that the system refuses it")
    if not isinstance(error, OSError):
        return None
    path = error.filename if isinstance(error.filename, str) else str(out or "")
    place = f"{where}: {path}" if path else where
    # libraries of file formats keep the number in their text alone
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)) or _FULL.search(str(error)):
        return Fault(place, "room on the disk: free some, or put `results` on another", f"none: {_disk(path)}")
    if error.errno == errno.EFBIG:
        return Fault(place, "to write a file of any size: raise `ulimit -f`", f"a limit of {_limit('FSIZE')}")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return Fault(place, "to open another file: raise `ulimit -n`", f"a limit of {_limit('NOFILE')} files")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Fault(place, "a file or folder that this user may use", str(error.strerror))
    return None


def internal(error: BaseException, verb: str) -> str:
    """One line on an error of ours, with the file that has the traceback."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    place = _written("".join(traceback.format_exception(error)), verb)
    where = f"the log is {place}" if place else "TUMINT_DEBUG=1 shows where it happened"
    return f"internal error in `tumint {verb}`, please report it ({where}): {said[:300]}"


def _written(text: str, verb: str) -> Path | None:
    """The file that `text` was written to: beside the log of a job, else among temporary files."""
    with contextlib.suppress(OSError, ValueError):
        log = machine.file_of(sys.stderr)
        if log is not None and log.suffix == ".log":
            place = log.with_suffix(".traceback.txt")
            place.write_text(text, encoding="utf-8")
            return place
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(prefix=f"tumint_{verb}_", suffix=".traceback.txt")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return Path(name)
    return None


def _memory() -> str:
    """What this process held, and may hold."""
    peak, allowed = machine.peak_memory_mb(), machine.allowed_memory()
    said = "how much it held is not known" if peak is None else f"it held {integer(peak)} MB"
    return said if allowed is None else f"{said} of {integer(allowed / 2**20)} MB allowed"


def _disk(path: str) -> str:
    folder = next((one for one in (Path(path), *Path(path).parents, Path.cwd()) if one.is_dir()), Path("/"))
    return f"{fixed(shutil.disk_usage(folder).free / 1e9, 1)} GB free in {folder.resolve()}"


def _limit(name: str) -> str:
    value = machine.limit(name)
    return "a size not known" if value is None else integer(value) + (" bytes" if name == "FSIZE" else "")
