"""Which late answers may still come on a line without transaction ids, so that none is taken for another's. Pure.

Over RTU and ASCII an answer names its unit, its function and how many bytes it carries (its *shape*), but not the
question. What can be relied on is order: a unit answers one question after the other, each at most once. So the
questions of a unit that were never answered are remembered in order; a question whose shape is among them is not asked
(:meth:`Doubts.probe` gives one of another shape to ask first), and what comes is sorted:

==================================  =====================================================================
what comes                          what it is
==================================  =====================================================================
the shape asked for                 the answer; whatever is older was lost for good
the shape of an unanswered one      that one's late answer: dropped, it and all before it are done with
a refusal (exception)               the answer, unless an unanswered question had the same function: then
                                    it is taken for the oldest of these, and we go on waiting
anything else                       garbled
==================================  =====================================================================

The list never lacks a question that may still be answered; it may keep one that was (a wrong guess about a refusal),
which costs a probe and no wrong value. A device that says the same answer twice, later, is beyond what a line without
transaction ids can tell.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from gateway.sources.modbus.frames import AREAS, EXCEPTION_FLAG, Frame, Question, question

Shape = tuple[int, int]
"""function, data bytes"""


class Verdict(Enum):
    """What an answer is."""

    ANSWER = auto()
    LATE = auto()
    GARBLED = auto()


def shape_of(asked: Question) -> Shape:
    """What its right answer looks like."""
    return asked.function, asked.size


class Doubts:
    """The unanswered questions of one unit, oldest first, runs of the same shape counted."""

    def __init__(self) -> None:
        self._open: deque[tuple[Shape, int]] = deque()

    def __bool__(self) -> bool:
        """A late answer may come."""
        return bool(self._open)

    def unanswered(self, asked: Question) -> None:
        """No answer, or none that could be read, came to it."""
        shape = shape_of(asked)
        if self._open and self._open[-1][0] == shape:
            self._open[-1] = (shape, self._open[-1][1] + 1)
        else:
            self._open.append((shape, 1))

    def forbids(self, asked: Question) -> bool:
        """A late answer would look like the answer to it."""
        return any(shape == shape_of(asked) for shape, _ in self._open)

    def probe(self, asked: Question) -> Question:
        """A question of the same area that no late answer to ``asked`` looks like; nobody takes a value from it.

        The last one that got no answer may be asked again, so that a dead unit does not fill the list.
        """
        last = self._open[-1][0] if self._open else None
        others = [each for each in _shorter(asked) if each.size != asked.size]
        return next((each for each in others if shape_of(each) == last or not self.forbids(each)), others[0])

    def sort(self, asked: Question, frame: Frame) -> Verdict:
        """What ``frame``, of this unit, is while ``asked`` waits; the list is kept in step."""
        pdu = frame.pdu
        function = pdu[0] & ~EXCEPTION_FLAG
        if len(pdu) == 2 and pdu[0] & EXCEPTION_FLAG:
            if self._pop(lambda shape: shape[0] == function):
                return Verdict.LATE
            return self._answered() if function == asked.function else Verdict.GARBLED
        shape = (pdu[0], len(pdu) - 2)
        if len(pdu) < 2 or pdu[1] != shape[1]:
            return Verdict.GARBLED
        known = self._pop(lambda each: each == shape)
        if shape != shape_of(asked):
            return Verdict.LATE if known else Verdict.GARBLED
        if known:  # asked more than once: whose answer it was, the last one's is still to come
            self.unanswered(asked)
            return Verdict.ANSWER
        return self._answered()

    def _answered(self) -> Verdict:
        self._open.clear()
        return Verdict.ANSWER

    def _pop(self, fits: Callable[[Shape], bool]) -> bool:
        """Take out the oldest that fits and all before it."""
        at = next((k for k, (shape, _) in enumerate(self._open) if fits(shape)), None)
        if at is None:
            return False
        for _ in range(at):
            self._open.popleft()
        shape, count = self._open[0]
        if count > 1:
            self._open[0] = (shape, count - 1)
        else:
            self._open.popleft()
        return True


def _shorter(asked: Question) -> list[Question]:
    """Reads from the same address on, each of another size; the shortest first."""
    area = AREAS[asked.function]
    counts = range(1, 2000, 8) if area.of_bits else range(1, 126)
    return [question(asked.unit, area, min(asked.address, 0x10000 - n), n) for n in counts]
