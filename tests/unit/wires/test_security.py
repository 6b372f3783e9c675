"""Certificates that end, secrets that anybody may read, access files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509

from gateway.app.certificates import look
from gateway.model.errors import Misconfigured
from gateway.wires import access
from gateway.wires.expiry import ends
from gateway.wires.secrets import secret
from tests.helpers.certificates import certificates


def test_the_end_of_a_certificate_is_read_as_openssl_reads_it(tmp_path: Path) -> None:
    ca, (cert, _), _ = certificates(tmp_path)
    for each in (ca, cert):
        assert ends(each) == x509.load_pem_x509_certificate(each.read_bytes()).not_valid_after_utc
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ca.read_bytes() + cert.read_bytes())
    assert ends(bundle) == min(ends(ca), ends(cert))


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "\x30\x82"]
)
def test_what_is_no_certificate_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pem").write_text(text)
    with pytest.raises(ValueError, match="certificate"):
        ends(tmp_path / "x.pem")


def test_thirty_days_ahead_it_is_said_and_an_unreadable_file_is_nobodys_calm(tmp_path: Path) -> None:
    ca, (cert, _), _ = certificates(tmp_path)
    end = ends(cert)
    named = {
        ca: "outputs.county.tls.ca",
        cert: "outputs.county.tls.cert",
        tmp_path / "gone": "outputs.x.tls.ca",
    }
    assert look(named, end - dt.timedelta(days=31)) == (31, "")
    days, said = look(named, end - dt.timedelta(days=29))
    assert days == 29
    assert "outputs.county.tls.cert" in said
    assert "ends in 29 days" in said
    assert "has ended" in look(named, end + dt.timedelta(days=1))[1]
    assert look({}, end) == (None, "")


def test_secrets_come_from_safe_files_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "word"
    path.write_text("sesame\n")
    path.chmod(0o600)
    assert secret("x", None, path) == "sesame"
    path.chmod(0o640)
    assert secret("x", None, path) == "sesame", "a group may be meant"
    path.chmod(0o604)
    with pytest.raises(Misconfigured, match="anybody may read it") as refused:
        secret("x", None, path)
    assert "sesame" not in str(refused.value)
    monkeypatch.setenv("WORD", "sesame")
    assert secret("x", "WORD", None) == "sesame"
    with pytest.raises(Misconfigured, match="NOWHERE is not set"):
        secret("x", "NOWHERE", None)
    with pytest.raises(Misconfigured, match="No such file"):
        secret("x", None, tmp_path / "gone")
    assert secret("x", None, None) is None


def test_an_access_file_names_every_branch_once() -> None:
    text = access.mosquitto([("gw", access.site("fengsui/v1/341524/s/g")), ("reg", access.regulator())])
    lines = text.splitlines()
    assert "topic readwrite fengsui/v1/341524/s/g/state/#" in lines
    assert "topic write fengsui/v1/341524/s/g/events" in lines
    assert "topic read fengsui/v1/341524/s/g/receipts" in lines
    assert "topic read fengsui/v1/+/+/+/alarms/#" in lines
    assert not [line for line in lines if "write" in line and "receipts" in line]
    nats = access.nats([("plant-gw", access.site("fengsui/v1/341524/s/g")), ("reg", access.regulator())])
    assert "$FENGSUI_PLANT_GW" in nats
    assert '"fengsui.v1.341524.s.g.state", "fengsui.v1.341524.s.g.state.>"' in nats
    assert 'publish: {deny: ">"}' in nats
