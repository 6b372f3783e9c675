"""Webhook, file and messages to people over real sockets, a pty and a disk: told, refused, kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app.plugins import build_sinks
from gateway.config.load import OutputPart
from gateway.config.registry import SINKS
from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind
from gateway.model.levels import Level
from gateway.model.people import Person
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.rooms import Room
from gateway.sinks.notify.sink import FLOOR_S
from tests.helpers.fake_influx import FakeInflux
from tests.helpers.lane import FakeEventLane, Journal, event, present, site
from tests.helpers.people_wires import GsmModem, MailServer, read_pdu

PEOPLE = (
    Person(id="wang", name="王强", phone="+8613800138000", email="wang@plant.example"),
    Person(id="li", name="李敏", phone="13900139000", email="li@plant.example"),
    Person(id="zhao", name="赵磊"),
)
SITE = replace(site(), people=PEOPLE)


class Out:
    """One output of any kind on a lane of its own."""

    def __init__(self, kind: str, **settings: Any) -> None:
        part = OutputPart("out", kind, SINKS[kind].Settings(kind=kind, **settings))
        (self.sink,) = build_sinks(part)
        self.journal = Journal(SITE)
        self.lane = FakeEventLane(self.sink.name, present(SITE))

    def say(self, *events: Any) -> None:
        self.lane.put(*self.journal.add(*events))

    async def until(self, seq: int) -> None:
        await self.lane.until(lambda: self.lane.accepted >= seq)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """As the supervisor runs it, with short pauses."""
        task = asyncio.create_task(self._live())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _live(self) -> None:
        while True:
            try:
                await self.sink.run(self.lane)
            except (Retry, Misconfigured) as error:
                self.lane.reports.append(("ended", True, str(error)))
                self.lane.rewind()
                await asyncio.sleep(0.05)


def told(*people: str, tag: str = "LT-1", step: int = 0, level: Level = Level.RED) -> Any:
    kind = EventKind.ESCALATED if step else EventKind.NOTIFIED
    return event(kind, tag, level=level)._replace(id="", n=0, detail={"people": list(people), "step": step})


# --- webhook ----------------------------------------------------------------------------------------------------------


async def test_a_webhook_gets_the_journals_bytes_and_one_it_refuses_is_a_dead_letter() -> None:
    async with FakeInflux() as server:
        server.judge = lambda lines: (422, "no such tag", {}) if "LT-2" in lines[0] else (200, "ok", {})
        out = Out("webhook", url=f"{server.url}/hook?a=1", levels=("red",))
        async with out.running():
            out.say(*(event(tag=f"LT-{n}") for n in (1, 2, 3)), event(tag="LT-4", level=Level.BLUE))
            out.say(event(EventKind.STARTED, level=None, id=""))
            await out.until(5)
        taken = [json.loads(r.lines[0]) for r in server.requests if "LT-2" not in r.lines[0]]
        assert sorted(e["tag"] for body in taken for e in body["events"]) == ["LT-1", "LT-3"]
        assert taken[0]["schema"] == "fengsui.webhook/1"
        assert server.requests[0].path == "/hook?a=1"
        posted = "".join(r.lines[0] for r in server.requests)
        assert out.journal.records[0].data.decode() in posted, "the journal's exact bytes"
        assert len({r.headers["idempotency-key"] for r in server.requests}) == len(server.requests)
    assert [seq for seq, _ in out.lane.rejected] == [2]
    assert "422: no such tag" in out.lane.rejected[0][1]


async def test_a_webhook_keeps_what_cannot_be_taken_now_and_says_when_a_person_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "sesame")
    async with FakeInflux(script=[(503, "busy", {}), (401, "who?", {}), (410, "gone", {})]) as server:
        out = Out("webhook", url=server.url, token_env="HOOK_TOKEN")
        async with out.running():
            out.say(event())
            await out.until(1)
        assert server.requests[0].headers["authorization"] == "Bearer sesame"
    assert [what for what, active, _ in out.lane.reports if active and what != "ended"] == [
        "login",
        "refused",
    ]
    assert not out.lane.troubles
    assert not out.lane.rejected
    assert "sesame" not in str(out.lane.reports)


# --- file -------------------------------------------------------------------------------------------------------------


async def test_a_file_has_each_event_once_over_restarts_a_torn_line_and_rotation(tmp_path: Path) -> None:
    path = tmp_path / "log" / "events.jsonl"
    out = Out("file", path=path, max_mb=1, keep=2)
    async with out.running():
        out.say(*(event(tag=f"LT-{n}") for n in range(10)))
        await out.until(10)
    with path.open("ab") as file:
        file.write(b'{"torn":')
    out.lane.accepted, out.lane._position = 5, 5  # killed before the cursor was kept
    async with out.running():
        out.say(*(event(tag=f"LT-{n}") for n in range(10, 2000)))
        await out.until(2000)
    files = sorted(tmp_path.glob("log/*"), reverse=True)
    assert [f.name for f in files] == ["events.jsonl.1", "events.jsonl"]
    seqs = [json.loads(line)["seq"] for f in files for line in f.read_bytes().splitlines()]
    assert seqs == list(range(1, 2001))


async def test_a_disk_that_refuses_keeps_everything(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where a folder should be")
    out = Out("file", path=tmp_path / "log" / "events.jsonl")
    async with out.running():
        out.say(event())
        await out.lane.until(lambda: "disk" in out.lane.troubles)
        (tmp_path / "log").unlink()
        await out.until(1)
    assert not out.lane.troubles


# --- mail -------------------------------------------------------------------------------------------------------------


async def test_mail_goes_to_whom_the_routing_table_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL", "sesame")
    server = MailServer(refuse={"li@plant.example": "550 no such user"}, login=["535 no", "235 yes"])
    with server.running():
        out = Out(
            "notify", by="smtp", host="127.0.0.1", port=server.port, encryption="none", sender="gw@plant.example",
            username="gw", password_env="MAIL", every=0, language="both",
        )  # fmt: skip
        async with out.running():
            out.say(event(), told("wang", "li", "zhao"))
            await out.until(2)
    ((to, mail),) = server.mails
    assert (to, mail["From"], mail["Subject"]) == (
        "wang@plant.example", "gw@plant.example", "【烽燧示范厂】红色 LT-1 甲醇 储罐",
    )  # fmt: skip
    body = mail.get_content()  # type: ignore[attr-defined]
    assert "红色报警" in body
    assert "RED alarm" in body
    assert out.lane.rejected == [(2, "li@plant.example: 550 no such user")]
    assert out.lane.troubles == {"no-contact": "zhao", "not-told": "li@plant.example: 550 no such user"}
    assert ("login", True) in [(what, active) for what, active, _ in out.lane.reports]
    assert "sesame" not in str(out.lane.reports)


async def test_who_can_never_be_told_is_a_dead_letter_once_though_others_must_be_tried_again() -> None:
    refuse = {"li@plant.example": "550 no such user", "wang@plant.example": "450 later"}
    server = MailServer(refuse=refuse)
    settings = {"by": "smtp", "host": "127.0.0.1", "encryption": "none", "sender": "a@b.example", "every": 0}
    with server.running():
        out = Out("notify", **settings, port=server.port)
        async with out.running():
            out.say(event(), told("wang", "li"))
            await out.lane.until(lambda: sum(what == "ended" for what, *_ in out.lane.reports) >= 2)
            assert not out.lane.rejected, "wang still waits"
            del refuse["wang@plant.example"]
            await out.until(2)
            assert out.lane.rejected == [(2, "li@plant.example: 550 no such user")]
            assert set(out.lane.troubles) == {"not-told"}
            del refuse["li@plant.example"]
            out.say(told("li", tag="LT-2"))
            await out.until(3)
    assert not out.lane.troubles, "she can be told again"


async def test_what_is_wrong_with_us_or_our_words_costs_no_mail() -> None:
    """A sender that is refused is nobody's dead letter; a description of two lines is one line of a subject."""
    server = MailServer(sender=["530 authentication required"])
    settings = {"by": "smtp", "host": "127.0.0.1", "encryption": "none", "sender": "a@b.example", "every": 0}
    with server.running():
        out = Out("notify", **settings, port=server.port)
        async with out.running():
            out.say(told("wang")._replace(description="甲醇\n储罐"))
            await out.until(1)
            out.lane.now = replace(
                out.lane.now, site=replace(SITE, people=(Person(id="no", name="无", email="王@"),))
            )
            out.say(told("no", tag="LT-2"))
            await out.until(2)
    ((_, mail),) = server.mails
    assert mail["Subject"] == "【烽燧示范厂】红色 LT-1 甲醇 储罐"
    assert ("login", True) in [(what, active) for what, active, _ in out.lane.reports]
    assert [seq for seq, _ in out.lane.rejected] == [2], "an address that is none is no reason to wait"


