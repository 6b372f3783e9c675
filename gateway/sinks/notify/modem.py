"""A GSM modem on a serial port, by AT commands (3GPP TS 27.005, 27.007). Blocking; used from a thread."""

import re
import threading
import time
from types import TracebackType
from typing import Final, Self

import serial

from gateway.model.errors import Misconfigured, Reject, Retry
from gateway.sinks.notify.pdu import submits
from gateway.sinks.notify.ways import going

WAIT_S: Final = 5.0
"""For the answer to a command that sends nothing."""
_REGISTERED: Final = frozenset({"1", "5", "6", "7", "9", "10"})
"""At home, roaming; on LTE also "SMS only" and "CSFB not preferred", both for each (TS 27.007, 7.2)."""
_NEVER: Final = frozenset({1, 8, 10, 28, 29, 30})
"""Causes that will not change for this number (TS 24.011, annex E-2)."""
_ERROR: Final = re.compile(r"ERROR(?:: *(\d*))?[^\r\n]*[\r\n]")
"""A whole line: of a cause in two pieces the first may be another cause."""


class Modem:
    """Context manager.

    Raises (when entered):
        Retry: no port, no modem, no network. Misconfigured: the card wants a PIN that is missing or wrong.
    """

    def __init__(self, device: str, baudrate: int, pin: str | None, timeout: float) -> None:
        self._device, self._baudrate, self._pin, self._timeout = device, baudrate, pin, timeout
        self._reference = int(time.monotonic()) & 0xFF
        self.halt = threading.Event()

    def __enter__(self) -> Self:
        try:
            # Exclusive: a conversation that a reload left may still be in its last part.
            self._port = serial.Serial(
                self._device, self._baudrate, timeout=0.1, write_timeout=WAIT_S, exclusive=True
            )
        except (serial.SerialException, OSError) as error:
            raise Retry(f"{self._device}: {error}") from error
        try:
            self._begin()
        except BaseException:
            self._port.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._port.close()

    def send(self, number: str, _subject: str, text: str) -> None:
        """One message, in as many parts as it needs; its text says all that a subject would.

        Raises:
            Reject: this number will never take it. Retry: the network or the modem will not now.
        """
        self._reference = (self._reference + 1) & 0xFF
        try:
            made = submits(number, text, self._reference)
        except ValueError as error:
            raise Reject(str(error)) from error
        for length, pdu in made:
            going(self.halt)
            self._ask(f"AT+CMGS={length}", until=">")
            self._ask(pdu, end="\x1a", wait=self._timeout)

    def _begin(self) -> None:
        self._port.reset_input_buffer()
        self._port.write(b"\x1b\r")  # leave a prompt that a killed gateway left open
        self._ask("ATE0")
        state = self._ask("AT+CPIN?")
        if "SIM PIN" in state:
            if self._pin is None:
                raise Misconfigured(f"{self._device}: the card asks for its PIN; give pin_env or pin_file")
            try:
                self._ask(f'AT+CPIN="{self._pin}"', shown="AT+CPIN=...")
            except Retry as error:  # three wrong ones lock the card: never tried again by itself
                raise Misconfigured(f"{self._device}: the card refuses the PIN") from error
        self._ask("AT+CMGF=0")
        found = self._ask("AT+CREG?").partition("+CREG:")[2].split(",")
        if len(found) < 2 or found[1].split()[0] not in _REGISTERED:
            raise Retry(f"{self._device}: the modem is in no network")

    def _ask(
        self, command: str, *, until: str = "OK", end: str = "\r", wait: float = WAIT_S, shown: str = ""
    ) -> str:
        """The modem's words up to ``until``."""
        shown = shown or (command if len(command) < 40 else "the message")
        try:
            self._port.write((command + end).encode("ascii"))
            return self._read(until, shown, time.monotonic() + wait)
        except (serial.SerialException, OSError) as error:
            raise Retry(f"{self._device}: {shown}: {error}") from error

    def _read(self, until: str, shown: str, deadline: float) -> str:
        said = ""
        while time.monotonic() < deadline:
            said += bytes(self._port.read(256)).decode("ascii", "replace")
            found = _ERROR.search(said)
            if found and "+CMS" in said and int(found[1] or 0) in _NEVER:
                raise Reject(f"the network refuses: +CMS {found[0].strip()}")
            if found:
                raise Retry(f"{self._device}: {shown}: {' '.join(said.split())}")
            if until in said:
                return said
        raise Retry(f"{self._device}: no answer to {shown}")
