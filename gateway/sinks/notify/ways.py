"""How a message leaves. Each way tells one receiver at a time, in a thread."""

import threading
from typing import Protocol

from gateway.model.errors import Retry


def going(halt: threading.Event, wait: float = 0.0) -> None:
    """Wait before the next part.

    Raises:
        Retry: we are told to stop.
    """
    if halt.wait(wait):
        raise Retry("stopping")


class LoginRefused(Retry):
    """The other side answers and does not want us: a person must look, but we keep trying."""


class Sending(Protocol):
    """An open way; closed by the end of its ``with``."""

    halt: threading.Event
    """set when whoever wants it sent has gone: nothing is begun any more"""

    def send(self, receiver: str, subject: str, text: str, /) -> None:
        """Tell one receiver.

        Raises:
            Reject: this receiver will never take it. Retry: not now.
        """
        ...
