"""Verifies the hash chain of a gateway from its MQTT events alone. Nothing of Fengsui is needed, only paho-mqtt.

    python verify_events.py HOST COUNTY/SITE/GATEWAY     listens on fengsui/v1/COUNTY/SITE/GATEWAY/events
    python verify_events.py FILE                         reads events that were saved, one a line; exit 1 if not whole

hash = SHA-256(prev_hash + the event's own bytes without its two hashes), prev_hash is the hash of the event before; the
first event of an epoch has 64 zeros. The same event may come twice, and a missing one may come late.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

CHAINS: dict[str, dict[int, tuple[str, str]]] = {}  # epoch -> seq -> (prev_hash, hash)


def check(data: bytes) -> list[str]:
    """What is wrong with one event, or with what it joins to."""
    try:
        event = json.loads(data)
        seq, prev, claimed = event["seq"], event["prev_hash"], event["hash"]
    except (ValueError, KeyError, TypeError):
        return [f"no event: {data[:60]!r}"]
    body = data  # canonical JSON: sorted keys, no spaces, so that neither hash is the first member
    for name in ("hash", "prev_hash"):
        body = body.replace(f',"{name}":"{event[name]}"'.encode(), b"", 1)
    if hashlib.sha256(prev.encode() + body).hexdigest() != claimed:
        return [f"seq {seq}: altered, its hash does not fit its bytes"]
    chain = CHAINS.setdefault(event["epoch"], {})
    if chain.get(seq, (prev, claimed)) != (prev, claimed):
        return [f"seq {seq}: came again as another event"]
    hole = bool(chain) and seq > max(chain) + 1
    faults = [f"seq {max(chain) + 1} to {seq - 1}: missing"] if hole else []
    chain[seq] = (prev, claimed)
    before, after = chain.get(seq - 1), chain.get(seq + 1)
    if (before and before[1] != prev) or (after and after[0] != claimed):
        faults.append(f"seq {seq}: does not join the event before or after it")
    return faults


def heard(_client: Any, _data: Any, message: Any) -> None:
    said = check(message.payload) or [f"whole to seq {max(max(c) for c in CHAINS.values())}"]
    print(*said, sep="\n", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        lines = Path(sys.argv[1]).read_bytes().splitlines()
        found = [words for line in lines for words in check(line)] or ["no events"] * (not lines)
        sys.exit("\n".join(found) or print(f"whole: {len(lines)} events"))
    import paho.mqtt.subscribe

    paho.mqtt.subscribe.callback(heard, f"fengsui/v1/{sys.argv[2]}/events", qos=1, hostname=sys.argv[1])
