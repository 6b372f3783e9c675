"""Secrets are refused in the configuration and appear in no message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.writing import SITE, faults, good, spoilt

OUTPUT = "password_env: COUNTY_PW, username: gw"


@pytest.mark.parametrize(
    ("written", "path", "hint"),
    [
        ("password: hunter2", "outputs.county.password", "password_env: NAME"),
        ("Password: hunter2", "outputs.county.Password", "password_env: NAME"),
        ("token: hunter2", "outputs.county.token", "token_env: NAME"),
        ("api-key: hunter2", "outputs.county.api-key", "api_key_env: NAME"),
        ("tls: {secret: hunter2}", "outputs.county.tls.secret", "secret_env: NAME"),
        ('password_env: "hunter2!"', "outputs.county.password_env", "name the variable"),
        ('server: "mqtt://gw:hunter2@broker"', "outputs.county.server", "username and password_env"),
    ],
)
def test_a_secret_is_refused_and_never_shown(tmp_path: Path, written: str, path: str, hint: str) -> None:
    found = faults(tmp_path, spoilt(SITE, OUTPUT, written))
    mine = [f for f in found if f.path == path]
    assert len(mine) == 1
    assert hint in mine[0].hint
    assert "hunter2" not in "\n".join(map(str, found))


def test_what_a_source_keeps_to_itself(tmp_path: Path) -> None:
    found = faults(tmp_path, spoilt(SITE, "port: 502", "password: hunter2"))
    assert [f.path for f in found] == ["sources.plc1.password"]


def test_the_effective_configuration_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = good(tmp_path).site.config_hash
    monkeypatch.setenv("COUNTY_PW", "hunter2")
    assert good(tmp_path).site.config_hash == before
