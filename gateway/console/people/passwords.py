"""Passwords as Argon2id hashes. Hashing costs memory and time on purpose, so one at a time and in a thread."""

import asyncio
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.model.errors import Refused, Retry

SHORTEST: Final = 10
LONGEST: Final = 200
"""a longer one only costs the gateway work"""
MOST_WAITING: Final = 8
COMMON: Final = frozenset(
    {"1234567890", "0123456789", "password12", "password123", "administrator", "qwertyuiop", "1q2w3e4r5t"}
)
# OWASP Password Storage Cheat Sheet, Argon2id: m = 19 MiB, t = 2, p = 1 (an edge computer has little memory to spare).
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


class Passwords:
    """Hashes and compares; at most one at a time, so that a flood of sign-ins cannot take the machine.

    The control room's panels have a turn of their own: nobody elsewhere can make them wait.
    """

    def __init__(self) -> None:
        self._turns = {False: asyncio.Semaphore(1), True: asyncio.Semaphore(1)}
        self._waiting = 0
        self._nobody = ""

    async def hashed(self, password: str) -> str:
        """The hash to keep."""
        async with self._turns[False]:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def fits(self, kept: str, password: str, *, first: bool = False) -> bool:
        """True for the right one. An empty ``kept`` takes as long as a real one: a name that exists is not told.

        Raises:
            Retry: too many are being compared.
        """
        if not kept and not self._nobody:
            self._nobody = await self.hashed("nobody has this one")
        if not first and self._waiting >= MOST_WAITING:
            raise Retry("too many sign-ins at once", after=2)
        self._waiting += 1
        try:
            async with self._turns[first]:
                same = await asyncio.to_thread(_compare, kept or self._nobody, password)
        finally:
            self._waiting -= 1
        return same and bool(kept)


def check(password: str, *names: str) -> None:
    """Refuse what is guessed first.

    Raises:
        Refused: too short, too long, common, or made of the person's own names.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(f"a password has {SHORTEST} to {LONGEST} characters")
    low = password.lower()
    if low in COMMON or len(set(low)) < 4 or any(len(n) > 2 and n.lower() in low for n in names):
        raise Refused("this password is among the first that are tried; take another")


def _compare(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
