"""The reference pages, written from the models: ``python -m gateway.config.reference [--write]``.

Without ``--write`` it tells whether the committed pages are in step (exit 1 when not). A test does the same.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.config.ceilings import CEILINGS
from gateway.config.classes import CLASSES
from gateway.config.headers import HEADERS, MEANINGS, REQUIRED
from gateway.config.kinds import ENTRIES
from gateway.config.kinds.base import KindEntry
from gateway.config.registry import SINKS, SOURCES
from gateway.config.rulebase import RuleBase
from gateway.config.schema import MAY, NEEDS, SiteFile
from gateway.config.typewords import default_words, type_words
from gateway.config.validate import model_in

DOCS: Final = Path(__file__).parents[2] / "docs"
MADE: Final = (
    "<!-- Written by `python -m gateway.config.reference --write`; change the models, not this page. -->"
)

_CONFIGURATION: Final = """\
# Configuration

{made}

One YAML file for a site, and its [tag lists](tag-list.md) in CSV. `fengsui init PACK DIR` writes both to start from.
`fengsui check CONFIG` names every fault at once, with file, line, what is allowed and a hint; with `--explain TAG` it
shows where each value of a tag came from. The smallest site is [an example](../configs/examples/minimal/).

- Unknown keys are refused. A key stands once. YAML aliases and merge keys are refused: every value is where it is read.
- Numbers are plain decimals: `0x10`, `1_000`, `010`, `1:30` and full-width digits are refused, not guessed.
- A duration is a number of seconds, or a number with `ms`, `s`, `min`, `h` or `d`: `500ms`, `1s`, `5min`.
- Ids are 1-64 of `A-Z a-z 0-9 _ -`, because they become topics. They must differ by more than upper and lower case.
- No secret stands in a configuration: it is shown, hashed and kept. `password_env: NAME` names an environment variable.
- File names are relative to the folder of the site file.
"""
_TAG_LIST: Final = """\
# Tag list

{made}

CSV with a header row: UTF-8 (with or without BOM) or GB18030; comma, semicolon or tab. Headers are Chinese or English,
in any order; case does not matter, and a unit in brackets behind a header is ignored. A row or a column that begins
with `#` is a comment. Full-width letters and digits are read as their plain forms. Each limit column with a number
makes a rule `<id>.<LL|L|H|HH>`; its level and priority are in `limits` of the [site file](configuration.md).
"""
_CEILINGS: Final = """
## Legal ceilings

An alarm limit beyond one of these is refused, compared in the class's unit; in another unit `fengsui check` says that
it could not compare. The first alarm is the limit nearest to normal; the second is every other of that side, and votes.
Mark S: from a secondary source; U: unverified, listed here and never enforced.

| class | alarm | limit | standard | mark |
|---|---|---|---|---|
"""
_CLASSES: Final = """
## Classes

A tag of a class that must be judged and has no enabled rule makes its installation not-judged.

