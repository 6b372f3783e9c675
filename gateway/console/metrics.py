"""Prometheus text from the committed present. Aggregates only: no tag, person or alarm is named. docs/metrics.md."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.console.hub import Hub
from gateway.model.events import Acknowledgement
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LinkTraffic, Present
from gateway.model.times import NS

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STATES: Final = ("starting", "online", "degraded")
Samples = Iterator[tuple[dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family: name, type, help and where its samples come from."""

    name: str
    type: str
    help: str
    samples: Callable[[Present, Hub], Samples]


def _one(value: Callable[[Present], float | None]) -> Callable[[Present, Hub], Samples]:
    def samples(present: Present, _: Hub) -> Samples:
        found = value(present)
        if found is not None:
            yield {}, found

    return samples


def _info(present: Present, _: Hub) -> Samples:
    site = present.site
    yield (
        {"gateway": site.gateway, "site": site.id, "version": present.status.version, "config": site.table},
        1,
    )


def _state(present: Present, _: Hub) -> Samples:
    for state in STATES:
        yield {"state": state}, float(present.status.state == state)


def _tags(present: Present, _: Hub) -> Samples:
    now = present.status
    for word, count in (("good", now.tags_good), ("uncertain", now.tags_uncertain), ("bad", now.tags_bad)):
        yield {"quality": word}, count


def _levels(present: Present, _: Hub) -> Samples:
    for state in present.levels:
        for level in LiveLevel:
            yield {"installation": state.installation, "level": level.value}, float(state.level is level)


def _alarms(present: Present, _: Hub) -> Samples:
    found = Counter(
        (o.level, o.fault, o.axes.acknowledgement.value) for o in present.occurrences if not o.shadow
    )
    for level in Level:
        for fault in (False, True):
            for word in Acknowledgement:
                labels = {
                    "level": level.word,
                    "type": "fault" if fault else "process",
                    "acknowledgement": word.value,
                }
                yield labels, found[level, fault, word]


def _backlog(present: Present, _: Hub) -> Samples:
    for output, waiting in present.status.backlog.items():
        yield {"output": output}, waiting


def _waits(present: Present, _: Hub) -> Samples:
    now = present.status
    for output in now.backlog:
        yield {"output": output}, max(0.0, (now.time - now.waiting_since.get(output, now.time)) / NS)


def _standby(present: Present, _: Hub) -> Samples:
    for output in present.status.standby_open:
        yield {"output": output}, 1.0


def _unsent(present: Present) -> float:
    oldest = present.status.oldest_unsent_alarm
    return 0.0 if oldest is None else max(0.0, (present.status.time - oldest) / NS)


