"""Notes what each process used when it ends, for `benchmarks/scale.py`: on the path of all that a measured run starts.

Snakemake's own benchmark looks twice a second, and after half a minute twice a minute: it misses how a job begins and
ends, and peaks between. A line in `$USAGE_FILE`: what the output goes to (a job's log tells which job it was), the
command, CPU seconds and peak memory (KiB), of the process alone.
"""

import atexit
import os
import resource
import sys


def _note():
    own = resource.getrusage(resource.RUSAGE_SELF)
    out = os.readlink("/proc/self/fd/1")
    words = " ".join(sys.orig_argv[1:8]).replace("\t", " ").replace("\n", " ")
    cpu = own.ru_utime + own.ru_stime
    with open(os.environ["USAGE_FILE"], "a", encoding="utf-8") as file:
        file.write(f"{out}\t{words}\t{cpu:.3f}\t{own.ru_maxrss}\n")


if "USAGE_FILE" in os.environ:
    atexit.register(_note)
