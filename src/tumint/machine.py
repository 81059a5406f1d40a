"""What Linux, macOS and WSL name differently or lack: threads, memory, limits, locks, signals. No other module asks a
system for these, so that none needs a name that only one system has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows without WSL
    fcntl = None  # type: ignore[assignment]
try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]

_PROC, _CGROUP = Path("/proc"), Path("/sys/fs/cgroup")
_ENDING = ("SIGTERM", "SIGHUP", "SIGXCPU", "SIGINT")
_F_GETPATH = 50  # of macOS: the path of an open file


def usable_threads() -> int:
    """Threads that this process may use: those a scheduler left it where the system tells, else all of the machine."""
    affinity = getattr(os, "sched_getaffinity", None)
    if affinity is not None:
        with contextlib.suppress(OSError):
            return len(affinity(0))
    return os.cpu_count() or 1


def allocation() -> tuple[int, int | None] | None:
    """Cores, and memory in MB, of the Slurm job that this process is in, of this node; None: it is in no job.

    Memory is None where the cluster shares it out to nobody.
    """
    given = {name: os.environ.get(f"SLURM_{name}", "") for name in ("CPUS_ON_NODE", "MEM_PER_NODE", "MEM_PER_CPU")}
    numbers = {name: int(value) for name, value in given.items() if value.isascii() and value.isdigit() and int(value)}
    cores = numbers.get("CPUS_ON_NODE")
    if "SLURM_JOB_ID" not in os.environ or cores is None:
        return None
    per_cpu = numbers.get("MEM_PER_CPU")
    return cores, numbers.get("MEM_PER_NODE") or (per_cpu * cores if per_cpu else None)


def free_memory_gb() -> float | None:
    """Memory that a new process can have, in GB; pages that are only cached count as free. None: no system tells."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = (_PROC / "meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) * 1024 / 1e9
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    with contextlib.suppress(OSError, ValueError, AttributeError, subprocess.SubprocessError):
        return _vm_stat() * os.sysconf("SC_PAGE_SIZE") / 1e9
    return None


def _vm_stat() -> int:
    """Pages that macOS can give away: free, inactive, speculative and purgeable."""
    said = subprocess.run(["vm_stat"], text=True, capture_output=True, check=True, timeout=10).stdout
    pages = [
        int(number.strip().rstrip("."))
        for name, _, number in (line.partition(":") for line in said.splitlines())
        if name in ("Pages free", "Pages inactive", "Pages speculative", "Pages purgeable")
    ]
    if not pages:
        raise ValueError("vm_stat names no pages")
    return sum(pages)


def peak_memory_mb() -> float | None:
    """The most memory that this process held, in MB. None: no system tells."""
    if resource is None:
        return None
    peak: float = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)  # macOS counts bytes, Linux kilobytes


def allowed_memory() -> int | None:
    """Bytes that this process may hold by `ulimit` or its control group; None: no limit, or no system tells."""
    limits = [found for name in ("AS", "DATA") if (found := limit(name)) is not None]
    with contextlib.suppress(OSError, ValueError):
        limits.append(int((_CGROUP / "memory.max").read_text(encoding="ascii")))
    return min(limits, default=None)


def limit(name: str) -> int | None:
    """The limit that `ulimit` sets on this process, such as `NOFILE`; None: none, or the system has no such limit."""
    kind = getattr(resource, f"RLIMIT_{name}", None)
    if resource is None or kind is None:
        return None
    found = int(resource.getrlimit(kind)[0])
    return None if found == resource.RLIM_INFINITY else found


def lock(handle: IO[str]) -> None:
    """Hold a lock on an open file for the life of this process, where system and file system have locks.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system without locks: runs are not kept apart there


def user_id() -> int:
    """The number of this user; 0 where users have none, as all files there have."""
    ask = getattr(os, "getuid", None)
    return 0 if ask is None else int(ask())


def file_of(handle: IO[str]) -> Path | None:
    """The file that an open stream writes to; None: it is none, or the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        return Path(os.readlink(_PROC / "self" / "fd" / str(handle.fileno())))
    if sys.platform == "darwin" and fcntl is not None:
        with contextlib.suppress(OSError, ValueError):
            return Path(os.fsdecode(fcntl.fcntl(handle.fileno(), _F_GETPATH, bytes(1024)).rstrip(b"\0")))
    return None


def ending_signals() -> tuple[signal.Signals, ...]:
    """Of the signals that end a process and let it clean up, those that this system has."""
    return tuple(found for name in _ENDING if (found := getattr(signal, name, None)) is not None)
