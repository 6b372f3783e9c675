"""Judging what a gateway publishes: topics, payloads, retained flags, sequence and hash chain. No network."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

from gateway.sinks.mqtt.grammar import Branch, parse_topic

PAGE_BYTES: Final = 128 * 1024
MUST: Final = ("status", "birth", "level")
"""Branches every gateway keeps retained."""
OTHERS: Final = ("readings", "receipts")
"""Branches of the contract that this test does not look into."""

Validate = Callable[[str, Any], list[str]]
"""(schema name, payload) -> what is wrong with it."""


@dataclass(slots=True)
class _Chain:
    """The journal of one gateway and epoch as far as it was seen on ``events``."""

    seq: int = 0
    hash: str = ""
    hashes: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Judge:
    """Feed it every message with :meth:`hear`, then read :meth:`end`. Each kind of fault keeps its first words."""

    validate: Validate
    keeps_retain_flag: bool = True
    """the subscription asked for the flag as published (MQTT 5)"""
    messages: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _roots: dict[str, set[str]] = field(default_factory=dict)
    _pages: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)
    _manifests: dict[str, Any] = field(default_factory=dict)
    _chains: dict[tuple[str, str], _Chain] = field(default_factory=dict)

    def hear(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """One message, in the order of arrival."""
        found = parse_topic(topic)
        if found is None:
            if topic.split("/")[5:6] and topic.split("/")[5] in OTHERS:
                self.messages[topic.split("/")[5]] += 1
            else:
                self._fault("topic", f"{topic} is not a topic of the contract")
            return
        branch, parts = found
        self.messages[branch.name] += 1
        root = "/".join(topic.split("/")[:5])
        self._roots.setdefault(root, set()).add(branch.name)
        self._flag(branch, topic, retain=retain)
        if payload:
            self._payload(root, branch, parts, (topic, payload))
        elif not branch.emptied:
            self._fault("empty", f"{topic}: an empty message")

    def end(self) -> dict[str, Any]:
        """The report: ``ok``, what was heard, and what was wrong (kind -> first words, and how often)."""
        for root, seen in sorted(self._roots.items()):
            for name in MUST:
                if name not in seen:
                    self._fault("missing", f"{root}: nothing retained on {name}")
            self._births(root)
        if not self._roots:
            self._fault("nothing", "no gateway was heard")
        faults = [{"kind": k, "first": w, "times": self.counts[k]} for k, w in sorted(self.findings.items())]
        return {
            "ok": not faults,
            "gateways": sorted(self._roots),
            "messages": dict(sorted(self.messages.items())),
            "findings": faults,
        }

    # --- one message --------------------------------------------------------------------------------------------------

    def _flag(self, branch: Branch, topic: str, *, retain: bool) -> None:
        if retain and not branch.retained:
            self._fault("retained", f"{topic} must not be retained")
        if branch.retained and not retain and self.keeps_retain_flag:
            self._fault("not retained", f"{topic} must be retained")

    def _payload(
        self, root: str, branch: Branch, parts: Mapping[str, str], message: tuple[str, bytes]
    ) -> None:
        topic, payload = message
        try:
            body = json.loads(payload)
        except ValueError as error:
            self._fault("json", f"{topic}: {error}")
            return
        wrong = self.validate(branch.schema, body)
        for words in wrong[:3]:
            self._fault("schema", f"{topic}: {words}")
        if wrong or not isinstance(body, dict):
            return
        if body["gateway"] != parts["gateway"]:
            self._fault("place", f"{topic}: gateway {body['gateway']}")
        look = {"alarms": self._announced, "faults": self._announced, "events": self._recorded}.get(
            branch.name
        )
        if look is not None:
            look(topic, parts, (payload, body))
        if branch.name == "birth":
            self._manifests[root] = body
        if branch.name == "birthPage":
            self._page(root, topic, (payload, body))

    def _announced(self, topic: str, parts: Mapping[str, str], event: tuple[bytes, dict[str, Any]]) -> None:
        body = event[1]
        branch = "faults" if body["fault"] else "alarms"
        if f"/{branch}/" not in topic:
            self._fault("branch", f"{topic}: fault is {body['fault']}")
        if parts["level"] not in {body.get("level"), *body.get("levels", [])}:
            self._fault("level", f"{topic}: level {body.get('level')}, had {body.get('levels')}")
        if body.get("stage") == "shadow":
            self._fault("shadow", f"{topic}: an event in shadow stage is announced")
        if body.get("after", {}).get("acknowledgement") == "not-required":
            self._fault("recorded", f"{topic}: an event that is only recorded is announced")
        self._hashed(topic, event)

    def _recorded(self, topic: str, _parts: Mapping[str, str], event: tuple[bytes, dict[str, Any]]) -> None:
        self._hashed(topic, event)
        body = event[1]
        chain = self._chains.setdefault((topic, body["epoch"]), _Chain())
        seq = body["seq"]
        if seq <= chain.seq:
            if chain.hashes.get(seq, body["hash"]) != body["hash"]:
                self._fault("rewritten", f"{topic}: seq {seq} came with another hash")
            return
        if chain.seq and seq != chain.seq + 1:
            self._fault("sequence", f"{topic}: seq {seq} after {chain.seq}")
        elif chain.seq and body["prev_hash"] != chain.hash:
            self._fault("chain", f"{topic}: seq {seq} does not continue seq {chain.seq}")
        chain.seq, chain.hash = seq, body["hash"]
        chain.hashes[seq] = body["hash"]

    def _hashed(self, topic: str, event: tuple[bytes, dict[str, Any]]) -> None:
        payload, body = event
        rest = {k: v for k, v in body.items() if k not in {"prev_hash", "hash"}}
        try:
            canonical, whole = rfc8785.dumps(rest), rfc8785.dumps(body)
        except rfc8785.CanonicalizationError as error:
            self._fault("canonical", f"{topic}: seq {body['seq']}: {error}")
            return
        digest = hashlib.sha256(body["prev_hash"].encode() + canonical).hexdigest()
        if digest != body["hash"]:
            self._fault("hash", f"{topic}: seq {body['seq']}: the hash is not that of the body")
        if whole != payload:
            self._fault("canonical", f"{topic}: seq {body['seq']}: not canonical JSON")

    def _page(self, root: str, topic: str, page: tuple[bytes, dict[str, Any]]) -> None:
        payload, body = page
        if len(payload) > PAGE_BYTES:
            self._fault("page", f"{topic}: {len(payload)} bytes")
        self._pages.setdefault(root, {})[body["installation"]["id"], body["page"]] = body["config"]

    def _births(self, root: str) -> None:
        manifest = self._manifests.get(root)
        if manifest is None:
            return
        for place in manifest.get("installations", []):
            for n in range(1, place["pages"] + 1):
                if self._pages.get(root, {}).get((place["installation"], n)) != manifest["config"]:
                    self._fault(
                        "page", f"{root}: page {n} of {place['installation']} is missing or of another config"
                    )

    def _fault(self, kind: str, words: str) -> None:
        self.counts[kind] += 1
        self.findings.setdefault(kind, words)