async def test_a_refused_gap_record_is_said_of_and_makes_no_other() -> None:
    async with FakeInflux(script=[(422, "no", {})]) as server:
        out = Out("webhook", url=server.url, events="all")
        async with out.running():
            out.say(event(EventKind.GAP, level=None))
            await out.until(1)
            assert "gap record 1" in out.lane.troubles["unstored"]
            out.say(event())
            await out.until(2)
    assert not out.lane.rejected
    assert not out.lane.troubles


async def test_mail_without_a_server_is_kept() -> None:
    with MailServer().running() as gone:
        port = gone.port
    settings = {"by": "smtp", "host": "127.0.0.1", "encryption": "none", "sender": "a@b.example", "every": 0}
    out = Out("notify", **settings, port=port, tells="alarms", to=("duty@plant.example",))
    async with out.running():
        out.say(event())
        await out.lane.until(lambda: len(out.lane.reports) >= 2)
    assert out.lane.accepted == 0
    assert not out.lane.rejected


# --- SMS --------------------------------------------------------------------------------------------------------------


async def test_sms_through_a_modem_with_a_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN", "1234")
    modem = GsmModem(pin="1234", replies=["+CMS ERROR: 500"])
    with modem.running():
        out = Out("notify", by="sms", device=modem.device, pin_env="PIN", every=0)
        async with out.running():
            out.say(told("wang"))
            await out.until(1)
            out.say(*(told("li", tag=f"LT-{n}") for n in range(1, 4)))
            await out.until(4)
    read = [read_pdu(pdu) for pdu in modem.pdus]
    wang = "".join(t for n, t, _ in read[1:] if n == "+8613800138000")
    assert "红色报警" in wang
    assert "LT-1" in wang
    assert all(
        f"LT-{n}" in "".join(t for number, t, _ in read if number == "13900139000") for n in range(1, 4)
    )
    assert modem.commands.count('AT+CPIN="1234"') == 1
    assert "1234" not in str(out.lane.reports)


