"""What names in the expressions of a site mean, and in which order its computed tags depend on each other."""

from collections.abc import Mapping, Sequence

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
    done: list[str] = []
    for start in inputs:
        _visit(start, inputs, done, [])
    return done


def _visit(name: str, inputs: Mapping[str, Sequence[str]], done: list[str], path: list[str]) -> None:
    if name in done:
        return
    if name in path:
        raise ValueError(" - ".join([*path[path.index(name) :], name]))
    for other in inputs[name]:
        if other in inputs:
            _visit(other, inputs, done, [*path, name])
    done.append(name)