| class | 类别 | units | dangerous side | must be judged |
|---|---|---|---|---|
"""


def pages() -> dict[str, str]:
    """File name below ``docs/`` -> text."""
    return {"configuration.md": configuration(), "tag-list.md": tag_list()}


def configuration() -> str:
    """``docs/configuration.md``."""
    text = _CONFIGURATION.format(made=MADE)
    text += "\n## Site file\n\n" + _table(SiteFile) + "".join(_parts(SiteFile, "", 3))
    text += _kinds() + _plugins("Sources", "sources", SOURCES) + _plugins("Outputs", "outputs", SINKS)
    rows = (
        f"| {c.cls} | {c.order.value} {'high' if c.high else 'low'} | "
        f"{'at most' if c.high else 'at least'} {c.bound:g} {c.unit} | {c.standard} | {c.mark} |\n"
        for c in CEILINGS
    )
    return text + _CEILINGS + "".join(rows)


def _plugins(title: str, section: str, registry: Mapping[str, Any]) -> str:
    text = f"\n## {title}\n"
    for kind, module in registry.items():
        folder = "/".join(module.__name__.split(".")[:-1])
        text += (
            f"\n### {section}: {kind}\n\n{_doc(module.Settings)} More: [its page](../{folder}/README.md).\n\n"
        )
        text += _table(module.Settings) + "".join(_parts(module.Settings, "", 4))
    return text


def _parts(model: type[BaseModel], path: str, depth: int) -> Iterator[str]:
    """Sections of the models inside ``model``, outer ones first; keys of one model share a section."""
    inside: dict[type[BaseModel], list[str]] = {}
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner is not None:
            inside.setdefault(inner, []).append(f"{path}{name}")
    for inner, names in inside.items():
        yield f"\n{'#' * depth} {_keys(names)}\n\n{_doc(inner)}\n\n{_table(inner)}"
        yield from _parts(inner, f"{names[0]}.", depth)


def _doc(model: type[BaseModel]) -> str:
    return (
        (model.__doc__ or "")
        .split("\n\n")[0]
        .replace("\n", " ")
        .replace(" Times are ns.", "")
        .replace("``", "`")
        .strip()
    )


def _table(model: type[BaseModel]) -> str:
    rows = [_field(name, field) for name, field in model.model_fields.items()]
    return "| key | value | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _field(name: str, field: FieldInfo) -> str:
    default = "**needed**" if field.is_required() else default_words(field)
    cells = (f"`{name}`", type_words(field), default, field.description or "")
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n"


def _kinds() -> str:
    judged = {
        "limit-high": "value >= trigger; normal again below reset",
        "limit-low": "value <= trigger; normal again above reset",
        "rate-rise": "the slope over `window` >= trigger",
        "rate-fall": "the slope over `window` <= -trigger; both numbers positive",
        "state": "the value is one of `values`",
        "discrepancy": "command and feedback differ; published under the feedback",
        "vote": "at least `needed` of `tags` beyond trigger; published under the group",
    }
    rows = "".join(
        f"| `{kind}` | {judged[kind]} | {_keys(NEEDS[kind])} | {_keys(MAY.get(kind, ()))} |\n"
        for kind in NEEDS
    )
    text = "\n### Kinds of rules\n\n| kind | alarm when | needs | may have |\n|---|---|---|---|\n"
    rows += "".join(
        f"| `{_kind(e)}` | {e.judged} | {_keys(_own(e, needed=True))} | {_keys(_own(e, needed=False))} |\n"
        for e in ENTRIES
    )
    return f"{text}{rows}\nAll kinds: {_keys(RuleBase.model_fields)}.\n" + "".join(_entry(e) for e in ENTRIES)


def _kind(entry: type[KindEntry]) -> str:
    return str(get_args(entry.model_fields["kind"].annotation)[0])


def _own(entry: type[KindEntry], *, needed: bool) -> list[str]:
    fields = {n: f for n, f in entry.model_fields.items() if n not in RuleBase.model_fields and n != "kind"}
    return [n for n, f in fields.items() if f.is_required() is needed]


def _entry(entry: type[KindEntry]) -> str:
    """A kind's own section: what it is, and the settings that only it has."""
    fields = {n: entry.model_fields[n] for needed in (True, False) for n in _own(entry, needed=needed)}
    rows = "".join(_field(name, field) for name, field in fields.items())
    head = "| key | value | default | meaning |\n|---|---|---|---|\n"
    return f"\n#### rules: {_kind(entry)}\n\n{_doc(entry)}\n\n{head}{rows}"


def _keys(names: Any) -> str:
    return ", ".join(f"`{n}`" for n in names)


def tag_list() -> str:
    """``docs/tag-list.md``."""
    columns = "".join(
        f"| {' '.join(f'`{h}`' for h in names)} | {'yes' if column in REQUIRED else ''} | {MEANINGS[column]} |\n"
        for column, names in HEADERS.items()
    )
    classes = "".join(
        f"| `{name}` | {c.chinese} | {', '.join(c.units) or 'any'} | {c.danger.value} | "
        f"{'yes' if c.limit_required else ''} |\n"
        for name, c in CLASSES.items()
    )
    return (
        _TAG_LIST.format(made=MADE)
        + "\n## Columns\n\n| header | needed | meaning |\n|---|---|---|\n"
        + columns
        + _CLASSES
        + classes
    )


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are out of step."""
    wrong = []
    for name, text in pages().items():
        place = DOCS / name
        if "--write" in arguments:
            place.write_text(text, encoding="utf-8")
        elif not place.is_file() or place.read_text(encoding="utf-8") != text:
            wrong.append(name)
    sys.stdout.writelines(
        f"{name} is out of step: python -m gateway.config.reference --write\n" for name in wrong
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
