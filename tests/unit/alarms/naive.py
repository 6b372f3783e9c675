"""A second book of alarms, written from the manual (docs/alarms.md) and not from the code: slow, flat, and sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model.commands import Act
from gateway.model.levels import Level, Stage
from gateway.model.site import Rule, Site

FAR = 1 << 62


class No(Exception):
    """Refused."""


@dataclass
class Alarm:
    """One open occurrence; axes as the words that events use."""

    rule: Rule
    since: int
    level: Level
    condition: str = "active"
    acked: bool = False
    latched: bool = False
    away: str = "none"
    until: int = FAR
    disposal: str = "not-required"
    due: int = FAR
    handler: str = ""
    seen: int = 0
    report: str = "not-required"
    report_due: int = FAR

    def view(self) -> tuple[object, ...]:
        ack = "acknowledged" if self.acked else "unacknowledged"
        latch = "latched" if self.latched else "none"
        return self.rule.id, self.condition, ack, latch, self.away, self.disposal, self.report, self.level

    def over(self) -> bool:
        done = self.disposal in {"not-required", "closed", "false-alarm"}
        done = done and self.report in {"not-required", "made", "waived"}
        return self.condition == "normal" and self.acked and not self.latched and self.away == "none" and done

    def next_rise(self) -> tuple[int, Level | None]:
        if self.condition == "normal":
            return FAR, None
        return next(((self.since + t, to) for t, to in self.rule.raise_level if to > self.level), (FAR, None))

    def next_again(self) -> int:
        stands = self.condition != "normal" and self.acked and self.away == "none"
        return self.seen + self.rule.re_alarm if stands and self.rule.re_alarm else FAR


class Naive:
    """All alarms of a site's rules."""

    def __init__(self, site: Site, now: int) -> None:
        self.site, self.now = site, now
        self.alarms: list[Alarm] = []
        self.watches: dict[str, int] = {}

    def of(self, rule: str) -> list[Alarm]:
        return [a for a in self.alarms if a.rule.id == rule]

    def views(self) -> list[tuple[object, ...]]:
        return [a.view() for a in self.alarms]

    # --- time ---

    def wait(self, ns: int) -> None:
        """Whatever happens by time alone happens at its own moment, but to one alarm after the other."""
        self.now += ns
        self.watches = {k: until for k, until in self.watches.items() if until > self.now}
        for alarm in list(self.alarms):
            while alarm in self.alarms and self._happens(alarm):
                pass
        self.settle()

    def _happens(self, a: Alarm) -> bool:
        (rise, to), again = a.next_rise(), a.next_again()
        owed = a.report_due if a.report in {"due", "department", "congress"} else FAR
        at = min(rise, again, a.until, a.due, owed)
        if at > self.now:
            return False
        if at == rise and to is not None:
            a.level, a.acked = to, False
            self._owe(a, at)
        elif at == a.until:
            self._come_back(a, at)
        elif at == again:
            a.acked = False
            a.since = at
            a.latched = a.latched or False
        elif at == a.due:
            a.due = FAR
        else:
            a.report_due = FAR
        self._tidy()
        return True

    def _come_back(self, a: Alarm, at: int) -> None:
        a.away, a.until = "none", FAR
        if a.condition != "normal":
            a.acked = False
            self._ask(a, at)

    def _ask(self, a: Alarm, at: int) -> None:
        if a.rule.disposal_due and a.disposal == "not-required":
            a.disposal, a.due = "open", at + a.rule.disposal_due
        self._owe(a, at)

    def _owe(self, a: Alarm, at: int) -> None:
        """A major event, announced to people, is to be reported twice."""
        times = dict(self.site.report_due)
        told = a.away == "none" and a.condition != "normal" and a.rule.stage is Stage.LIVE
        if told and a.level in times and a.report == "not-required":
            a.report, a.report_due = "due", at + times[a.level]

    def _tidy(self) -> None:
        self.alarms = [a for a in self.alarms if not a.over()]

    # --- the process ---

    def edge(self, rule: Rule, condition: str) -> None:
        trunk = self.of(rule.id)[-1] if self.of(rule.id) else None
        if condition == "active":
            self._beyond(rule, trunk)
        elif trunk is not None and (condition == "normal" or trunk.condition == "active"):
            trunk.condition = condition
        self._tidy()
        self.settle()

    def settle(self) -> None:
        """Whatever happened: what has a cause that people are told of is set aside, what has none comes back."""
        for a in list(self.alarms):
            self._by_design(a)
        self._tidy()

    def _beyond(self, rule: Rule, trunk: Alarm | None) -> None:
        if trunk is not None and trunk.condition != "normal":
            trunk.condition = "active"
            return
        if trunk is not None and len(self.of(rule.id)) >= 8 and trunk.level >= rule.level:
            trunk.condition, trunk.acked, trunk.since = "active", False, self.now
            trunk.latched = trunk.latched or rule.latched
            return
        new = Alarm(rule, self.now, rule.level, latched=rule.latched)
        shelf = next((a for a in self.of(rule.id) if a.away in ("shelved", "out-of-service")), None)
        if shelf is not None:
            new.away, new.until = shelf.away, shelf.until
        elif self._parent(rule):
            new.away = "by-design"
        if new.away == "none":
            self._ask(new, self.now)
        self.alarms.append(new)

    def _parent(self, rule: Rule) -> bool:
        told = (a for p in rule.suppressed_while for a in self.of(p) if a.away in ("none", "by-design"))
        return any(a.condition == "active" for a in told)

    def _by_design(self, a: Alarm) -> None:
        if self._parent(a.rule) and a.away == "none":
            a.away = "by-design"
        elif not self._parent(a.rule) and a.away == "by-design":
            self._come_back(a, self.now)

    # --- people ---

    def ack(self, a: Alarm) -> None:
        if a.acked:
            raise No
        a.acked, a.seen = True, self.now
        self._tidy()

    def reset(self, a: Alarm) -> None:
        if not (a.latched and a.condition == "normal" and a.acked):
            raise No
        a.latched = False
        self._tidy()

    def aside(self, act: Act, rule: Rule, until: int, two: bool, longest: int) -> None:
        own = self.of(rule.id)
        if act in (Act.UNSHELVE, Act.RETURN):
            wanted = "shelved" if act is Act.UNSHELVE else "out-of-service"
            back = [a for a in own if a.away == wanted]
            if not back:
                raise No
            for a in back:
                self._come_back(a, self.now)
            self._tidy()
            self.settle()
            return
        blocked = act is Act.SHELVE and any(a.away == "out-of-service" for a in own)
        if not self.now < until <= self.now + longest or (rule.highly_managed and not two) or blocked:
            raise No
        word = "shelved" if act is Act.SHELVE else "out-of-service"
        for a in own or self._holder(rule):
            a.away, a.until = word, until
        self.settle()

    def _holder(self, rule: Rule) -> Iterator[Alarm]:
        self.alarms.append(Alarm(rule, self.now, rule.level, condition="normal", acked=True))
        yield self.alarms[-1]

    def step(self, act: Act, a: Alarm, who: str) -> None:
        rows = {
            (Act.ASSIGN, "open"): "assigned", (Act.ASSIGN, "assigned"): "assigned",
            (Act.ASSIGN, "handling"): "assigned", (Act.HANDLE, "open"): "handling",
            (Act.HANDLE, "assigned"): "handling", (Act.SUBMIT, "handling"): "review",
            (Act.SEND_BACK, "review"): "handling", (Act.SETTLE, "review"): "closed",
            (Act.DISMISS, "review"): "false-alarm", (Act.REOPEN, "closed"): "handling",
            (Act.REOPEN, "false-alarm"): "handling",
        }  # fmt: skip
        new = rows.get((act, a.disposal))
        closing, reviewing = act in (Act.SETTLE, Act.DISMISS), act in (Act.SETTLE, Act.DISMISS, Act.SEND_BACK)
        if new is None or (closing and a.condition != "normal") or (reviewing and who == a.handler):
            raise No
        a.disposal = new
        if new == "false-alarm" and a.report in {"due", "department", "congress"}:
            a.report = "waived"
        if act is Act.REOPEN and a.report == "waived":
            a.report = "due"
        if act in (Act.HANDLE, Act.SUBMIT):
            a.handler = who
        if closing or act is Act.REOPEN:
            a.due = FAR
        self._tidy()

    def report(self, a: Alarm, to: str) -> None:
        if a.report in {"not-required", "waived"}:
            raise No
        other = {"department": "congress", "congress": "department"}[to]
        a.report = "made" if a.report in {other, "made"} else to
        self._tidy()

    def watch(self, ident: str, until: int) -> None:
        if ident in self.watches or not self.now < until <= self.now + 60 * 86_400 * 10**9:
            raise No
        self.watches[ident] = until

    def watch_end(self, ident: str) -> None:
        if ident not in self.watches:
            raise No
        del self.watches[ident]
