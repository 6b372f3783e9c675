"""The public figures of one harness result: counts, times, CPU and memory; no paths, ports or payloads."""

import statistics
from collections.abc import Iterable, Mapping
from typing import Any, Final

Figures = dict[str, Any]
NEVER: Final = float("inf")


def public(result: Mapping[str, Any]) -> Figures:
    """Flatten one result of the harness; what a scenario does not have is left out."""
    alarms, samples = result.get("alarms") or {}, result.get("samples_acct") or {}
    clears, polling = alarms.get("clears") or {}, result.get("polling") or {}
    found = {
        **{k: alarms.get(k) for k in ("expected", "missed", "false", "dup", "bad_payload")},
        **{k: alarms.get(k) for k in ("crossings_in_outage", "missed_in_outage")},
        **{f"clears_{k}": clears.get(k) for k in ("expected", "missed", "dup", "false")},
        **_spread("latency", alarms.get("latency_s")),
        **_spread("reaction", alarms.get("reaction_after_poll_s")),
        **_spread("ingest", samples.get("ingest_latency_s")),
        **{k: samples.get(k) for k in ("scans_served", "scans_stored", "scans_lost", "scans_dup")},
        "polls_missed": polling.get("polls_missed"),
        "polls_expected": polling.get("polls_expected"),
        "devices": result["plan"]["devices"],
        "tags": result["plan"]["devices"] * result["plan"]["tags"],
        "cpu_s_per_1000": result.get("cpu_s_per_1000"),
        "rss_mb": result.get("peak_rss_mb", result.get("rss_mb")),
        "first_sample_s": _listed(result.get("first_sample_s")),
        **{k: result.get(k) for k in ("flood_sent", "flood_rows", "stored_per_s", "publish_rate")},
        "alive": result.get("sut_alive"),
    }
    return {k: v for k, v in found.items() if v is not None}


def _spread(name: str, values: Mapping[str, Any] | None) -> Figures:
    return {f"{name}_{k}": (values or {}).get(k) for k in ("p50", "p99", "max")}


def _listed(value: Any) -> list[float | None] | None:
    """Start times: one or three; None for a start that never stored anything."""
    if value is None:
        return None
    starts = value if isinstance(value, list) else [value]
    return [None if v is None else round(v, 2) for v in starts]


def column(runs: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    """A figure over several runs (start times: every start), where it is known."""
    found: list[float] = []
    for run in runs:
        value = run["figures"].get(name)
        if isinstance(value, list):
            found += [NEVER if v is None else v for v in value]
        elif value is not None:
            found.append(float(value))
    return found


def median(values: list[float]) -> float | None:
    """None of nothing."""
    return statistics.median(values) if values else None


def ratios(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    """Our figure by theirs, of the same scenario and seed: runs that were made back to back."""
    other = {(r["scenario"], r["seed"]): r["figures"].get(name) for r in theirs}
    pairs = [(r["figures"].get(name), other.get((r["scenario"], r["seed"]))) for r in ours]
    return [a / b for a, b in pairs if a is not None and b]
