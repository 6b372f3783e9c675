"""What people change through the running gateway, in one file of its own: stages and numbers, signed by two persons.

The file stands beside the site file and is read with it. The gateway writes it (``fengsui stage``, the console's
engineering page); whoever prefers to, may move an entry into the site file by hand and delete it here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import orjson
import yaml
from pydantic import Field, PlainSerializer, StrictFloat, StrictInt, StrictStr

from gateway.config.durations import Duration, spelled
from gateway.config.rulebase import Name, Number, StageWord, Strict, Text
from gateway.config.rulebook import versioned
from gateway.config.source import Document, read_yaml
from gateway.config.validate import validate
from gateway.model.errors import Fault
from gateway.model.levels import Stage
from gateway.model.site import Rule, Site

HEAD: Final = "# Written by the gateway (fengsui stage, console). 由网关写入。\n"
PARTS: Final = ("rules", "installations", "limits")
NUMBERS: Final = ("trigger", "reset", "on_delay", "off_delay")
"""what can be changed of a rule"""
SETTINGS: Final = "settings."
"""... and before the name of what its kind alone has"""
Delay = Annotated[Duration, PlainSerializer(spelled, return_type=str, when_used="json")]


class Sealed(Strict):
    """Who signed an entry, and its seal."""

    by: Name = Field(description="who asked for it")
    second: Name = Field(description="the second person, who agreed")
    reason: Text = Field("", description="why")
    time: Text = Field("", description="when")
    hash: Text = Field("", description="SHA-256 over the entry: one that was edited by hand does not fit it")

    def sealed(self, name: str) -> Self:
        """With its hash, as the entry of this rule or installation."""
        return self.model_copy(update={"hash": self.digest(name)})

    def digest(self, name: str) -> str:
        """SHA-256 (hex) of the entry without its hash."""
        plain = self.model_dump(mode="json", exclude={"hash"}, exclude_none=True)
        return hashlib.sha256(orjson.dumps([name, plain], option=orjson.OPT_SORT_KEYS)).hexdigest()


class Signed(Sealed):
    """A stage, and who signed it. One from before there were seals has none."""

    stage: StageWord = Field(description="shadow: judged and journalled, not announced")


class Numbers(Strict):
    """Numbers of a rule, in its own unit; what is not given stays as the files say."""

    trigger: Number | None = Field(None, description="the limit")
    reset: Number | None = Field(None, description="where it ends")
    on_delay: Delay | None = Field(None, description="beyond for this long before it is raised")
    off_delay: Delay | None = Field(None, description="inside the reset for this long before it is cleared")

    settings: dict[Name, StrictInt | StrictFloat | StrictStr] | None = Field(
        None,
        description="numbers of its kind, by their names in the rule (`cases.0.trigger`: of the first case)",
    )

    @property
    def given(self) -> dict[str, Any]:
        """Name -> number, those that are given; delays in ns."""
        return {name: value for name in NUMBERS if (value := getattr(self, name)) is not None}

    @property
    def every(self) -> dict[str, Any]:
        """The same, and those of its kind as ``settings.NAME``."""
        return {**self.given, **{f"{SETTINGS}{name}": value for name, value in (self.settings or {}).items()}}


class SignedNumbers(Numbers, Sealed):
    """Changed numbers of a rule, and who signed them."""

    was: Numbers = Field(Numbers(), description="what the files said when it was signed")


class Overrides(Strict):
    """The whole file."""

    version: Literal[1] = Field(1, description="version of this format")
    rules: dict[str, Signed] = Field({}, description="rule id -> stage")
    installations: dict[str, Signed] = Field({}, description="installation id -> stage")
    limits: dict[str, SignedNumbers] = Field({}, description="rule id -> changed numbers")

    def put(self, part: str, name: str, entry: Signed | SignedNumbers | None) -> "Overrides":
        """With this entry; None: without one."""
        entries = {**getattr(self, part), name: entry}
        return self.model_copy(update={part: {k: v for k, v in entries.items() if v is not None}})

    def only(self, known: Mapping[str, set[str]]) -> "Overrides":
        """The entries of what is known."""
        return self.model_copy(
            update={p: {k: v for k, v in getattr(self, p).items() if k in known[p]} for p in PARTS}
        )


@dataclass(frozen=True, slots=True)
class Overriding:
    """The file as read; ``document`` is None where there is none."""

    content: Overrides
    document: Document | None

    def fault(self, key: tuple[str, ...], value: object, allowed: str, hint: str = "") -> Fault:
        """A fault of an entry, or of its parts."""
        return (self.document or Document("", None)).fault(key, value, allowed, hint)


def read_overrides(path: Path, faults: list[Fault]) -> Overriding:
    """The file at ``path``, or nothing where there is none."""
    if not path.is_file():
        return Overriding(Overrides(), None)
    document = read_yaml(path)
    content = validate(Overrides, document, (), document.data or {}, faults)
    return Overriding(content or Overrides(), document)


def override_faults(read: Overriding, known: Mapping[str, set[str]]) -> list[Fault]:
    """Entries for what is no longer configured: a signature must not wait for something of the same name. And entries
    that do not fit their hash. ``known``: ids by part.
    """
    hint = "remove the entry, or --accept; it was signed for something that is no longer there"
    gone = [
        read.fault((part, name), name, f"the id of one of the {'rules' if part == 'limits' else part}", hint)
        for part in PARTS
        for name in getattr(read.content, part)
        if name not in known[part]
    ]
    return [*gone, *_unsealed(read)]


def _unsealed(read: Overriding) -> Iterable[Fault]:
    hint = "the entry was edited by hand: change it at the console, or in the site's own files"
    for part in PARTS:
        for name, entry in getattr(read.content, part).items():
            first = part != "limits" and not entry.hash
            if not first and entry.hash != entry.digest(name):
                allowed = "the hash of what two persons signed"
                yield read.fault((part, name, "hash"), entry.hash[:12], allowed, hint)


def overridden(site: Site, overrides: Overrides) -> Site:
    """The site with the signed stages; numbers are put in before rules are checked (:mod:`gateway.config.numbers`)."""
    places = tuple(
        replace(i, stage=Stage(signed.stage)) if (signed := overrides.installations.get(i.id)) else i
        for i in site.installations
    )
    return replace(site, installations=places, rules=tuple(_staged(r, overrides) for r in site.rules))


def _staged(rule: Rule, overrides: Overrides) -> Rule:
    signed = overrides.rules.get(rule.id)
    if signed is None or rule.stage is Stage(signed.stage):
        return rule
    return versioned(replace(rule, stage=Stage(signed.stage)))


def write_overrides(path: Path, content: Overrides) -> None:
    """Whole or not at all; what says nothing is no file."""
    if not any(getattr(content, part) for part in PARTS):
        path.unlink(missing_ok=True)
        return
    plain: dict[str, Any] = content.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump({"version": 1, **plain}, allow_unicode=True, sort_keys=False)
    new = path.with_name(f"{path.name}.new")
    new.write_text(HEAD + text, encoding="utf-8")
    new.replace(path)
