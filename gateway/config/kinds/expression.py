"""Entry of the kind that judges an expression over tags."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from detectors.program import LOAD
from gateway.conditioning.expressions import Compiled, ExpressionError, Known, compile_text, inputs_of
from gateway.config.kinds.base import KindEntry, Member, Wrong
from gateway.config.rulebase import Id, Number
from gateway.model.site import Setting, Tag


class ExpressionEntry(KindEntry):
    """An expression over tags, compared with a trigger, or true."""

    judged: ClassVar[str] = "the expression is beyond `trigger`, or true"
    short: ClassVar[str] = "EXPR"
    kind: Literal["expression"]
    group: Id = Field(description="id of what it is about, the <tag> of its topics")
    expression: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="quantity or condition over tags; see the page on expressions"
    )
    unit: Annotated[str, Field(max_length=20)] = Field("", description="unit of trigger and reset")
    trigger: Number | None = Field(
        None, description="beyond at and past this; empty: where the expression is true"
    )
    reset: Number | None = Field(None, description="normal again inside this; empty: the trigger")
    side: Literal["high", "low"] = Field("high", description="dangerous side")

    def members(self) -> tuple[Member, ...]:
        try:
            return tuple(
                Member("tags", tag, ("expression",)) for tag in inputs_of(self.expression, Known({}))
            )
        except ExpressionError:
            return ()  # :meth:`wrong` says where

    def subject(self) -> str:
        return self.group

    def limits(self) -> tuple[float, float]:
        trigger = 1.0 if self.trigger is None else self.trigger
        return trigger, trigger if self.reset is None else self.reset

    def settings_for(self, tags: Mapping[str, Tag]) -> Mapping[str, Setting]:
        program, members = self._compiled(tags), [m.tag for m in self.members()]
        # Members are in the order of the text, whatever order the program reads them in.
        steps = [
            (code, float(members.index(program.inputs[int(arg)])) if code == LOAD else arg)
            for code, arg in program.steps
        ]
        trigger, reset = self.limits()
        return {
            "steps": tuple(float(x) for step in steps for x in step), "points": program.points,
            "trigger": trigger, "reset": reset, "low": float(self.side == "low"),
        }  # fmt: skip

    def _compiled(self, tags: Mapping[str, Tag]) -> Compiled:
        units = {name: tag.unit for name, tag in tags.items()}
        return compile_text(self.expression, Known(units), None if self.trigger is None else self.unit)

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        trigger, reset = self.limits()
        if (reset < trigger) if self.side == "low" else (reset > trigger):
            yield Wrong("reset", f"on the normal side of trigger {trigger:g}")
        try:
            if all(m.tag in tags for m in self.members()):
                unit = self._compiled(tags).unit
                if unit is not None and self.trigger is None:
                    yield Wrong(
                        "trigger", "a number, because the expression is a quantity", "or compare it: x > 3"
                    )
                if unit is None and (self.trigger, self.reset, self.side) != (None, None, "high"):
                    yield Wrong("trigger", "none, because the expression is true or false")
        except ExpressionError as error:
            yield Wrong("expression", "an expression over tags", str(error))


ENTRIES = (ExpressionEntry,)
