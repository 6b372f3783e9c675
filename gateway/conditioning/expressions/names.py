"""What names in the expressions of a site mean, and in which order its computed tags depend on each other."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from gateway.conditioning.expressions.compiled import Known
from gateway.model.site import Tag


def known_to(tag: Tag, units: Mapping[str, str]) -> Known:
    """What the names in a tag's expression mean; of tags only their units."""
    constants = {
        name: (numbers[0], unit) for name, x, unit, numbers in tag.names if not x and len(numbers) == 1
    }
    tables = {name: (x, unit, numbers) for name, x, unit, numbers in tag.names if name not in constants}
    return Known(units, constants, tables)


def in_order(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Keys so that each comes behind those of its inputs that are keys too.

    Raises:
        ValueError: they go in a circle; its argument is the circle.
    """
    graph = {name: [tag for tag in found if tag in inputs] for name, found in inputs.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1][:0:-1]  # from what is computed to what it is computed from, each once
        first = min(circle, key=list(inputs).index)
        at = circle.index(first)
        raise ValueError(" - ".join([*circle[at:], *circle[:at], first])) from error
