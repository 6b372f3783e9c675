"""What is given on the command line, checked: a fault names the option, what it said and what is allowed."""

import datetime as dt

from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import parse_duration

MOST_HOURS = 10 * 8766.0
"""ten years: nothing is set aside or watched for longer, and no clock is asked for a later date"""


def span_of(option: str, text: str) -> int:
    """A duration in ns.

    Raises:
        Misconfigured: it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise _wrong(option, text, "a duration like 500ms, 1s, 5min, 1h, 1d") from error


def hours_from_now(option: str, hours: float) -> dt.datetime:
    """The moment (UTC) so many hours ahead.

    Raises:
        Misconfigured: not a number above 0, or more than ten years.
    """
    if not 0.0 < hours <= MOST_HOURS:  # NaN is neither
        raise _wrong(option, f"{hours:g}", f"hours, more than 0, at most {MOST_HOURS:,.0f}")
    return dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)


def _wrong(option: str, value: str, allowed: str) -> Misconfigured:
    return Misconfigured([Fault("fengsui", None, option, repr(value), allowed)])
