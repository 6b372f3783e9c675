"""Settings of a site file that are no part of the plant, as name and text: kept and compared with the configuration."""

from collections.abc import Iterator
from typing import Any

from gateway.config.schema import SiteFile

_ELSEWHERE = frozenset({
    "version", "gateway", "county", "site", "state", "console", "tags", "rules", "installations", "people", "posts",
    "chains", "routing", "consoles", "limits", "defaults", "computed", "packs", "types", "changes",
})  # fmt: skip
"""sections that stand in the effective site itself, or say nothing of what runs"""


def settings_of(file: SiteFile) -> tuple[tuple[str, str], ...]:
    """``("sources.plc.host", "10.0.0.5")`` for every setting, by name. No secret is among them: those are in files."""
    raw = file.model_dump(mode="json", exclude=set(_ELSEWHERE))
    return tuple(sorted(_flat("", raw)))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for place, each in enumerate(value):
            yield from _flat(f"{name}[{place}]", each)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, "" if value is None else str(value)
