"""Secrets come by environment or file, never in the configuration: it is shown, hashed, kept and sent to people."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.config.source import Document, Key
from gateway.model.errors import Fault

NAMES: Final = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "pass",
        "secret",
        "token",
        "api_key",
        "apikey",
        "access_token",
        "credential",
    }
)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_IN_URL: Final = re.compile(r"://[^/\s@]+@")
HIDDEN: Final = "(not shown)"


def secret_faults(document: Document, path: Key, data: object) -> list[Fault]:
    """Secrets written below ``path``; their values are in no message."""
    return [fault for place, value in _leaves(path, data) if (fault := _fault(document, place, value))]


def _leaves(path: Key, data: object) -> Iterator[tuple[Key, object]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves((*path, str(key)), value)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves((*path, index), value)
    else:
        yield path, data


def _fault(document: Document, place: Key, value: object) -> Fault | None:
    key = str(place[-1]).lower().replace("-", "_")
    if key in NAMES:
        hint = f"write {key}_env: NAME here and put the secret into the environment variable NAME"
        return _hidden(document, place, "no secret in the configuration", hint)
    if key.endswith("_env") and isinstance(value, str) and not _VARIABLE.fullmatch(value):
        hint = "name the variable here; the secret itself goes into the environment"
        return _hidden(document, place, "the name of an environment variable (letters, digits, _)", hint)
    if isinstance(value, str) and _IN_URL.search(value):
        hint = "give username and password_env beside the address"
        return _hidden(document, place, "an address without user and password", hint)
    return None


def _hidden(document: Document, place: Key, allowed: str, hint: str) -> Fault:
    fault = document.fault(place, None, allowed, hint)
    return Fault(fault.file, fault.line, fault.path, HIDDEN, allowed, hint)
