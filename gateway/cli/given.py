"""What is given on the command line, checked: a fault names the option, what it said and what is allowed."""

import datetime as dt
from collections.abc import Sequence

from gateway.config.consolepart import ALONE, address, loopback
from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import CHINA, parse_duration

MOST_DIGITS = 15
MOST_HOURS = 10 * 8766.0
"""ten years: nothing is set aside or watched for longer, and no clock is asked for a later date"""


def span_of(option: str, text: str, *, some: bool = False) -> int:
    """A duration in ns.

    Raises:
        Misconfigured: it is none; or nothing, where ``some`` is needed.
    """
    allowed = "a duration like 500ms, 1s, 5min, 1h, 1d" + (", more than 0" if some else "")
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise _wrong(option, text, allowed) from error
    if some and not span:
        raise _wrong(option, text, allowed)
    return span


def hours_from_now(option: str, hours: float) -> dt.datetime:
    """The moment (UTC) so many hours ahead.

    Raises:
        Misconfigured: not a number above 0, or more than ten years.
    """
    if not 0.0 < hours <= MOST_HOURS:  # NaN is neither
        raise _wrong(option, f"{hours:g}", f"hours, more than 0, at most {MOST_HOURS:,.0f}")
    return dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)


def shown(moment: dt.datetime) -> str:
    """As people see times."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)"


def numbers(option: str, words: Sequence[str]) -> list[int]:
    """Numbers as a list shows them.

    Raises:
        Misconfigured: one of them is none.
    """
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS):
            raise _wrong(option, word, "a number from `list`, or `all`")
    return [int(word) for word in words]


def own_address(option: str, text: str) -> str:
    """An address and port that only this machine can reach.

    Raises:
        Misconfigured: it is none.
    """
    try:
        if loopback(address(text)):
            return text
    except ValueError:
        pass  # said below, with what is allowed
    raise _wrong(
        option, text, f"a loopback address and port, e.g. {ALONE}, [::1]:8080; port 0 takes a free one"
    )


def _wrong(option: str, value: str, allowed: str) -> Misconfigured:
    return Misconfigured([Fault("fengsui", None, option, repr(value), allowed)])
