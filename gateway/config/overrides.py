"""What people change through the running gateway, in one file of its own: stages, signed by two persons.

The file stands beside the site file and is read with it. The gateway writes it (``fengsui stage``); whoever prefers to,
may move an entry into the site file by hand and delete it here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import Field

from gateway.config.rulebase import Name, StageWord, Strict, Text
from gateway.config.rulebook import versioned
from gateway.config.source import Document, read_yaml
from gateway.config.validate import validate
from gateway.model.errors import Fault
from gateway.model.levels import Stage
from gateway.model.site import Rule, Site

HEAD: Final = "# Written by the gateway (fengsui stage). 由网关写入。\n"
PARTS: Final = ("rules", "installations")


class Signed(Strict):
    """A stage, and who signed it."""

    stage: StageWord = Field(description="shadow: judged and journalled, not announced")
    by: Name = Field(description="who asked for it")
    second: Name = Field(description="the second person, who agreed")
    reason: Text = Field("", description="why")
    time: Text = Field("", description="when")


class Overrides(Strict):
    """The whole file."""

    version: Literal[1] = Field(1, description="version of this format")
    rules: dict[str, Signed] = Field({}, description="rule id -> stage")
    installations: dict[str, Signed] = Field({}, description="installation id -> stage")


@dataclass(frozen=True, slots=True)
class Overriding:
    """The file as read; ``document`` is None where there is none."""

    content: Overrides
    document: Document | None


def read_overrides(path: Path, faults: list[Fault]) -> Overriding:
    """The file at ``path``, or nothing where there is none."""
    if not path.is_file():
        return Overriding(Overrides(), None)
    document = read_yaml(path)
    content = validate(Overrides, document, (), document.data or {}, faults)
    return Overriding(content or Overrides(), document)


def override_faults(read: Overriding, site_rules: Iterable[str], installations: Iterable[str]) -> list[Fault]:
    """Entries for what is no longer configured: a signature must not wait for something of the same name."""
    document = read.document
    if document is None:
        return []
    known: Mapping[str, set[str]] = {"rules": set(site_rules), "installations": set(installations)}
    hint = "remove the entry; it was signed for something that is no longer there"
    return [
        document.fault((part, name), name, f"the id of one of the {part}", hint)
        for part in PARTS
        for name in getattr(read.content, part)
        if name not in known[part]
    ]


def overridden(site: Site, overrides: Overrides) -> Site:
    """The site with the signed stages."""
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
    """Whole or not at all."""
    plain: dict[str, Any] = content.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump({"version": 1, **plain}, allow_unicode=True, sort_keys=False)
    new = path.with_name(f"{path.name}.new")
    new.write_text(HEAD + text, encoding="utf-8")
    new.replace(path)
