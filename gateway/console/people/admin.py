"""/accounts, /panels, /tokens: what the administrator keeps and the auditor reads."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.people.access import Access
from gateway.console.people.api import RESPONSES, Id, Secret, actor_of
from gateway.console.people.book import Account, Panel, Token
from gateway.console.people.door import PANEL, YEAR_S, cookie_name
from gateway.console.people.roles import Role

PersonRole = Literal["regulator", "viewer", "operator", "engineer", "administrator", "auditor"]


class AccountBody(schemas.Model):
    """A new account; its password is changed at the first sign-in."""

    id: Id
    name: schemas.Word
    role: PersonRole
    password: Secret
    person: Annotated[str, Field(max_length=64)] = ""


class AccountChange(schemas.Model):
    """What becomes different. ``second`` false takes the second factor away (a lost telephone)."""

    name: schemas.Word | None = None
    role: PersonRole | None = None
    person: Annotated[str, Field(max_length=64)] | None = None
    disabled: bool | None = None
    password: Secret | None = None
    second: Literal[False] | None = None


class AccountView(schemas.Model):
    id: str
    name: str
    role: PersonRole
    person: str
    second: bool
    must_change: bool
    disabled: bool
    made: int


class AccountsView(schemas.Model):
    accounts: list[AccountView]


class NameBody(schemas.Model):
    name: schemas.Word


class PanelView(schemas.Model):
    id: str
    name: str
    made: int
    by: str


class PanelsView(schemas.Model):
    panels: list[PanelView]


class TokenBody(schemas.Model):
    name: schemas.Word
    role: PersonRole
    days: Annotated[int, Field(ge=1, le=1096)] = 365


class TokenView(schemas.Model):
    id: str
    name: str
    role: PersonRole
    until: int
    made: int
    by: str


class TokensView(schemas.Model):
    tokens: list[TokenView]


class MadeTokenView(TokenView):
    """``secret`` is shown once and kept nowhere."""

    secret: str


def router(access: Access | None) -> APIRouter:
    """Handlers; none where the gateway has no accounts."""
    api = APIRouter(tags=["people"], responses=RESPONSES)
    if access is not None:
        _accounts(api, access)
        _panels(api, access)
        _tokens(api, access)
    return api


def _accounts(api: APIRouter, access: Access) -> None:
    book = access.book

    @api.get("/accounts", response_model=AccountsView)
    async def accounts() -> Response:
        """All accounts, without their secrets."""
        return answer({"accounts": [_account(a) for a in book.accounts.values()]})

    @api.post("/accounts", response_model=AccountView)
    async def make(request: Request, body: AccountBody) -> Response:
        """A new account."""
        fields = Account(body.id, body.name, Role(body.role), "", body.person)
        made = await access.make_account(actor_of(request.state.who), fields, body.password)
        return answer(_account(made))

    @api.patch("/accounts/{account}", response_model=AccountView)
    async def change(request: Request, account: str, body: AccountChange) -> Response:
        """Change an account; what it had open is signed out."""
        changes: dict[str, Any] = {
            name: getattr(body, name)
            for name in ("name", "person", "disabled", "second")
            if getattr(body, name) is not None
        }
        if body.role is not None:
            changes["role"] = Role(body.role)
        who = actor_of(request.state.who)
        return answer(_account(await access.change_account(who, account, body.password, **changes)))


def _panels(api: APIRouter, access: Access) -> None:
    book = access.book

    @api.get("/panels", response_model=PanelsView)
    async def panels() -> Response:
        """Registered panels."""
        return answer({"panels": [_panel(p) for p in book.panels.values()]})

    @api.post("/panels", response_model=PanelView)
    async def register(request: Request, body: NameBody) -> Response:
        """Register the screen this comes from: it sees from now on, whoever is signed in."""
        secret, panel = await access.make_panel(actor_of(request.state.who), body.name)
        response = answer(_panel(panel))
        response.set_cookie(
            cookie_name(PANEL, request.url.port), secret, max_age=YEAR_S, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    @api.delete("/panels/{panel}", response_model=PanelsView)
    async def drop(request: Request, panel: str) -> Response:
        """It is a panel no more."""
        await access.drop(actor_of(request.state.who), "panel", panel)
        return answer({"panels": [_panel(p) for p in book.panels.values()]})


def _tokens(api: APIRouter, access: Access) -> None:
    book = access.book

    @api.get("/tokens", response_model=TokensView)
    async def tokens() -> Response:
        """Tokens of programs, without their secrets."""
        return answer({"tokens": [_token(t) for t in book.tokens.values()]})

    @api.post("/tokens", response_model=MadeTokenView)
    async def make(request: Request, body: TokenBody) -> Response:
        """A token for a program, with one role and an end."""
        secret, token = await access.make_token(
            actor_of(request.state.who), body.name, Role(body.role), body.days
        )
        return answer({**_token(token), "secret": secret})

    @api.delete("/tokens/{token}", response_model=TokensView)
    async def drop(request: Request, token: str) -> Response:
        """It opens nothing more."""
        await access.drop(actor_of(request.state.who), "token", token)
        return answer({"tokens": [_token(t) for t in book.tokens.values()]})


def _account(a: Account) -> dict[str, Any]:
    return {
        "id": a.id, "name": a.name, "role": a.role.value, "person": a.person, "second": bool(a.second),
        "must_change": a.must_change, "disabled": a.disabled, "made": a.made,
    }  # fmt: skip


def _panel(p: Panel) -> dict[str, Any]:
    return {"id": p.id, "name": p.name, "made": p.made, "by": p.by}


def _token(t: Token) -> dict[str, Any]:
    return {"id": t.id, "name": t.name, "role": t.role.value, "until": t.until, "made": t.made, "by": t.by}
