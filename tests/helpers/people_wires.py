"""The other ends of messages to people: a mail server and a GSM modem, scripted, each in a thread of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default


@dataclass
class MailServer:
    """Speaks enough of SMTP. ``refuse``: address -> reply to its RCPT; ``login``: reply to AUTH, as a script;
    ``sender``: replies to MAIL.
    """

    sender: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    login: list[str] = field(default_factory=list)
    mails: list[tuple[str, Message]] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[MailServer]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(server,))
            thread.start()
            try:
                yield self
            finally:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, ValueError):
                wire = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
                with wire, wire.makefile("rwb") as file:
                    self._converse(file)  # type: ignore[arg-type]

    def _converse(self, file: socket.SocketIO) -> None:
        def say(words: str) -> None:
            file.write(f"{words}\r\n".encode())
            file.flush()

        say("220 mail")
        to = ""
        for line in iter(file.readline, b""):
            word = line.split(b" ")[0].strip().upper()
            if word == b"EHLO":
                say("250-mail")
                say("250 AUTH PLAIN")
            elif word == b"AUTH":
                say(self.login.pop(0) if self.login else "235 welcome")
            elif word == b"MAIL":
                say(self.sender.pop(0) if self.sender else "250 ok")
            elif word == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
                say(self.refuse.get(to, "250 ok"))
            elif word == b"DATA":
                say("354 go on")
                data = b"".join(iter(file.readline, b".\r\n"))
                self.mails.append((to, message_from_bytes(data, policy=default)))
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


@dataclass
class GsmModem:
    """A modem on a pty. ``replies``: what it answers to the next messages; ``pin``: it asks for one."""

    replies: list[str] = field(default_factory=list)
    pin: str = ""
    registered: str = "1"
    pdus: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    device: str = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[GsmModem]:
        master, slave = os.openpty()
        tty.setraw(slave)
        tty.setraw(master)
        self.device = os.ttyname(slave)
        stop, wake = os.pipe()
        thread = threading.Thread(target=self._serve, args=(master, stop))
        thread.start()
        try:
            yield self
        finally:
            os.write(wake, b"x")
            thread.join()
            for each in (master, slave, stop, wake):
                os.close(each)

    def _serve(self, master: int, stop: int) -> None:
        import select

        heard, message = b"", False
        while True:
            ready, _, _ = select.select([master, stop], [], [])
            if stop in ready:
                return
            heard += os.read(master, 256).replace(b"\x1b", b"")
            while (end := b"\x1a" if message else b"\r") in heard:
                said, _, heard = heard.partition(end)
                answer, message = self._answer(said.decode().strip(), message)
                os.write(master, answer.encode())

    def _answer(self, said: str, message: bool) -> tuple[str, bool]:
        if message:
            self.pdus.append(said)
            reply = self.replies.pop(0) if self.replies else f"+CMGS: {len(self.pdus)}\r\n\r\nOK"
            return f"\r\n{reply}\r\n", False
        if said:
            self.commands.append(said)
        if said.startswith("AT+CMGS"):
            return "\r\n> ", True
        if said == "AT+CPIN?":
            return f"\r\n+CPIN: {'SIM PIN' if self.pin else 'READY'}\r\n\r\nOK\r\n", False
        if said.startswith("AT+CPIN="):
            good = said == f'AT+CPIN="{self.pin}"'
            self.pin = "" if good else self.pin
            return "\r\nOK\r\n" if good else "\r\n+CME ERROR: 16\r\n", False
        if said == "AT+CREG?":
            return f"\r\n+CREG: 0,{self.registered}\r\n\r\nOK\r\n", False
        return ("\r\nOK\r\n", False) if said else ("", False)


def read_pdu(pdu: str) -> tuple[str, str, bytes]:
    """(number, text, user data header) of an SMS-SUBMIT in UCS-2, by the standard and not by the product's code."""
    octets = bytes.fromhex(pdu)[1:]
    first, digits = octets[0], octets[2]
    size = (digits + 1) // 2
    swapped = octets[4 : 4 + size].hex()
    number = "".join(swapped[i + 1] + swapped[i] for i in range(0, len(swapped), 2))[:digits]
    number = ("+" if octets[3] == 0x91 else "") + number
    rest = octets[4 + size :]
    assert rest[:2] == b"\x00\x08", "plain, UCS-2"
    length, data = rest[3], rest[4:]
    assert len(data) == length <= 140
    header = data[: data[0] + 1] if first & 0x40 else b""
    return number, data[len(header) :].decode("utf-16-be"), header
