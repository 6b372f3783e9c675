from __future__ import annotations

from pathlib import Path

import pydantic
import pytest
import yaml

import gateway
from gateway.model.errors import Misconfigured
from gateway.model.site import Tag
from gateway.sources.mqtt.config import Settings, bind, links, own_client_id

FOLDER = Path(gateway.__file__).parent / "sources" / "mqtt"
SETTINGS = Settings(kind="mqtt", host="broker")
TAG = Tag(id="T", raw="T", description="", cls="level", unit="m", installation="")


def settings(**change: object) -> Settings:
    return Settings.model_validate({"kind": "mqtt", "host": "broker", **change})


def test_addresses() -> None:
    plain = bind(SETTINGS, "pond/level", TAG)
    assert (plain.topic, plain.path) == ("pond/level", None)
    deep = bind(SETTINGS, "尾矿库/p1#data[0].value", TAG)
    assert (deep.topic, deep.path) == ("尾矿库/p1", ("data", 0, "value"))


@pytest.mark.parametrize("cell", ["", "#v", "a/b+/b", "a/#", "a#", "a#b..c", "a\0b"])
def test_a_bad_address_says_what_is_allowed(cell: str) -> None:
    with pytest.raises(ValueError, match="allowed: topic"):
        bind(SETTINGS, cell, TAG)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 4},
        {"password_env": "X"},
        {"username": "u", "password_env": "X", "password_file": "y"},
        {"subscribe": ["a/#/b"]},
        {"subscribe": ["a+"]},
        {"time": {"path": "a..b"}},
        {"time": {"path": "a", "unit": "min"}},
        {"tls": {"key": "k.pem"}},
        {"password": "secret"},
        {"keep_alive": None},
    ],
)
def test_bad_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        settings(**change)


def test_the_password_comes_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_PW", "from-env")
    assert settings(username="u", password_env="BROKER_PW").password() == b"from-env"
    (tmp_path / "pw").write_text("from-file\n")
    assert settings(username="u", password_file=tmp_path / "pw").password() == b"from-file"
    monkeypatch.delenv("BROKER_PW")
    with pytest.raises(Misconfigured, match="BROKER_PW"):
        settings(username="u", password_env="BROKER_PW").password()
    with pytest.raises(Misconfigured, match="nowhere"):
        settings(username="u", password_file=tmp_path / "nowhere").password()


def test_one_link_for_all() -> None:
    found, of_tag = links("pond", SETTINGS, {"A": bind(SETTINGS, "a", TAG), "B": bind(SETTINGS, "b", TAG)})
    assert [k.id for k in found] == ["pond"]
    assert of_tag == {"A": ("pond",), "B": ("pond",)}


def test_the_client_id_is_stable() -> None:
    assert own_client_id("pond") == own_client_id("pond") != own_client_id("other")


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    assert text in (FOLDER / "README.md").read_text()
    for each in yaml.safe_load(text)["sources"].values():
        Settings.model_validate(each)


def test_every_setting_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
