"""What a named person asks of the alarms. A command is an input: numbered, journalled, replayed."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Actor:
    """Who, in what role, from where."""

    id: str
    name: str
    role: str = "operator"
    workstation: str = ""


SYSTEM = Actor("system", "system", "system")


class Act(StrEnum):
    """What a person can do."""

    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    SHELVE = "shelve"
    """keep it from the operator for a stated time (ISA-18.2)"""
    UNSHELVE = "unshelve"
    REMOVE = "remove"
    """out of service, under a permit, for a stated time"""
    RETURN = "return"
    """back into service"""
    ASSIGN = "assign"
    """disposal (处置): to a named person"""
    HANDLE = "handle"
    SUBMIT = "submit"
    """handled: to be reviewed by another person"""
    SEND_BACK = "send-back"
    SETTLE = "settle"
    """reviewed and closed (销警)"""
    DISMISS = "dismiss"
    """reviewed: it was a false alarm (误报)"""
    REOPEN = "reopen"
    REPORT = "report"
    """dual report (双报告): ``words`` are ``to`` (department / congress), ``reference`` of its receipt and, if it was
    not just now, ``time``"""
    WATCH = "watch"
    """heightened watch (重点时段) until a time, for a reason: ``words`` are ``watch`` (its id), ``installations`` (with
    commas; none: all) and ``acknowledge``, a factor on the times to acknowledge"""
    WATCH_END = "watch-end"
    ENTER = "enter"
    """a manual reading: ``words`` are ``tag``, ``value`` and, if it was not just now, ``time``"""
    LOOP_TESTED = "loop-tested"
    """commissioning: ``words`` are ``tag``, ``result`` (passed / failed) and ``method``"""
    APPROVE = "approve"
    """an effective configuration, by two persons: ``words`` are ``hash``"""
    PROPOSE = "propose"
    """other numbers for a rule: ``words`` are ``proposal`` (its id), ``rule`` and each number as it was
    (``trigger_was``) and as it would be (``trigger``)"""
    AGREE = "agree"
    """a proposal, by the one who asked and a second person: ``words`` are ``proposal`` and ``rule``"""
    DECLINE = "decline"
    """a proposal is turned down, or taken back: the same ``words``"""
    EXERCISE_START = "exercise-start"
    """the first record of a drill's own journal: ``words`` are ``exercise`` and ``scenario``"""
    EXERCISE_END = "exercise-end"
    FALSE_DATA = "false-data"
    """readings that were not the process (伪数据): ``words`` are ``tag``, ``start``, ``end``; none is overwritten"""
    CARD_STEP = "card-step"
    """a step of a response card is done: ``words`` are ``alarm`` (id), ``rule``, ``step`` (number) and its ``text``"""
    ACCESS = "access"
    """who may look and act has changed, or was tried: ``words`` are ``what`` and its details (never a secret)"""


@dataclass(frozen=True, slots=True)
class Seen:
    """An occurrence as the person saw it: events after ``n`` stay unacknowledged."""

    id: str
    n: int


@dataclass(frozen=True, slots=True)
class Command:
    """One act on the occurrences that were seen."""

    act: Act
    actor: Actor
    seen: tuple[Seen, ...]
    comment: str = ""
    """why; shelving and removing from service are refused without"""
    rules: tuple[str, ...] = ()
    """ids of rules to shelve, unshelve, remove or return, also while no alarm of theirs is open"""
    until: int = 0
    """ns; when shelving or removal ends by itself"""
    permit: str = ""
    """number of the permit under which something is out of service"""
    second: Actor | None = None
    """the second person, where an alarm is highly managed"""
    words: tuple[tuple[str, str], ...] = ()
    """of a disposal: ``assignee``, ``cause``, ``measure``, ``evidence``"""
