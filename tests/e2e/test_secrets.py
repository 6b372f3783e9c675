"""No secret of any output is in the log, the journal, the state folder, the API or what is published."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import until, write_site
from tests.ports import free_port

SECRETS = {
    "BROKER_WORD": "sesame-broker",
    "INFLUX_TOKEN": "sesame-token",
    "HOOK_URL": "http://127.0.0.1:9/hook?key=sesame-hook",
    "HOOK_TOKEN": "sesame-bearer",
    "ROBOT_URL": "https://127.0.0.1:9/send?key=sesame-robot",
    "ROBOT_KEY": "sesame-sign",
    "MAIL_WORD": "sesame-mail",
}
PATHS = ("/api/v1/status", "/api/v1/events?limit=1000", "/api/v1/alarms", "/api/v1/configs", "/api/v1/deliveries",
         "/api/v1/openapi.json", "/metrics", "/readyz")  # fmt: skip


def test_secrets_stay_where_they_are(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    kept = tmp_path / "word"
    kept.write_text("sesame-file\n")
    kept.chmod(0o600)
    nobody = {"host": "127.0.0.1", "port": free_port()}
    outputs = {
        "open": mqtt(broker.port),
        "county": {"kind": "mqtt", **nobody, "username": "gw", "password_env": "BROKER_WORD"},
        "spare": {"kind": "mqtt", **nobody, "username": "gw", "password_file": str(kept)},
        "tsdb": {"kind": "influxdb", "url": f"http://127.0.0.1:{nobody['port']}", "org": "o", "bucket": "b",
                 "token_env": "INFLUX_TOKEN"},
        "hook": {"kind": "webhook", "url_env": "HOOK_URL", "token_env": "HOOK_TOKEN"},
        "room": {"kind": "notify", "by": "dingtalk", "url_env": "ROBOT_URL", "sign_env": "ROBOT_KEY",
                 "tells": "alarms"},
        "mail": {"kind": "notify", "by": "smtp", **nobody, "encryption": "none", "sender": "a@b.example",
                 "username": "gw", "password_env": "MAIL_WORD", "tells": "alarms", "to": ["c@d.example"]},
    }  # fmt: skip
    site = write_site(tmp_path / "site", sources=plc(device.port), tags=[level(1)], outputs=outputs)
    gateway = gateway_of(site)
    device.set(1, 9500)
    with Ears(broker.port) as ears:
        gateway.launch(**SECRETS)
        gateway.wait_ready()
        until(
            lambda: all(f"output.{n}" in gateway.log for n in ("county", "tsdb", "hook", "room", "mail")), 40
        )
        said = "".join(str(gateway.probe(path)) for path in PATHS)
        heard = b"".join(h.payload for h in ears.of("events") + ears.of("birth"))
    assert gateway.stop() == 0
    words = [*SECRETS.values(), *(s.rpartition("=")[2] for s in SECRETS.values()), "sesame"]
    everything = {path: path.read_bytes() for path in gateway.state.rglob("*") if path.is_file()}
    everything |= {Path("log"): gateway.log.encode(), Path("api"): said.encode(), Path("mqtt"): heard}
    found = [(str(p), w) for p, data in everything.items() for w in words if w.encode() in data]
    assert found == []
