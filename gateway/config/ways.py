"""``delivery``: by which outputs an alarm goes on when its delivery is not confirmed in time."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gateway.config.durations import Duration
from gateway.config.rulebase import Id, Strict
from gateway.config.source import Document
from gateway.model.errors import Fault
from gateway.model.times import seconds
from gateway.model.ways import Ways


class WaysEntry(Strict):
    """The next ways of one output: a second broker or uplink, a webhook, messages to people."""

    within: Annotated[Duration, Field(ge=seconds(5), le=seconds(86_400))] = Field(
        seconds(60),
        description="an alarm must be confirmed within this: stored by the county where the output has "
        "`receipts`, else accepted; each further way has as long again",
    )
    then: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="outputs that stand by, in order; while the first confirms again they rest"
    )


def way_faults(
    entries: Mapping[str, WaysEntry], outputs: Mapping[str, Any], document: Document
) -> list[Fault]:
    """Rows that name what is not there, themselves, or an output twice."""
    faults: list[Fault] = []
    used = set(entries)
    for first, entry in entries.items():
        if first not in outputs:
            faults.append(document.fault(("delivery", first), first, _known(outputs)))
        for index, name in enumerate(entry.then):
            place = ("delivery", first, "then", index)
            if name not in outputs:
                faults.append(document.fault(place, name, _known(outputs)))
            elif name in used:
                hint = "an output stands by for one other, and has no next ways of its own"
                faults.append(document.fault(place, name, "each output in one place", hint))
            used.add(name)
    return faults


def _known(outputs: Mapping[str, Any]) -> str:
    return f"one of the outputs: {', '.join(outputs)}" if outputs else "an output; none is configured"


def ways_of(entries: Mapping[str, WaysEntry]) -> tuple[Ways, ...]:
    """As the runtime takes them."""
    return tuple(Ways(first, entry.within, entry.then) for first, entry in entries.items())
