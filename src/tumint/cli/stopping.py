"""A verb that is told to stop: its clean-up runs, one line is printed, and the exit code is that of the signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tumint.machine import ending_signals

# Slurm's `scancel` and time limits, a closed terminal, a limit of processor time, Ctrl-C
_SIGNALS = ending_signals()
_WORDS = {
    "SIGTERM": "it was told to (by a person, a time limit or the scheduler)",
    "SIGHUP": "its terminal was closed",
    "SIGXCPU": "its limit of processor time was reached",
    "SIGINT": "Ctrl-C",
}


class Stopped(BaseException):
    """A signal that ends the process; no `except Exception` takes it for a fault of what was running."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"stopped by {self.signal.name}: {_WORDS[self.signal.name]}; nothing half-written is left")

    @property
    def exit_code(self) -> int:
        """As a shell has it: 128 and the number of the signal."""
        return 128 + self.signal


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` in the block where a signal would end the process without any clean-up.

    A second one is ignored, so that the clean-up is not itself cut short. What the caller had ignored, as `nohup` does,
    stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    mine = [number for number, handler in before.items() if handler != signal.SIG_IGN]

    def stop(number: int, _: FrameType | None) -> None:
        for other in mine:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    try:
        for number in mine:
            signal.signal(number, stop)
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
