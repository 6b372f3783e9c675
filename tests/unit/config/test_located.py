"""Files named in settings are found from the folder of the site file, wherever the gateway was started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.writing import SITE, faults, good, spoilt

SITES = spoilt(
    spoilt(
        SITE,
        "{kind: mqtt, host: h, time: {path: ts}}",
        "{kind: mqtt, host: h, username: u, password_file: pw/pond, tls: {ca: tls/ca.pem, cert: /abs/c.pem}}",
    ),
    "{kind: mqtt, host: broker, password_env: COUNTY_PW, username: gw}",
    "{kind: mqtt, host: broker, password_file: ../county.pw, username: gw, tls: {ca: ca.pem}}\n"
    "  tsdb: {kind: influxdb, url: 'http://h', org: o, bucket: b, token_file: token}",
)


def test_every_file_of_a_plugin_starts_at_the_site_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    loaded = good(tmp_path, SITES)
    pond = next(s.settings for s in loaded.sources if s.name == "pond")
    county, tsdb = (each.settings for each in loaded.outputs)
    assert (pond.password_file, pond.tls.ca) == (tmp_path / "pw/pond", tmp_path / "tls/ca.pem")
    assert (pond.tls.cert, pond.tls.key) == (Path("/abs/c.pem"), None)
    assert (county.password_file, county.tls.ca) == (tmp_path / "../county.pw", tmp_path / "ca.pem")
    assert tsdb.token_file == tmp_path / "token"


def test_a_recording_beside_the_site_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = spoilt(SITE, "{kind: mqtt, host: h, time: {path: ts}}", "{kind: replay, path: data/day.csv}")
    monkeypatch.chdir("/")
    loaded = good(tmp_path, site)
    assert next(s.settings for s in loaded.sources if s.name == "pond").path == tmp_path / "data/day.csv"


def test_moving_the_folder_is_no_change_of_configuration(tmp_path: Path) -> None:
    hashes = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        hashes.add(good(tmp_path / name, SITES).site.config_hash)
    assert len(hashes) == 1


@pytest.mark.parametrize("path", ["5", "[a, b]", "{a: b}", "true"])
def test_a_json_path_that_is_no_text_is_a_fault_at_its_place(tmp_path: Path, path: str) -> None:
    (fault,) = faults(tmp_path, spoilt(SITE, "time: {path: ts}", f"time: {{path: {path}}}"))
    assert fault.path == "sources.pond.time.path"
    assert "text like" in fault.allowed
