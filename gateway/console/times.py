"""Times of queries and of what people read."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from fastapi import HTTPException

from gateway.model.times import MS, NS, parse_iso

CHINA: Final = timezone(timedelta(hours=8))


def moment(text: str) -> int:
    """ns of a query's time. Raises 422 with the reason."""
    try:
        return int(text) * MS if text.lstrip("-").isdigit() else parse_iso(text.replace(" ", "+"))
    except ValueError as fault:
        raise HTTPException(422, str(fault)) from fault


def china(ns: int) -> str:
    """``2026-11-22 09:30:05.123``, UTC+8."""
    whole, part = divmod(ns, NS)
    return f"{datetime.fromtimestamp(whole, UTC).astimezone(CHINA):%Y-%m-%d %H:%M:%S}.{part // MS:03d}"