METRICS: Final = (
    Metric("fengsui_info", "gauge", "Always 1; who this is and what it runs.", _info),
    Metric(
        "fengsui_start_time_seconds",
        "gauge",
        "When the gateway started, Unix time.",
        _one(lambda p: p.status.started / NS),
    ),
    Metric("fengsui_state", "gauge", "1 for the state the gateway is in.", _state),
    Metric("fengsui_tags", "gauge", "Tags by quality of their present value.", _tags),
    Metric(
        "fengsui_live_level",
        "gauge",
        "1 for the live level of the site (installation empty) and of each installation.",
        _levels,
    ),
    Metric("fengsui_alarms_open", "gauge", "Open occurrences on live stage.", _alarms),
    Metric(
        "fengsui_alarms_shadow",
        "gauge",
        "Open occurrences on shadow stage.",
        _one(lambda p: sum(o.shadow for o in p.occurrences)),
    ),
    Metric(
        "fengsui_journal_seq", "gauge", "Highest sequence number of the journal.", _one(lambda p: p.head_seq)
    ),
    Metric(
        "fengsui_journal_durable",
        "gauge",
        "0 while events leave that the disk could not keep.",
        _one(lambda p: float(p.status.durable)),
    ),
    Metric("fengsui_output_backlog", "gauge", "Records or readings waiting for an output.", _backlog),
    Metric(
        "fengsui_output_wait_seconds",
        "gauge",
        "Age of the oldest event that an output has not delivered (by receipt, where there are receipts); else 0.",
        _waits,
    ),
    Metric(
        "fengsui_output_standby_open",
        "gauge",
        "1 for an output that stands by and is in use now: the way before it does not confirm.",
        _standby,
    ),
    Metric(
        "fengsui_oldest_unsent_alarm_seconds",
        "gauge",
        "Age of the oldest alarm event not yet delivered; 0 when none waits.",
        _one(_unsent),
    ),
    Metric(
        "fengsui_disk_free_bytes",
        "gauge",
        "Free space where the state is kept.",
        _one(lambda p: p.status.disk_free),
    ),
    Metric(
        "fengsui_disk_days_left",
        "gauge",
        "Days until history reaches the disk's end or its own limit, at the present rate; absent when not known.",
        _one(lambda p: p.status.disk_days),
    ),
    Metric(
        "fengsui_history_bytes",
        "gauge",
        "Bytes of the archive.",
        _one(lambda p: p.status.history_bytes),
    ),
    Metric(
        "fengsui_history_start_time_seconds",
        "gauge",
        "Source time of the oldest readings kept, Unix time; absent when there are none.",
        _one(lambda p: None if p.status.history_from is None else p.status.history_from / NS),
    ),
    Metric(
        "fengsui_clock_offset_seconds",
        "gauge",
        "Measured offset of this machine's clock; absent when not known.",
        _one(lambda p: p.status.clock_offset_s),
    ),
    Metric(
        "fengsui_clock_synchronised",
        "gauge",
        "1 while the machine's clock is disciplined, 0 while not; absent when not known.",
        _one(lambda p: None if p.status.clock_synchronised is None else float(p.status.clock_synchronised)),
    ),
    Metric(
        "fengsui_certificate_days",
        "gauge",
        "Days until the first certificate ends; absent without one.",
        _one(lambda p: p.status.certificate_days),
    ),
    Metric(
        "fengsui_troubles",
        "gauge",
        "Troubles the gateway has with itself now.",
        _one(lambda p: len(p.status.troubles)),
    ),
    Metric(
        "fengsui_console_clients", "gauge", "Open streams of consoles.", lambda _, h: iter([({}, h.clients)])
    ),
    Metric(
        "fengsui_console_messages_total",
        "counter",
        "Messages encoded for the streams, each once for all clients.",
        lambda _, h: iter([({}, h.messages)]),
    ),
    Metric(
        "fengsui_console_bytes_total",
        "counter",
        "Bytes handed to the streams.",
        lambda _, h: iter([({}, h.bytes)]),
    ),
)


def _cycles(traffic: LinkTraffic) -> Samples:
    for period, achieved in traffic.cycles.items():
        if achieved:
            yield {"period": f"{period / NS:g}"}, achieved / NS


LINK_METRICS: Final[tuple[tuple[str, str, str, Callable[[LinkTraffic], Samples]], ...]] = (
    (
        "fengsui_link_up",
        "gauge",
        "1 while a line or device answers, 0 while it does not; absent before it was heard.",
        lambda t: iter([] if t.up is None else [({}, float(t.up))]),
    ),
    (
        "fengsui_link_requests_total",
        "counter",
        "Requests to a line or device.",
        lambda t: iter([({}, t.requests)]),
    ),
    (
        "fengsui_link_errors_total",
        "counter",
        "Requests without a right answer, and answers to none, by kind.",
        lambda t: iter([({"kind": kind}, count) for kind, count in t.errors.items()]),
    ),
    (
        "fengsui_link_overdue_polls_total",
        "counter",
        "Polls that were skipped because the line was busy.",
        lambda t: iter([({}, t.overdue)]),
    ),
    (
        "fengsui_link_reply_seconds",
        "gauge",
        "Mean time from a request to its reply.",
        lambda t: iter([({}, t.rtt / NS)]),
    ),
    (
        "fengsui_link_reply_max_seconds",
        "gauge",
        "Longest time from a request to its reply.",
        lambda t: iter([({}, t.rtt_max / NS)]),
    ),
    (
        "fengsui_link_cycle_seconds",
        "gauge",
        "Achieved time between polls of a device, smoothed, by the period asked for.",
        _cycles,
    ),
)
"""Of lines and devices, from what their sources count."""


def render(present: Present, hub: Hub, traffic: Sequence[LinkTraffic] = ()) -> bytes:
    """Text exposition format 0.0.4."""
    lines: list[str] = []
    for metric in METRICS:
        lines += _family(metric.name, metric.type, metric.help, metric.samples(present, hub))
    for name, kind, words, samples in LINK_METRICS:
        told = ((({"link": t.link} | labels), value) for t in traffic for labels, value in samples(t))
        lines += _family(name, kind, words, told)
    return ("\n".join(lines) + "\n").encode()


def _family(name: str, kind: str, words: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{_labels(labels)} {float(value)!r}"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
