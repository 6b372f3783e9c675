"""Sparkplug B: what edge nodes and their devices say, as readings and as links that are up or down. Pure.

Every reading is traced to a name: by the name in the metric itself, or by an alias of the node's present birth. After
anything that could have changed the aliases unseen (a hole in the sequence, an alias nobody gave, a session of our own
that the broker did not keep) the node is *not known*: its link is down and says that a rebirth is needed, and aliases
count for nothing until the next NBIRTH. We send no NCMD: docs/decisions/0086-sparkplug.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.quality import Quality
from gateway.model.times import NS
from gateway.sources.mqtt.address import Point
from gateway.sources.mqtt.decode import NAN, Row, judged, moment, number
from gateway.sources.mqtt.paths import Malformed
from gateway.sources.mqtt.said import Change, Said
from gateway.sources.mqtt.wire import Metric, Payload, parse

NAMESPACE: Final = "spBv1.0"
Name = tuple[str, str]
"""device (empty: the edge node itself) and metric"""

_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED: Final = {5: 8, 6: 16, 7: 32, 8: 64}
_REAL: Final = (9, 10)
_BOOL, _TEXTS = 11, (12, 14)
_GOOD, _SEQS = 192, 256
_HALF: Final = _SEQS // 2
OVERTAKEN: Final = NS // 4
"""MQTT keeps the order of one topic only, so a will may overtake a birth that its edge node sent before it died. A
birth of the dead session that comes so soon (ns) behind its NDEATH is of before."""


@dataclass(slots=True)
class _Edge:
    """One edge node in its present session."""

    tags: Mapping[Name, Sequence[int]]
    born: bool = False
    seq: int = 0
    birth: int | None = None
    """bdSeq of the present birth"""
    aliases: dict[int, Name] = field(default_factory=dict)
    types: dict[Name, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """devices (empty: the node) that were told to be down"""
    due: set[str] = field(default_factory=set)
    """devices of ours that the node, being born, has not said yet"""
    died: tuple[int | None, int] = (None, 0)
    """bdSeq of the last NDEATH that counted, and when it came"""


class Nodes:
    """All edge nodes of one source."""

    def __init__(self, points: Iterable[tuple[int, Point]]) -> None:
        tags: dict[str, dict[Name, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row, point in points:
            tags[point.node][point.device, point.metric].append(row)
        self._edges = {node: _Edge(dict(names)) for node, names in tags.items()}
        self.late_deaths = 0
        """NDEATH of a session that had already been replaced"""
        self.late_births = 0
        """NBIRTH of a session that had already died"""
        self._changes: list[Change] = []

    @property
    def filters(self) -> list[str]:
        """What to subscribe to: everything each of our nodes says."""
        return [f"{NAMESPACE}/{g}/+/{e}/#" for g, _, e in (n.partition("/") for n in sorted(self._edges))]

    def tags_of(self, topic_filter: str) -> list[int]:
        """Rows of the tags of one of :attr:`filters`."""
        group, _, edge = topic_filter.removeprefix(f"{NAMESPACE}/").removesuffix("/#").partition("/+/")
        return [row for rows in self._edges[f"{group}/{edge}"].tags.values() for row in rows]

    def forget(self) -> list[Change]:
        """We begin, or the broker did not keep our session: what was born may have died, or been born anew."""
        for node, edge in self._edges.items():
            self._unknown(node, edge, "births of before this connection are not known")
        return self._told()

    def message(self, topic: str, payload: bytes, received: int, *, again: bool) -> Said | None:
        """Readings and link changes of one message, in that order to be handed on; None: no tag asks for its topic.

        ``again``: flagged as sent before.

        Raises:
            Malformed: not a Sparkplug payload; changes nothing but the count of the caller.
        """
        parts = topic.split("/")
        if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
            return None
        node, kind = f"{parts[1]}/{parts[3]}", parts[2]
        device = parts[4] if len(parts) == 5 else ""
        edge = self._edges.get(node)
        handler = _HANDLERS.get((kind, bool(device)))
        if edge is None or handler is None:
            return None
        said = parse(payload)
        rows = handler(self, _Message(node, device, edge, said, received, again))
        return Said(rows, self._told())

    # --- one handler for each kind of message ---------------------------------------------------------------------

    def node_birth(self, m: "_Message") -> list[Row]:
        """What is said of a device counts from its own birth in this session: a birth sequence has one of each."""
        edge, session = m.edge, _session(m.said)
        if session is not None and session == edge.died[0] and m.received - edge.died[1] < OVERTAKEN:
            self.late_births += 1
            return []
        edge.due = {device for device, _ in edge.tags if device}
        if edge.born and (session is None or session != edge.birth):
            self._miss(m, "its edge node died unheard and was born again")
        edge.born, edge.birth = True, session
        edge.aliases, edge.types = {}, {}
        edge.seq = (m.said.seq or 0) % _SEQS
        return self._birth(m)

    def device_birth(self, m: "_Message") -> list[Row]:
        if not self._follows(m):
            return []
        edge = m.edge
        edge.due.discard(m.device)
        edge.aliases = {a: n for a, n in edge.aliases.items() if n[0] != m.device}
        return self._birth(m)

    def data(self, m: "_Message") -> list[Row]:
        known = self._follows(m)
        self._miss(m, "its edge node was born without it: no DBIRTH")
        rows: list[Row] = []
        for metric in m.said.metrics:
            name = self._name(m, metric) if known or metric.name else None
            if name is not None:
                rows += _rows(m, name, metric)
            elif known:
                known = False
                self._unknown(m.node, m.edge, f"alias {metric.alias} was never given")
        return rows

    def node_death(self, m: "_Message") -> list[Row]:
        session = _session(m.said)
        if m.edge.born and session is not None and m.edge.birth is not None and session != m.edge.birth:
            self.late_deaths += 1
            return []
        m.edge.born, m.edge.died = False, (session, m.received)
        self._say(m.node, m.edge, "", up=False, why="NDEATH: the edge node is offline")
        return []

    def device_death(self, m: "_Message") -> list[Row]:
        self._follows(m)
        m.edge.due.discard(m.device)
        self._miss(m, "its edge node was born without it: no DBIRTH")
        self._say(m.node, m.edge, m.device, up=False, why="DDEATH: the edge node has lost the device")
        return []

    # --- parts --------------------------------------------------------------------------------------------------------

    def _birth(self, m: "_Message") -> list[Row]:
        edge, rows, here = m.edge, list[Row](), set[Name]()
        twice = False
        for metric in m.said.metrics:
            name = (m.device, metric.name)
            here.add(name)
            edge.types[name] = metric.datatype
            if metric.alias is not None:
                twice |= edge.aliases.get(metric.alias, name) != name
                edge.aliases[metric.alias] = name
            rows += _rows(m, name, metric)
        for name in edge.tags.keys() - here:  # all of them, of a device that is born with nothing
            if name[0] == m.device:
                rows += [(tag, m.received, NAN, int(Quality.CONFIGURATION)) for tag in edge.tags[name]]
        if twice:
            self._unknown(m.node, edge, "an alias stands for two metrics")
            return [] if m.device else [r for r in rows if r[3] >= Quality.NO_DATA]
        self._say(m.node, edge, m.device, up=True, why="")
        return rows

    def _follows(self, m: "_Message") -> bool:
        """Whether aliases hold: the node is born and nothing of it was missed."""
        edge, seq = m.edge, m.said.seq
        if not edge.born:
            self._unknown(m.node, edge, "its NBIRTH was not seen")
            return False
        repeated = m.again and seq is not None and (edge.seq - seq) % _SEQS < _HALF
        expected = (edge.seq + 1) % _SEQS
        if seq == expected or repeated:
            edge.seq = seq if seq is not None else edge.seq
            return True
        self._unknown(m.node, edge, f"sequence {seq} where {expected} was due")
        return False

    def _miss(self, m: "_Message", why: str) -> None:
        """Devices that the birth sequence left out are not there, whatever was said of them before."""
        for device in sorted(m.edge.due):
            self._say(m.node, m.edge, device, up=False, why=f"rebirth needed: {why}")
        m.edge.due.clear()

    def _unknown(self, node: str, edge: _Edge, why: str) -> None:
        edge.born, edge.aliases = False, {}
        self._say(node, edge, "", up=False, why=f"rebirth needed: {why}")

    @staticmethod
    def _name(m: "_Message", metric: Metric) -> Name | None:
        return (m.device, metric.name) if metric.name else m.edge.aliases.get(_alias(metric))

    def _say(self, node: str, edge: _Edge, device: str, *, up: bool, why: str) -> None:
        """A change of a link; a node that is up says nothing of its devices: each speaks with its own birth."""
        if not up and device in edge.down:
            return
        (edge.down.discard if up else edge.down.add)(device)
        self._changes.append(Change((node, device), up, why))

    def _told(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes


@dataclass(frozen=True, slots=True)
class _Message:
    node: str
    device: str
    edge: _Edge
    said: Payload
    received: int
    again: bool


_HANDLERS: Final = {
    ("NBIRTH", False): Nodes.node_birth,
    ("DBIRTH", True): Nodes.device_birth,
    ("NDATA", False): Nodes.data,
    ("DDATA", True): Nodes.data,
    ("NDEATH", False): Nodes.node_death,
    ("DDEATH", True): Nodes.device_death,
}


def _alias(metric: Metric) -> int:
    return -1 if metric.alias is None else metric.alias


def _session(said: Payload) -> int | None:
    """bdSeq: which connection of the edge node this is (6.4.16)."""
    for metric in said.metrics:
        if metric.name == "bdSeq" and metric.kind in ("int_value", "long_value"):
            return int(metric.value or 0)
    return None


def _rows(m: _Message, name: Name, metric: Metric) -> Iterator[Row]:
    tags = m.edge.tags.get(name)
    if tags:
        source, value, quality = _reading(m, metric, metric.datatype or m.edge.types.get(name, 0))
        for tag in tags:
            yield (
                judged(tag, source, value, quality)
                if quality < Quality.NO_DATA
                else (tag, source, NAN, quality)
            )


def _reading(m: _Message, metric: Metric, datatype: int) -> tuple[int, float, int]:
    """(source time, value, quality)."""
    stamp = metric.timestamp if metric.timestamp is not None else m.said.timestamp
    try:
        source = m.received if stamp is None else moment(stamp, "ms")
        if metric.null:
            return source, NAN, int(Quality.SOURCE_BAD)
        if metric.quality is not None and metric.quality != _GOOD:
            return source, NAN, int(Quality.SOURCE_BAD)
        return source, value_of(metric, datatype), int(Quality.GOOD)
    except Malformed:
        return m.received, NAN, int(Quality.MALFORMED)


def value_of(metric: Metric, datatype: int) -> float:
    """A metric's number by its datatype (6.4.16: signed integers travel as two's complement in unsigned fields).

    Raises:
        Malformed: no number, or one that its datatype cannot have.
    """
    kind, value = metric.kind, metric.value
    if value is None:
        raise Malformed("no value that is a number")
    if kind in ("float_value", "double_value") and datatype in (0, *_REAL):
        return float(value)
    if kind == "boolean_value" and datatype in (0, _BOOL):
        return float(value)
    if kind == "string_value" and datatype in (0, *_TEXTS):
        return number(value)
    if kind in ("int_value", "long_value"):
        return float(_integer(int(value), datatype, 32 if kind == "int_value" else 64))
    raise Malformed(f"{kind} for datatype {datatype}")


def _integer(value: int, datatype: int, width: int) -> int:
    bits = _UNSIGNED.get(datatype)
    if bits is not None and value < 1 << bits:
        return value
    bits = _SIGNED.get(datatype)
    if bits is None:
        raise Malformed(f"an integer for datatype {datatype}")
    # Some encoders extend the sign over the whole field, some over the datatype only.
    for sign in {bits, width}:
        signed = value - (1 << sign) if value >> (sign - 1) == 1 else value
        if -(1 << (bits - 1)) <= signed < 1 << (bits - 1):
            return signed
    raise Malformed(f"{value} does not fit datatype {datatype}")
