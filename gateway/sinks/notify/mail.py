"""Mail by SMTP, with the standard library in a thread. Blocking."""

import smtplib
import ssl
import threading
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from types import TracebackType
from typing import Final, Self

from gateway.model.errors import Reject, Retry
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.ways import LoginRefused, going
from gateway.wires.tls import context

LATER: Final = range(400, 500)
"""Replies that may change (RFC 5321, 4.2.1)."""


class Mail:
    """Context manager around one conversation.

    Raises (when entered):
        Retry: the server is gone or busy. LoginRefused: it does not take our login. Misconfigured: certificates.
    """

    def __init__(self, settings: Settings, password: str | None) -> None:
        self._settings, self._password = settings, password
        self.halt = threading.Event()

    def __enter__(self) -> Self:
        settings = self._settings
        made = context(f"smtp {settings.host}", settings.tls) if settings.encryption != "none" else None
        try:
            self._server = self._connect(made)
        except smtplib.SMTPAuthenticationError as error:
            raise LoginRefused(_words(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Retry(f"smtp {settings.host}: {_words(error)}") from error
        return self

    def _connect(self, made: ssl.SSLContext | None) -> smtplib.SMTP:
        s = self._settings
        if s.encryption == "tls" and made is not None:
            server: smtplib.SMTP = smtplib.SMTP_SSL(s.host, s.at, timeout=s.timeout, context=made)
        else:
            server = smtplib.SMTP(s.host, s.at, timeout=s.timeout)
        try:
            if s.encryption == "starttls":
                server.starttls(context=made)
            if s.username is not None:
                server.login(s.username, self._password or "")
        except BaseException:
            server.close()
            raise
        return server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._server.quit()
        except (smtplib.SMTPException, OSError):
            self._server.close()

    def send(self, address: str, subject: str, text: str) -> None:
        """One mail to one person.

        Raises:
            Reject: the server will never take it for this address. Retry: not now. LoginRefused: not from us.
        """
        going(self.halt)
        message = self._message(address, subject, text)
        try:
            self._server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _refusal(code, words) from error
        except (
            smtplib.SMTPSenderRefused
        ) as error:  # it is us the server does not want, whoever the mail is for
            raise LoginRefused(f"smtp {self._settings.host}: {_words(error)}") from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (ValueError, smtplib.SMTPNotSupportedError) as error:  # an address this server cannot have
            raise Reject(f"{address!r}: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Retry(f"smtp {self._settings.host}: {_words(error)}") from error

    def _message(self, address: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        # A description may have line breaks, as cells of a table have; a header may not.
        message["From"] = self._settings.sender
        try:
            message["To"] = address
        except (ValueError, LookupError, AttributeError) as error:  # so the standard library says: no address
            raise Reject(f"{address!r} is no mail address") from error
        message["Subject"] = " ".join(subject.split())
        message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid(domain="fengsui")
        message.set_content(text)
        return message


def _refusal(code: int, words: bytes | str) -> Reject | Retry:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return Retry(f"{code} {text}") if code in LATER else Reject(f"{code} {text}")


def _words(error: Exception) -> str:
    code, words = getattr(error, "smtp_code", None), getattr(error, "smtp_error", b"")
    return f"{code} {words.decode(errors='replace')}" if code else str(error)
