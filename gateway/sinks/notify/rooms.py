"""A chat group through its robot: JSON by POST, with the standard library in a thread. Blocking."""

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from gateway.model.errors import Misconfigured, Reject, Retry
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.robots import BUSY, cut, dingtalk, signature, wecom
from gateway.sinks.notify.ways import LoginRefused, going
from gateway.wires.tls import context

LOCAL: Final = (("http", "127.0.0.1"), ("http", "localhost"))
PAUSE_S: Final = 3.2
"""Between two messages: robots take 20 a minute."""


class Room:
    """Context manager. ``phones`` are mentioned in the next message.

    Raises (when entered):
        Misconfigured: the address or a certificate cannot be used.
    """

    def __init__(self, settings: Settings, url: str, key: str | None) -> None:
        place = urlsplit(url)
        if place.scheme != "https" and (place.scheme, place.hostname) not in LOCAL:
            raise Misconfigured(f"{settings.by}: the robot's address must begin with https://")
        if not (url.isascii() and url.isprintable()) or " " in url:
            raise Misconfigured(f"{settings.by}: the robot's address has a character that no address has")
        self._settings, self._url, self._key = settings, url, key
        self._tls: ssl.SSLContext | None = None
        self.phones: tuple[str, ...] = ()
        self.halt = threading.Event()

    def __enter__(self) -> Self:
        self._tls = context(self._settings.by, self._settings.tls) if self._url.startswith("https") else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send(self, _receiver: str, _subject: str, text: str) -> None:
        """The text in as many messages as it needs.

        Raises:
            Reject: the robot refuses the message. Retry: not now. LoginRefused: key, signature or address are wrong.
        """
        make = wecom if self._settings.by == "wecom" else dingtalk
        for n, piece in enumerate(cut(text)):
            going(self.halt, PAUSE_S if n else 0.0)
            self._post(make(piece, self.phones if n == 0 else ()))

    def _post(self, body: bytes) -> None:
        url = self._url
        if self._key is not None:
            url += ("&" if "?" in url else "?") + signature(self._key, time.time_ns() // 1_000_000)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - http and https only, see __init__
        try:
            with urllib.request.urlopen(request, timeout=self._settings.timeout, context=self._tls) as answer:  # noqa: S310
                said = answer.read(65_536)
        except urllib.error.HTTPError as error:
            with error:
                raise Retry(
                    f"{self._settings.by}: {error.code}"
                ) from None  # the address is a secret: not in words
        except OSError as error:
            raise Retry(f"{self._settings.by}: {getattr(error, 'reason', error)}") from None
        except http.client.HTTPException as error:
            raise Retry(f"{self._settings.by}: not an answer of HTTP: {type(error).__name__}") from None
        self._judge(said)

    def _judge(self, said: bytes) -> None:
        by = self._settings.by
        try:
            found: Any = json.loads(said)
            code, words = int(found["errcode"]), str(found.get("errmsg", ""))[:200]
        except (ValueError, KeyError, TypeError) as error:
            raise Retry(f"{by}: an answer that is not its own: {said[:80]!r}") from error
        if code == 0:
            return
        if code in BUSY[by]:
            raise Retry(f"{by}: {code} {words}", after=30.0)
        if code in LOGIN[by]:
            raise LoginRefused(f"{by}: {code} {words}")
        raise Reject(f"{by}: {code} {words}")


LOGIN: Final = {
    "wecom": frozenset({93000, 40001, 40014}),
    "dingtalk": frozenset({300001, 310000, 400013, 400101, 400102, 400106}),
}
"""``errcode`` that says: wrong key, signature or keyword, the robot or its group is gone; a person must look."""
