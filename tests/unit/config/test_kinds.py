"""Entries whose kind has settings of its own: their faults are said at their place, in the words of their own kind."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import pytest
from pydantic import BaseModel, Field, ValidationError

from detectors.kinds import KINDS
from gateway.config.kinds import ENTRIES
from gateway.config.kinds.base import KindEntry
from gateway.config.rulebase import Number
from gateway.config.schema import RuleEntry
from gateway.config.source import read_yaml
from gateway.config.validate import faults_of
from gateway.model.site import RuleKind


class Wobble(KindEntry):
    """Made up."""

    kind: Literal["wobble"]
    tag: str
    horizon: Number = 1.0


class File(BaseModel):
    rules: tuple[Annotated[RuleEntry | Wobble, Field(discriminator="kind")], ...]


def faults(tmp_path: Path, entry: str) -> list[Any]:
    place = tmp_path / "site.yaml"
    place.write_text(f"rules:\n  - {entry}\n")
    document = read_yaml(place)
    with pytest.raises(ValidationError) as caught:
        File.model_validate(document.data)
    return faults_of(caught.value, File, document, (), document.data)


@pytest.mark.parametrize(
    ("entry", "path", "says"),
    [
        ("{id: A.X, kind: wobbel, tag: A, level: red}", "rules[0].kind", "one of limit-high"),
        ("{id: A.X, tag: A, level: red}", "rules[0].kind", "this key must be given"),
        ("{id: A.X, kind: wobble, level: red}", "rules[0].tag", "this key must be given"),
        (
            "{id: A.X, kind: wobble, tag: A, horizn: 3, level: red}",
            "rules[0].horizn",
            "did you mean horizon?",
        ),
        ("{id: A.X, kind: wobble, tag: A, horizon: far, level: red}", "rules[0].horizon", "a number"),
    ],
)
def test_a_fault_stands_at_its_place(tmp_path: Path, entry: str, path: str, says: str) -> None:
    (fault,) = faults(tmp_path, entry)
    assert fault.path == path
    assert fault.line == 2
    assert says in f"{fault.allowed} {fault.hint}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.__name__)
def test_every_entry_has_a_kind_and_parameters(entry: type[KindEntry]) -> None:
    (word,) = get_args(entry.model_fields["kind"].annotation)
    assert RuleKind(word).value in KINDS
    assert set(KINDS[word].members) <= set(get_type_hints(KINDS[word]))
    assert entry.judged
    assert entry.short
