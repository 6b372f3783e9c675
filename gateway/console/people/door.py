"""Who a request is, and whether it may do what it asks.

Four ways to be somebody: the command line's token (``console.json``), an API token, a session cookie, a panel cookie.
Cookies are ``HttpOnly`` and ``SameSite=Strict`` and count for an act only when the page repeats the session's own word
in a header, which other sites cannot read or set. Without a book of accounts (on loopback, where the
configuration says so) whoever sits at the machine acts under the name they give.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from fastapi import HTTPException
from starlette.requests import Request

from gateway.console.people.book import Account, Book, Session, digest, new_secret
from gateway.console.people.roles import Role, granted

HEADER: Final = "x-fengsui-session"
SESSION: Final = "fengsui_session"
PANEL: Final = "fengsui_panel"
ACT_IDLE_S: Final = 30 * 60
ACT_LONGEST_S: Final = 12 * 3600
"""a shift"""
YEAR_S: Final = 365 * 86400
"""browsers keep a cookie 400 days at most"""
MOST_SESSIONS: Final = 200
OWN_BUSINESS: Final = "/api/v1/session"
"""all that somebody may use whose password must be changed first"""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, as far as this request proves."""

    kind: str
    """session, panel, token, terminal, named, nobody"""
    roles: tuple[Role, ...] = (Role.NOBODY,)
    id: str = ""
    name: str = ""
    workstation: str = ""
    csrf: str = ""
    panel: str = ""
    """id of the panel it comes from"""
    address: str = ""
    must_change: bool = False
    until: float = 0.0
    """s since 1970, when the right to act ends if nobody moves"""
    role: Role = Role.NOBODY
    """the one under which this request is allowed"""


def cookie_name(base: str, port: int | None) -> str:
    """Cookies do not know ports, and two gateways may share an address: the port is part of the name."""
    return f"{base}_{port or 80}"


def page_word(token: str) -> str:
    """What the page of a gateway without accounts repeats: HMAC-SHA256 of a fixed word under the token, hex."""
    return hmac.new(token.encode(), b"fengsui console page", hashlib.sha256).hexdigest()


