"""A small good site to spoil."""

from __future__ import annotations

from pathlib import Path

from gateway.config.load import Loaded, load
from gateway.model.errors import Fault, Misconfigured

SITE = """\
version: 1
gateway: gw-01
county: "341524"
site: {id: demo, name: 示范厂}
installations:
  - {id: tank-farm, owners: {responsible: wang}, name: 储罐区}
sources:
  plc1:
    kind: modbus-tcp
    host: 127.0.0.1
    port: 502
  pond: {kind: mqtt, host: h, time: {path: ts}}
tags: [tags.csv]
rules:
  - {id: LT-1.RISE, kind: rate-rise, tag: LT-1, trigger: 0.5, reset: 0.3, per: min, window: 60s, level: orange}
  - {id: XV-1.DISC, kind: discrepancy, command: XV-1-CMD, feedback: XV-1-FB, level: orange}
  - {id: XV-1-FB.STATE, kind: state, tag: XV-1-FB, values: [3], level: blue, priority: 3}
  - {id: GAS.VOTE, kind: vote, group: GAS, tags: [AT-1, AT-2, AT-3], needed: 2, trigger: 50, reset: 45, level: red}
outputs:
  county: {kind: mqtt, host: broker, password_env: COUNTY_PW, username: gw}
people: {wang: {name: 王强}}
routing: {table: [{levels: [red, orange, yellow, blue], posts: ["owner:responsible"]}]}
"""
HEADER = "id,raw,class,unit,low,high,installation,source,address,L,H,HH,deadband,on_delay,period,max_age,mark"
ROWS = (
    "LT-1,LT 1,level,m,0,15,tank-farm,plc1,1:holding:0,1,12,13,0.2,,,,",
    "XV-1-CMD,XV 1C,command,,,,tank-farm,plc1,1:coil:0,,,,,,,,",
    "XV-1-FB,XV 1F,state,,,,tank-farm,plc1,1:discrete:0,,,,,,,,",
    "AT-1,AT 1,gas-combustible,%LEL,0,100,tank-farm,plc1,1:input:1,,25,50,2,,,,",
    "AT-2,AT 2,gas-combustible,%LEL,0,100,tank-farm,plc1,1:input:2,,25,50,2,,,,",
    "AT-3,AT 3,gas-combustible,%LEL,0,100,tank-farm,pond,a/b#v,,25,50,2,,,,",
)
TAGS = "\n".join((HEADER, *ROWS)) + "\n"


def row(**cells: str) -> str:
    """One more row of the list above."""
    good = dict(zip(HEADER.split(","), ROWS[0].split(","), strict=True))
    good |= {"id": "T-9", "raw": "T 9", "address": "1:holding:9"}
    return ",".join({**good, "class": cells.pop("cls", good["class"]), **cells}.values())


def write(folder: Path, site: str = SITE, tags: str | bytes = TAGS) -> Path:
    """Both files; the path of the site file."""
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    (folder / "tags.csv").write_bytes(tags if isinstance(tags, bytes) else tags.encode())
    return folder / "site.yaml"


def good(folder: Path, site: str = SITE, tags: str | bytes = TAGS) -> Loaded:
    return load(write(folder, site, tags))


def faults(folder: Path, site: str = SITE, tags: str | bytes = TAGS) -> list[Fault]:
    """What is wrong; empty when nothing is."""
    try:
        load(write(folder, site, tags))
    except Misconfigured as error:
        if not error.faults:
            raise
        return list(error.faults)
    return []


def spoilt(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1
