"""The reference pages are in step with the models, and every setting of ours says what it means."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from gateway.config.headers import HEADERS, MEANINGS
from gateway.config.reference import main, pages
from gateway.config.registry import SINKS, SOURCES
from gateway.config.schema import SiteFile
from gateway.config.validate import model_in


def test_the_committed_pages_are_in_step() -> None:
    assert main([]) == 0, "run: python -m gateway.config.reference --write"


MODELS = {"site file": SiteFile} | {
    f"{part} {kind}": plugin.Settings
    for part, registry in (("source", SOURCES), ("output", SINKS))
    for kind, plugin in registry.items()
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_setting_says_what_it_means(model: type[BaseModel]) -> None:
    def silent(model: type[BaseModel], path: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            inner = model_in(field.annotation)
            found += [] if field.description else [f"{path}{name}"]
            found += silent(inner, f"{path}{name}.") if inner else []
        return found

    assert silent(model, "") == []


def test_every_column_says_what_it_means() -> None:
    assert list(HEADERS) == list(MEANINGS)


def test_every_setting_is_on_the_page() -> None:
    page = pages()["configuration.md"]
    for model in MODELS.values():
        assert [name for name in model.model_fields if f"| `{name}` |" not in page] == []
    assert "class '" not in page
    assert "typing" not in page
