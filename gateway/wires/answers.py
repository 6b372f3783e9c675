"""What an answer of an HTTP server means for what was posted. Pure but for the clock of a date."""

import email.utils
import time
from enum import Enum
from typing import Any, Final

import orjson

from gateway.wires.http import Answer

WORDS: Final = 500
"""Longest part of the server's words that is kept."""


class Action(Enum):
    """What to do with what was posted."""

    ACCEPT = "taken"
    SPLIT = "something in it is not taken: halve until it stands alone"
    LATER = "keep everything, come back"
    LOGIN = "keep everything, a person must mend the login"
    PERSON = "keep everything, a person must look"


ANSWERS: Final = {
    400: Action.SPLIT,
    401: Action.LOGIN,
    403: Action.LOGIN,
    408: Action.LATER,
    413: Action.SPLIT,
    422: Action.SPLIT,
    425: Action.LATER,
    429: Action.LATER,
}


def action_of(status: int) -> Action:
    """By the table; 2xx takes, other 5xx come back later, anything else needs a person."""
    if 200 <= status < 300:
        return Action.ACCEPT
    return ANSWERS.get(status, Action.LATER if status >= 500 else Action.PERSON)


def words_of(answer: Answer) -> str:
    """The message of a JSON error, or the text itself."""
    text = answer.body.decode(errors="replace").strip()
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text[:WORDS]
    if isinstance(found, dict):
        words = next((found[k] for k in ("error", "message", "errmsg", "detail") if k in found), found)
        return ": ".join([str(words), *_details(found.get("data"))])[:WORDS]
    return text[:WORDS]


def _details(data: object) -> list[str]:
    """InfluxDB 3 says there what is wrong with which line; the error itself is the same words for all."""
    each = data if isinstance(data, list) else [data]
    told = [d["error_message"] for d in each if isinstance(d, dict) and d.get("error_message")]
    return ["; ".join(dict.fromkeys(map(str, told)))] if told else []


def after_of(answer: Answer) -> float | None:
    """``Retry-After`` in seconds: a number, or a date."""
    header = answer.headers.get("retry-after")
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())