async def test_sms_that_can_never_arrive_and_a_modem_in_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    modem = GsmModem(replies=["+CMS ERROR: 1"], registered="2")
    with modem.running():
        out = Out("notify", by="sms", device=modem.device, every=0, tells="alarms", to=("10086",))
        async with out.running():
            out.say(event())
            await out.lane.until(lambda: any("no network" in words for _, _, words in out.lane.reports))
            modem.registered = "5"
            await out.until(1)
    assert out.lane.rejected == [(1, "10086: the network refuses: +CMS ERROR: 1")]


async def test_a_wrong_pin_is_not_tried_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN", "9999")
    modem = GsmModem(pin="1234")
    with modem.running():
        out = Out("notify", by="sms", device=modem.device, pin_env="PIN", every=0)
        out.say(told("wang"))
        with pytest.raises(Misconfigured, match="refuses the PIN"):
            await out.sink.run(out.lane)
    assert modem.commands.count('AT+CPIN="9999"') == 1


# --- robots -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["wecom", "dingtalk"])
async def test_a_robot_tells_its_group_and_mentions_who_is_asked(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = {"wecom": 45009, "dingtalk": 130101}[by]
    monkeypatch.setitem(FLOOR_S, by, 0.0)
    async with FakeInflux(script=[(200, json.dumps({"errcode": 0, "errmsg": "ok"}), {})] * 9) as server:
        monkeypatch.setenv("ROBOT", f"{server.url}/send?key=sesame")
        monkeypatch.setenv("KEY", "SECkey")
        sign = {"sign_env": "KEY"} if by == "dingtalk" else {}
        out = Out("notify", by=by, url_env="ROBOT", every=0, **sign)
        async with out.running():
            out.say(told("wang", "zhao"))
            await out.until(1)
            server.script.insert(0, (200, json.dumps({"errcode": busy, "errmsg": "too often"}), {}))
            out.say(told("li", tag="LT-2", step=1))
            await out.until(2)
        bodies = [json.loads(r.lines[0]) for r in server.requests]
        assert "红色报警" in bodies[0]["text"]["content"]
        mentions = bodies[0]["text"].get("mentioned_mobile_list") or bodies[0]["at"]["atMobiles"]
        assert mentions == ["+8613800138000"]
        assert "升级" in bodies[-1]["text"]["content"]
        assert ("sign=" in server.requests[0].path) == (by == "dingtalk")
    assert "sesame" not in str(out.lane.reports)
    assert not out.lane.rejected


async def test_a_robot_with_a_wrong_key_needs_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = json.dumps({"errcode": 93000, "errmsg": "invalid webhook url"})
    async with FakeInflux(script=[(200, wrong, {}), (200, '{"errcode":0}', {})]) as server:
        monkeypatch.setenv("ROBOT", server.url)
        out = Out("notify", by="wecom", url_env="ROBOT", every=0)
        async with out.running():
            out.say(told("wang"))
            await out.until(1)
    assert [(w, a) for w, a, _ in out.lane.reports if w == "login"] == [("login", True), ("login", False)]


def test_an_answer_that_is_no_http_is_tried_again_and_names_no_key() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/send?key=SECRET"

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with Room(Settings(kind="notify", by="wecom", url_env="U"), url, None) as room:
            with pytest.raises(Retry, match="not an answer of HTTP") as kept:
                room.send("", "", "x")
            room.halt.set()
            with pytest.raises(Retry, match="stopping"):
                room.send("", "", "x")
        thread.join()
    assert "SECRET" not in str(kept.value)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
async def test_a_secret_that_anybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("sesame\n")
    path.chmod(0o644)
    out = Out("webhook", url="http://127.0.0.1:9", token_file=path)
    with pytest.raises(Misconfigured, match="chmod 600") as refused:
        await out.sink.run(out.lane)
    assert "sesame" not in str(refused.value)
