"""Times of queries and of what people read."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Final

from fastapi import HTTPException, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from gateway.model.times import MS, NS, parse_iso

CHINA: Final = timezone(timedelta(hours=8))
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""ns since 1970 as a 64-bit integer end in 2262; a time beyond is a slip of the hand"""
FORM: Final = (
    r"^([0-9]{1,13}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[ +-][0-9]{2}:[0-9]{2}))$"
)
"""a ``+`` that nobody escaped arrives as a space"""
SAID: Final = "RFC 3339 with zone, or ms since 1970"


def _time(given: str) -> str:
    if not re.match(FORM, given):
        raise ValueError(f"{given!r} is no time: {SAID}")
    return given


Asked = Annotated[str, AfterValidator(_time), Query(json_schema_extra={"pattern": FORM}, description=SAID)]
"""a time in a query"""
MaybeAsked = Annotated[
    str,
    AfterValidator(lambda given: given and _time(given)),
    Query(json_schema_extra={"pattern": f"^$|{FORM}"}, description=f"{SAID}; empty: no bound"),
]
"""the same, or no bound"""


def _text(given: object) -> object:
    if not isinstance(given, str | datetime):
        raise ValueError("a time is text: RFC 3339 with zone")  # noqa: TRY004 - pydantic's way to say what is wrong
    return given


def _in_reach(given: datetime) -> datetime:
    if (
        given.year in {1, 9999} or not FIRST <= given < LAST
    ):  # at the ends of the calendar no zone can be applied
        raise ValueError(f"a time from {FIRST.year} to {LAST.year - 1}")
    return given


Said = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_reach)]
"""a time in a body"""


def moment(text: str) -> int:
    """ns of a query's time. Raises 422 with the reason."""
    try:
        found = int(text) * MS if text.isdecimal() else parse_iso(text.replace("t", "T").replace(" ", "+"))
    except (ValueError, OverflowError) as fault:
        raise HTTPException(422, str(fault)) from fault
    if not 0 <= found < int(LAST.timestamp()) * NS:
        raise HTTPException(422, f"a time from {FIRST.year} to {LAST.year - 1}")
    return found


def china(ns: int) -> str:
    """``2026-11-22 09:30:05.123``, UTC+8."""
    whole, part = divmod(ns, NS)
    return f"{datetime.fromtimestamp(whole, UTC).astimezone(CHINA):%Y-%m-%d %H:%M:%S}.{part // MS:03d}"
