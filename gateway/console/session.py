"""Who may act, until sign-in exists: the command line by the bearer token of ``console.json``, the page by its session.

The page's secret is derived from the token and not the token itself, so that a page can never give away what the
command line uses. It travels in a cookie that other sites cannot make a browser send (SameSite=Strict) and counts only
when the page repeats it in a header, which other sites cannot set (no CORS): a forged form or image does nothing.
"""

import hashlib
import hmac
from typing import Final

HEADER: Final = "x-fengsui-session"
COOKIE: Final = "fengsui_session"


def session_of(token: str) -> str:
    """The page's secret: HMAC-SHA256 of a fixed word under the token, hex."""
    return hmac.new(token.encode(), b"fengsui console page", hashlib.sha256).hexdigest()


def cookie_name(port: int | None) -> str:
    """Cookies do not know ports, and two gateways may share a loopback address: the port is part of the name."""
    return f"{COOKIE}_{port or 80}"


class Keys:
    """Compares what a request brings with what is allowed, in constant time."""

    def __init__(self, token: str) -> None:
        if len(token) < 16:
            raise ValueError("a console token has at least 16 characters")
        self._token = token.encode()
        self.session = session_of(token)

    def allow(self, authorization: str, session: str) -> bool:
        """True for ``Bearer <token>`` or for the page's session header."""
        scheme, _, given = authorization.partition(" ")
        bearer = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)
        return bearer or hmac.compare_digest(session.encode(), self.session.encode())
