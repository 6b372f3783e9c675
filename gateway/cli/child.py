"""A simulator as a child: whoever stops the command stops it too, and its exit is the command's."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


def simulators(arguments: Sequence[str]) -> int:
    """``python -m simulators`` with these arguments, to its end; its exit status."""
    with subprocess.Popen([sys.executable, "-m", "simulators", *arguments]) as child, _passed_on(child):
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # the terminal has told the child as well; it ends in good order
                continue


@contextmanager
def _passed_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGTERM goes on to the child: a service manager knows only us."""

    def pass_on(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
