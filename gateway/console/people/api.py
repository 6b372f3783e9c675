"""/session and /setup: who am I, sign in and out, one's own password and second factor, the first administrator."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.people.access import Access
from gateway.console.people.door import OWN_BUSINESS, SESSION, Door, Principal, cookie_name
from gateway.console.people.passwords import LONGEST
from gateway.console.people.roles import Role, rights
from gateway.model.commands import Actor

Secret = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)]
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": schemas.Problem} for code in (401, 403, 404, 409, 415, 422, 429, 503)
}


class SignInBody(schemas.Model):
    """Who, and the proof. ``workstation`` counts only where no panel is registered."""

    user: Id
    password: Secret
    code: Code = ""
    workstation: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""


class PasswordBody(schemas.Model):
    old: Secret
    new: Secret


class CodeBody(schemas.Model):
    code: Code


class SetupBody(schemas.Model):
    """The first administrator; ``code`` stands on the gateway's terminal."""

    code: Code
    user: Id
    name: schemas.Word
    password: Secret


class UserView(schemas.Model):
    id: str
    name: str
    role: str
    must_change: bool
    second: bool


class SessionView(schemas.Model):
    """Who this page is. ``word`` is repeated in X-Fengsui-Session with every act; ``until``: ms since 1970."""

    mode: str = Field(description="`name`: whoever sits here gives a name; `sign-in`: accounts")
    setup: bool = Field(description="no administrator yet: the code on the terminal makes one")
    user: UserView | None
    roles: list[str]
    workstation: str
    panel: bool
    view: bool
    until: int | None
    word: str
    may: list[str]
    lacks: list[str] = Field(
        description="parts that this console does not have: `changes`, `proposals`, `exercise`"
    )


class OfferView(schemas.Model):
    secret: str
    uri: str


class TerminalCodeView(schemas.Model):
    code: str


def actor_of(who: Principal) -> Actor:
    """The person of a session or the program of a token, as the journal names them."""
    return Actor(who.id, who.name, who.role.value, who.workstation)


def session_view(door: Door, who: Principal, *, setup: bool) -> dict[str, Any]:
    """What the page needs to know of itself."""
    account = door.book.accounts.get(who.id) if door.book and who.kind == "session" else None
    user = account and {
        "id": account.id, "name": account.name, "role": account.role.value, "must_change": account.must_change,
        "second": bool(account.second),
    }  # fmt: skip
    return {
        "mode": "name" if door.book is None else "sign-in",
        "setup": setup,
        "user": user,
        "roles": [r.value for r in who.roles],
        "workstation": who.workstation,
        "panel": bool(who.panel),
        "view": who.kind != "nobody" and not who.must_change,
        "until": round(who.until * 1000) if who.until else None,
        "word": who.csrf,
        "may": rights(who.roles, door.lacks),
        "lacks": list(door.lacks),
    }


def router(door: Door, access: Access | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["session"], responses=RESPONSES)
    house = _House(door, access)
    _session(api, house)
    _own(api, house)
    _setup(api, house)
    return api


@dataclass(frozen=True, slots=True)
class _House:
    """What the handlers share."""

    door: Door
    access: Access | None

    def shown(self, who: Principal) -> dict[str, Any]:
        return session_view(self.door, who, setup=self.access is not None and not self.access.book.founded)

    def people(self) -> Access:
        if self.access is None:
            raise HTTPException(404, "this gateway has no accounts")
        return self.access

    def at(self, request: Request) -> Principal:
        """Where somebody stands who is nobody yet: a registered panel, or an address."""
        return self.door.panel_of(request) or Principal("nobody", address=self.door.address(request))


def _session(api: APIRouter, house: _House) -> None:
    """In, out, and who am I."""
    door = house.door

    @api.get("/session", response_model=SessionView)
    async def me(request: Request) -> Response:
        """Who this page is and what it may."""
        return answer(house.shown(request.state.who))

    @api.post("/session", response_model=SessionView)
    async def sign_in(request: Request, body: SignInBody) -> Response:
        """Sign in. Wrong ones are counted by where they come from; a registered panel never waits long."""
        at = house.at(request)
        secret, session = await house.people().sign_in(
            at, body.user, body.password, body.code, body.workstation
        )
        response = answer(house.shown(door.principal(session, at)))
        secure = request.url.scheme == "https"
        response.set_cookie(
            cookie_name(SESSION, request.url.port), secret, httponly=True, samesite="strict", secure=secure
        )
        return response

    @api.delete("/session", response_model=SessionView)
    async def sign_out(request: Request) -> Response:
        """Sign out; a registered panel goes on looking."""
        who: Principal = request.state.who
        session = door.session_of(request)
        if session is not None and who.kind == "session":
            await house.people().sign_out(actor_of(who), session)
        response = answer(house.shown(door.panel_of(request) or Principal("nobody")))
        response.delete_cookie(cookie_name(SESSION, request.url.port))
        return response

    @api.post("/session/here", response_model=SessionView)
    async def here(request: Request) -> Response:
        """Somebody is at the page: the right to act goes on."""
        session = door.session_of(request)
        if session is not None:
            session.idle = door.now()
        return answer(house.shown(door.who(request)))


def _own(api: APIRouter, house: _House) -> None:
    """One's own password and second factor."""

    @api.post("/session/password", response_model=SessionView)
    async def password(request: Request, body: PasswordBody) -> Response:
        """Change one's own password."""
        who = _person(request)
        await house.people().change_password(actor_of(who), who, body.old, body.new)
        return answer(house.shown(house.door.who(request)))

    @api.post("/session/second", response_model=OfferView)
    async def second(request: Request) -> Response:
        """A secret for a second factor (TOTP); it counts once confirmed."""
        secret, uri = house.people().offer_second(actor_of(_person(request)))
        return answer({"secret": secret, "uri": uri})

    @api.post("/session/second/confirm", response_model=SessionView)
    async def confirm(request: Request, body: CodeBody) -> Response:
        """The device shows this code: from now on it is asked for."""
        await house.people().confirm_second(actor_of(_person(request)), body.code)
        return answer(house.shown(house.door.who(request)))


def _setup(api: APIRouter, house: _House) -> None:
    """The first administrator, and the way back for a lost password."""

    @api.post("/setup", response_model=UserView)
    async def setup(request: Request, body: SetupBody) -> Response:
        """Make the first administrator with the one-time code that stands on the gateway's terminal."""
        a = await house.people().found(house.at(request), body.code, body.user, body.name, body.password)
        return answer(
            {"id": a.id, "name": a.name, "role": a.role.value, "must_change": False, "second": False}
        )

    @api.post("/setup/code", response_model=TerminalCodeView)
    async def code() -> Response:
        """A new one-time code, for an administrator whose password is lost; only the machine's own terminal."""
        return answer({"code": await house.people().another_code()})


def _person(request: Request) -> Principal:
    who: Principal = request.state.who
    if who.kind != "session":
        raise HTTPException(403, "only somebody who has signed in")
    return who


__all__ = ["OWN_BUSINESS", "Role", "actor_of", "router", "session_view"]
