"""What an answer of the server means. Pure: one table, one function."""

import re
from enum import Enum
from typing import Final


class Action(Enum):
    """What to do with the lines of a POST."""

    ACCEPT = "stored"
    BISECT = "some lines are wrong: halve until the guilty ones stand alone"
    HALVE = "too much at once: send halves"
    LATER = "keep everything, come back"
    LOGIN = "keep everything, a person must mend the login"
    DATABASE = "keep everything, the database is not there"
    REFUSED = "keep everything, a person must look"


ANSWERS: Final = {
    200: Action.ACCEPT,
    204: Action.ACCEPT,
    400: Action.BISECT,
    401: Action.LOGIN,
    403: Action.LOGIN,
    404: Action.DATABASE,
    408: Action.LATER,
    413: Action.HALVE,
    422: Action.BISECT,
    425: Action.LATER,
    429: Action.LATER,
}
_DROPPED: Final = re.compile(r"dropped=(\d+)")


def action_of(status: int) -> Action:
    """By the table; other 5xx come back later, anything else needs a person."""
    return ANSWERS.get(status, Action.LATER if status >= 500 else Action.REFUSED)


def all_dropped(words: str, lines: int) -> bool:
    """InfluxDB 1.x counts what it dropped: when it is everything, there is nothing to look for."""
    found = _DROPPED.search(words)
    return found is not None and int(found[1]) >= lines
