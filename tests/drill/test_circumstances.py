"""The same cohort elsewhere: other locales, time zones, hash seeds, cores, homes and paths (`make drill`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import runs
from ledger import Ledger

LONG = "/".join(["a folder with a long name, as people give them to find it again"] * 3)
Variables = dict[str, str | None]
# each run takes several circumstances at once: name of the folder, cores, environment, mode of new files
ELSEWHERE: tuple[tuple[str, int, Variables, int | None], ...] = (
    (
        *("with spaces", 1),
        {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "0"},
        None,
    ),
    (
        *("tümör µm 腫瘍", 3),
        {"LC_ALL": "de_DE.UTF-8", "TZ": "America/St_Johns", "HOME": None},
        None,
    ),
    (
        *(LONG, 2),
        {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "HOME": "{here}/my home", "OMP_NUM_THREADS": "1"},
        0o77,
    ),
    (
        *("it's {one}", 2),
        {"LC_ALL": "POSIX", "PYTHONHASHSEED": "1", "HOME": "/dev/null/home", "NUMBA_NUM_THREADS": "1"},
        None,
    ),
    (
        *("link", 1),
        {"LC_ALL": None, "LANG": None, "TMPDIR": "{here}/tmp", "NUMBA_NUM_THREADS": "2"},
        0o2,
    ),
    (
        *('"quoted" $HOME; `x`', 2),
        {"LC_ALL": "xx_XX.UTF-8", "PYTHONHASHSEED": "4294967295", "TZ": "no/where", "OMP_NUM_THREADS": "8"},
        None,
    ),
    (
        *("-dash", 2),
        {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0", "TZ": "", "HOME": "{here}/read only"},
        None,
    ),
)


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the locales of a German and a Turkish machine, where they can be made."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        for name in ("de_DE", "tr_TR"):
            subprocess.run(["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")], capture_output=True)
    return str(folder)


@pytest.mark.slow
def test_the_same_bytes_elsewhere(undisturbed: runs.Undisturbed, locales: str, tmp_path: Path) -> None:
    expected = runs.digests(undisturbed.ran)
    with Ledger("circumstances") as ledger:
        for i, (name, cores, variables, mask) in enumerate(ELSEWHERE):
            here = tmp_path / str(i)
            folder = _folder(undisturbed, here, name)
            made = {key: value and value.replace("{here}", str(here)) for key, value in variables.items()}
            if str(made.get("LC_ALL")).startswith(("de_", "tr_")):
                made["LOCPATH"] = locales
            before = os.umask(mask) if mask is not None else None
            try:
                done = runs.run(folder, "--cores", cores, env=runs.environment(**made))
            finally:
                if before is not None:
                    os.umask(before)
            wrong = runs.differences(runs.digests(folder), expected)
            # the folder and the number of cores are circumstances too
            what = [name[:20], f"{cores} cores", *(f"{k}={v}" for k, v in variables.items()), *([mask] if mask else [])]
            for one in what:
                ledger.look(f"{one}", done.said)
                if done.code or wrong:
                    ledger.lose(f"{one} of {what}: code {done.code}, {wrong[:9]} {done.lines}\n{done.said[-1500:]}")
                else:
                    ledger.same()


def _folder(undisturbed: runs.Undisturbed, here: Path, name: str) -> Path:
    """The cohort in a working folder of this name; `link` is a link to it."""
    for other in ("my home", "tmp", "read only"):
        (here / other).mkdir(parents=True)
    (here / "read only").chmod(0o555)
    real = undisturbed.copy(here / ("real" if name == "link" else name))
    if name == "link":
        (here / name).symlink_to(real)
    return here / name
