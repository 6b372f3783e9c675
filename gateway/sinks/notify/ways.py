"""How a message leaves. Each way tells one receiver at a time, in a thread."""

from typing import Protocol

from gateway.model.errors import Retry


class LoginRefused(Retry):
    """The other side answers and does not want us: a person must look, but we keep trying."""


class Sending(Protocol):
    """An open way; closed by the end of its ``with``."""

    def send(self, receiver: str, subject: str, text: str, /) -> None:
        """Tell one receiver.

        Raises:
            Reject: this receiver will never take it. Retry: not now.
        """
        ...