class Door:
    """Answers who and whether; changes nothing but when somebody last moved."""

    def __init__(
        self,
        terminal: str,
        book: Book | None = None,
        *,
        now: Callable[[], float] = time.time,
        act_idle_s: float = ACT_IDLE_S,
        act_longest_s: float = ACT_LONGEST_S,
        proxies: Iterable[str] = (),
    ) -> None:
        if len(terminal) < 16:
            raise ValueError("a console token has at least 16 characters")
        self._terminal = terminal.encode()
        self.book = book
        self.now = now
        self.act_idle_s, self.act_longest_s = act_idle_s, act_longest_s
        self.word = page_word(terminal)
        self._proxies = frozenset(proxies)
        self.lacks: tuple[str, ...] = ()
        """parts that this console does not have, by their names in ``roles.PARTS``"""

    # --- who ---------------------------------------------------------------------------------------------------

    def who(self, request: Request) -> Principal:
        """The most that the request proves."""
        authorization = request.headers.get("authorization", "")
        if authorization:
            return self._bearer(authorization, self.address(request))
        if self.book is None:
            return Principal("named", (Role.OPERATOR, Role.ENGINEER), csrf=self.word)
        panel = self.panel_of(request)
        at = panel.panel if panel else ""
        found = self._session(request)
        if found is None:
            return panel or Principal("nobody", address=self.address(request))
        place = panel.workstation if panel else found.workstation
        return replace(found, panel=at, address=self.address(request), workstation=place)

    def _bearer(self, authorization: str, address: str) -> Principal:
        scheme, _, given = authorization.partition(" ")
        given = given.strip()
        if scheme.lower() != "bearer":
            return Principal("nobody")
        if hmac.compare_digest(given.encode(), self._terminal):
            return Principal("terminal", (Role.TERMINAL,), "terminal", "terminal")
        kept = digest(given)
        for token in self.book.tokens.values() if self.book else ():
            if hmac.compare_digest(token.secret, kept) and self.now() < token.until:
                return Principal(
                    "token", (token.role,), f"api:{token.id}", token.name, address, address=address
                )
        return Principal("nobody")

    def panel_of(self, request: Request) -> Principal | None:
        """The registered panel it comes from."""
        given = request.cookies.get(cookie_name(PANEL, request.url.port), "")
        kept = digest(given) if given else ""
        for panel in self.book.panels.values() if self.book and given else ():
            if hmac.compare_digest(panel.secret, kept):
                word = hashlib.sha256(b"panel page" + given.encode()).hexdigest()
                return Principal(
                    "panel",
                    (Role.VIEWER, Role.NOBODY),
                    f"panel:{panel.id}",
                    panel.name,
                    panel.name,
                    word,
                    panel.id,
                )
        return None

    def session_of(self, request: Request) -> Session | None:
        """The sign-in behind the cookie, expired or not."""
        given = request.cookies.get(cookie_name(SESSION, request.url.port), "")
        return self.book.sessions.get(digest(given)) if self.book and given else None

    def _session(self, request: Request) -> Principal | None:
        session = self.session_of(request)
        account = self.book.accounts.get(session.account) if self.book and session else None
        if session is None or account is None or account.disabled:
            return None
        session.idle = session.idle or self.now()
        until = min(float(session.until), session.idle + self.act_idle_s)
        if self.now() >= until:
            return None
        return self.principal(session, Principal("nobody"), until)

    def principal(self, session: Session, at: Principal, until: float = 0.0) -> Principal:
        """The person of a sign-in."""
        account = self._need().accounts[session.account]
        return Principal(
            "session", (account.role,), account.id, account.name, session.workstation, session.csrf, at.panel,
            at.address, account.must_change, until or min(float(session.until), session.idle + self.act_idle_s),
        )  # fmt: skip

    def address(self, request: Request) -> str:
        """Where it comes from; behind a trusted proxy, what that says."""
        host = request.client.host if request.client else ""
        if host in self._proxies:
            return request.headers.get("x-forwarded-for", host).rpartition(",")[2].strip() or host
        return host

    # --- whether -----------------------------------------------------------------------------------------------

    async def admit(self, request: Request) -> None:
        """Every endpoint of the API asks this first; ``request.state.who`` is the answer.

        Raises:
            HTTPException: 401 nobody, or the session is over; 403 not with this role.
        """
        path, method = request.scope["path"], request.method
        found = self.who(request)
        role = granted(method, path, found.roles)
        if role is None:
            raise _not_allowed(found)
        if found.must_change and not path.startswith(OWN_BUSINESS):
            raise HTTPException(403, "this password has to be changed first")
        if method not in {"GET", "HEAD"} and found.csrf and not self._repeats(request, found):
            raise HTTPException(401, "the session has ended; load the page again")
        request.state.who = replace(found, role=role)

    @staticmethod
    def _repeats(request: Request, found: Principal) -> bool:
        given = request.headers.get(HEADER, "")
        signs_in = found.kind == "panel" and request.scope["path"] == OWN_BUSINESS
        return signs_in or hmac.compare_digest(given.encode(), found.csrf.encode())

    # --- sessions ----------------------------------------------------------------------------------------------

    def begin(self, account: Account, workstation: str) -> tuple[str, Session]:
        """A new sign-in: its secret (for the cookie) and what is kept of it."""
        book, now = self._need(), self.now()
        secret = new_secret()
        session = Session(
            digest(secret),
            account.id,
            workstation,
            int(now + self.act_longest_s),
            secrets.token_urlsafe(24),
            now,
        )
        book.sessions = {k: s for k, s in book.sessions.items() if s.until > now}
        while len(book.sessions) >= MOST_SESSIONS:
            del book.sessions[next(iter(book.sessions))]
        book.sessions[session.secret] = session
        book.save()
        return secret, session

    def end(self, sessions: Iterable[Session]) -> None:
        """Sign out."""
        book = self._need()
        for session in tuple(sessions):
            book.sessions.pop(session.secret, None)
        book.save()

    def still(self, request: Request) -> Callable[[], bool]:
        """Whether a stream that was opened by this request may go on."""
        method, path = request.method, request.scope["path"]
        return lambda: granted(method, path, self.who(request).roles) is not None

    def _need(self) -> Book:
        if self.book is None:
            raise HTTPException(404, "this gateway has no accounts")
        return self.book


def _not_allowed(found: Principal) -> HTTPException:
    if found.kind in {"nobody", "panel"}:
        return HTTPException(401, "sign in first")
    return HTTPException(403, f"not with the role {found.roles[0].value}")
