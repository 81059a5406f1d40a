"""Verbs that are told to stop while they write: what was begun is gone, one line, the exit code of the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tumint import cli
from tumint.cli.stopping import Stopped, stoppable

# `tumint doctor`, made to write a file and to be at it for as long as the test wants
_WRITES = """
import sys, time
from pathlib import Path
from tumint import cli
from tumint.cli import doctor
from tumint.io.atomic import replacing
def write(_):
    try:
        with replacing(Path(sys.argv[1]) / "b0001.samples.parquet") as temporary:
            temporary.write_bytes(b"half")
            print("writing", flush=True)
            time.sleep(60)
    finally:
        time.sleep(float(sys.argv[2]))
doctor._doctor = write
sys.exit(cli.main(["doctor"]))
"""
_NAMES = ["SIGTERM", "SIGHUP", "SIGXCPU", "SIGINT"]


def _heard() -> None:
    """Signals as a terminal leaves them: where the tests run in the background, they would be ignored below too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _started(folder: Path, *before: str, tidying: float = 0.0) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", _WRITES, str(folder), str(tidying)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=None if before else _heard
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    assert len(list(folder.iterdir())) == 1
    return process


@pytest.mark.parametrize("name", _NAMES)
def test_a_signal_while_writing_leaves_nothing(tmp_path: Path, name: str) -> None:
    process = _started(tmp_path)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + getattr(signal, name)
    assert said.count("\n") == 1
    assert said.startswith(f"tumint: stopped by {name}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_does_not_cut_the_tidying_short(tmp_path: Path) -> None:
    process = _started(tmp_path, tidying=1.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_was_ignored_stays_ignored(tmp_path: Path) -> None:
    process = _started(tmp_path, "nohup")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM


def _told_to_stop() -> None:
    with stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def test_handlers_are_put_back_and_threads_do_without() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped):
        _told_to_stop()
    assert signal.getsignal(signal.SIGTERM) == before
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(cli.main(["score", "nowhere.csv", *_SCORE])))
    thread.start()
    thread.join()
    assert codes == [2]


_SCORE = ["--x", "x", "--y", "y", "--label", "t", "--out", "out.csv"]
