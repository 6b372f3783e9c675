"""What changes who may: signing in and out, passwords, accounts, panels, tokens. Journalled first, then done."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from fastapi import HTTPException

from gateway.console.people import passwords, totp
from gateway.console.people.book import Account, Book, Panel, Session, Token, digest, new_secret
from gateway.console.people.door import Door, Principal
from gateway.console.people.lockout import FREE, Lockout
from gateway.console.people.roles import PEOPLE, Role
from gateway.model.commands import Actor
from gateway.model.errors import Refused

Audit: TypeAlias = Callable[[Actor, str, dict[str, str]], Awaitable[None]]
"""(who, what, details): one ``access`` event in the journal"""
CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ISSUER: Final = "Fengsui"
NOBODY: Final = Actor("nobody", "nobody", "nobody")
DAY_S: Final = 86400


class Access:
    """One gateway's people."""

    def __init__(self, door: Door, book: Book, audit: Audit) -> None:
        self.door, self.book, self._audit = door, book, audit
        self.lockout = Lockout()
        self._passwords = passwords.Passwords()
        self._pending: dict[str, str] = {}  # account -> second factor not yet confirmed
        self.code = "" if book.founded else new_code()

    # --- first start -------------------------------------------------------------------------------------------

    async def found(self, at: Principal, code: str, id_: str, name: str, password: str) -> Account:
        """The first administrator, or one more where the terminal gave a code for it."""
        self._count(at)
        if not self.code or not secrets.compare_digest(code.strip().upper().encode(), self.code.encode()):
            raise HTTPException(401, "this is not the code that stands on the gateway's terminal")
        self.lockout.right(source(at))
        passwords.check(password, id_, name)
        account = await self._new(id_, name, Role.ADMINISTRATOR, password)
        await self._say(
            Actor(id_, name, "administrator", at.workstation or at.address), "account-made", account
        )
        self.book.accounts[account.id] = account
        self.book.save()
        self.code = ""
        return account

    async def another_code(self) -> str:
        """For an administrator whose password is lost: the terminal of the machine asks."""
        await self._audit(Actor("terminal", "terminal", "terminal"), "code-made", {})
        self.code = new_code()
        return self.code

    # --- in and out --------------------------------------------------------------------------------------------

    async def sign_in(
        self, at: Principal, user: str, password: str, code: str, workstation: str
    ) -> tuple[str, Session]:
        """The session's secret. The try counts as wrong until it is right, so that many at once gain nothing."""
        wrong = self._count(at)
        account = await self.prove(user, password, code, panel=bool(at.panel))
        if account is None:
            if wrong == FREE:
                await self._audit(NOBODY, "sign-in-refused", {"from": source(at), "tries": str(wrong)})
            raise HTTPException(401, "wrong name, password or code")
        self.lockout.right(source(at))
        place = at.workstation if at.panel else workstation or at.address
        await self._say(Actor(account.id, account.name, account.role.value, place), "signed-in", account)
        return self.door.begin(account, place)

    async def prove(self, user: str, password: str, code: str, *, panel: bool = False) -> Account | None:
        """The account, if this is really that person."""
        account = self.book.accounts.get(user)
        alive = account is not None and not account.disabled
        kept = account.password if account and alive else ""
        if (
            not await self._passwords.fits(kept, password[: passwords.LONGEST + 1], first=panel)
            or not account
        ):
            return None
        if account.second:
            step = totp.accepted(account.second, code, self.door.now(), account.second_used)
            if step is None:
                return None
            account.second_used = step
        return account

    async def vouch(self, at: Principal, user: str, password: str, code: str) -> Account | None:
        """The second person of an act that somebody does ``at`` a place.

        A wrong proof counts like a wrong sign-in from there: an act of two is no way to guess a password. A password
        that somebody else has chosen proves nobody until it is changed.

        Raises:
            HTTPException: 429, too many wrong ones.
        """
        self._count(at)
        account = await self.prove(user, password, code, panel=bool(at.panel))
        if account is None or account.must_change:
            return None
        self.lockout.right(source(at))
        return account

    async def sign_out(self, who: Actor, session: Session) -> None:
        await self._audit(who, "signed-out", {"account": session.account})
        self.door.end([session])

    def _count(self, at: Principal) -> int:
        where, now = source(at), self.door.now()
        if wait := self.lockout.wait(where, now):
            after = f"{max(1.0, wait):.0f}"
            raise HTTPException(
                429, f"too many wrong ones from here; again in {after} s", {"Retry-After": after}
            )
        return self.lockout.wrong(where, now, panel=bool(at.panel))

    # --- one's own ---------------------------------------------------------------------------------------------

    async def change_password(self, who: Actor, at: Principal, old: str, new: str) -> None:
        account = self.book.accounts[who.id]
        self._count(at)
        if not await self._passwords.fits(account.password, old):
            raise HTTPException(401, "the present password is another")
        self.lockout.right(source(at))
        passwords.check(new, account.id, account.name)
        await self._say(who, "password-changed", account)
        account.password, account.must_change = await self._passwords.hashed(new), False
        self.book.save()

    def offer_second(self, who: Actor) -> tuple[str, str]:
        """A new secret and its URI; it counts once a code of it was entered."""
        secret = self._pending[who.id] = totp.new_secret()
        return secret, totp.uri(secret, who.id, ISSUER)

    async def confirm_second(self, who: Actor, code: str) -> None:
        secret = self._pending.get(who.id, "")
        step = totp.accepted(secret, code, self.door.now(), 0) if secret else None
        if step is None:
            raise Refused("this is not the code that the device shows now")
        account = self.book.accounts[who.id]
        await self._say(who, "second-factor-set", account)
        account.second, account.second_used = self._pending.pop(who.id), step
        self.book.save()

    # --- the administrator's -----------------------------------------------------------------------------------

    async def make_account(self, who: Actor, fields: Account, password: str) -> Account:
        if fields.id in self.book.accounts:
            raise Refused(f"there is an account {fields.id} already")
        passwords.check(password, fields.id, fields.name)
        account = await self._new(fields.id, fields.name, _role(fields.role), password, fields.person)
        account.must_change = True
        await self._say(who, "account-made", account)
        self.book.accounts[account.id] = account
        self.book.save()
        return account

    async def change_account(self, who: Actor, id_: str, password: str | None, **changes: object) -> Account:
        """New name, role, person, disabled; ``password`` to be changed at the next sign-in; ``second`` False: none."""
        account = self._account(id_)
        self._keep_one(account, changes)
        told = {k: str(v) for k, v in changes.items()} | ({"password": "new"} if password else {})
        if password:
            passwords.check(password, account.id, account.name)
        await self._say(who, "account-changed", account, told)
        if changes.pop("second", None) is False:
            account.second = ""
        for name, value in changes.items():
            setattr(account, name, value)
        if password:
            account.password, account.must_change = await self._passwords.hashed(password), True
        self.door.end([s for s in self.book.sessions.values() if s.account == id_ and id_ != who.id])
        return account

    def _keep_one(self, account: Account, changes: dict[str, object]) -> None:
        goes = changes.get("disabled") is True or changes.get("role", account.role) is not Role.ADMINISTRATOR
        others = [a for a in self.book.accounts.values() if a is not account]
        last = not any(a.role is Role.ADMINISTRATOR and not a.disabled for a in others)
        if account.role is Role.ADMINISTRATOR and goes and last:
            raise Refused("this is the last administrator")
        if {account.role, changes.get("role", account.role)} == {Role.ADMINISTRATOR, Role.AUDITOR}:
            raise Refused(
                "an administrator does not become an auditor, nor the other way: make another account"
            )

    async def make_panel(self, who: Actor, name: str) -> tuple[str, Panel]:
        secret = new_secret()
        panel = Panel(secrets.token_hex(4), name, digest(secret), int(self.door.now()), who.id)
        await self._audit(who, "panel-registered", {"panel": panel.id, "name": name})
        self.book.panels[panel.id] = panel
        self.book.save()
        return secret, panel

    async def make_token(self, who: Actor, name: str, role: Role, days: int) -> tuple[str, Token]:
        secret, now = new_secret(), int(self.door.now())
        token = Token(
            secrets.token_hex(4), name, _role(role), digest(secret), now + days * DAY_S, now, who.id
        )
        await self._audit(who, "token-made", {"token": token.id, "name": name, "role": role.value})
        self.book.tokens[token.id] = token
        self.book.save()
        return secret, token

    async def drop(self, who: Actor, kind: str, id_: str) -> None:
        """End a panel or a token."""
        kept: dict[str, Panel] | dict[str, Token] = self.book.panels if kind == "panel" else self.book.tokens
        if id_ not in kept:
            raise HTTPException(404, f"no {kind} {id_!r}")
        await self._audit(who, f"{kind}-ended", {kind: id_, "name": kept[id_].name})
        del kept[id_]
        self.book.save()

    # --- small -------------------------------------------------------------------------------------------------

    async def _new(self, id_: str, name: str, role: Role, password: str, person: str = "") -> Account:
        made = int(self.door.now())
        return Account(id_, name, role, await self._passwords.hashed(password), person, made=made)

    def _account(self, id_: str) -> Account:
        if id_ not in self.book.accounts:
            raise HTTPException(404, f"no account {id_!r}")
        return self.book.accounts[id_]

    async def _say(self, who: Actor, what: str, account: Account, more: dict[str, str] | None = None) -> None:
        await self._audit(who, what, {"account": account.id, "role": account.role.value, **(more or {})})


def source(at: Principal) -> str:
    """What wrong tries are counted by."""
    return f"panel:{at.panel}" if at.panel else f"address:{at.address}"


def new_code() -> str:
    """50 random bits that a person can type: ``7KQ4-M2XP-9H``."""
    raw = "".join(secrets.choice(CODE_LETTERS) for _ in range(10))
    return f"{raw[:4]}-{raw[4:8]}-{raw[8:]}"


def _role(role: Role) -> Role:
    if role not in PEOPLE:
        raise Refused(f"role {role}; allowed: {', '.join(PEOPLE)}")
    return role
