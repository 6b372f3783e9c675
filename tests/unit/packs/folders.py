"""A small pack and a site that uses it, to spoil."""

from __future__ import annotations

from pathlib import Path

from gateway.config.load import Loaded, load
from gateway.model.errors import Fault, Misconfigured

PACK = """\
format: 1
pack: kiln
name: 窑
name_en: Kiln
substances:
  CO:
    name: 一氧化碳
    name_en: Carbon monoxide
    molar_mass: {value: 28.01, unit: g/mol, reason: atomic weights, mark: E}
    molar_volume: {value: 24.04, unit: L/mol, reason: ideal gas at 20 °C, mark: E}
    oel: {value: 20, unit: mg/m3, kind: PC-TWA, standard: GBZ 2.1-2019, mark: S}
types:
  shell:
    name: 窑壳
    name_en: Shell
    class: temperature
    unit: °C
    range: [0, 600]
    period: 5s
    required: [H, HH]
    reason: the range of the element
    rules:
      H: {kind: limit-high, trigger: 300, deadband: 5, level: yellow, card: hot, standard: GB 1-2020, mark: S}
      HH: {kind: limit-high, deadband: 5, level: red, priority: 1, card: hot, reason: the site's own lining, mark: E}
      TREND: {kind: trend, limit: 400, horizon: 1h, window: 20min, level: orange, standard: GB 1-2020, mark: U}
  gas:
    name: 煤气
    name_en: Gas
    class: gas-toxic
    unit: ppm
    range: [0, 500]
    substance: CO
    reason: the range of the cell
    rules:
      H: {kind: limit-high, trigger: 15, deadband: 1, level: orange, standard: GB/T 50493-2019, mark: S}
  drive:
    name: 传动
    name_en: Drive
    class: state
    rules:
      DISC: {kind: discrepancy, command: "{stem}-CMD", feedback: "{tag}", on_delay: 5s, level: blue, reason: r, mark: E}
  command: {name: 指令, name_en: Command, class: command}
rules:
  twin: {kind: spread, trigger: 10, reset: 8, level: yellow, reason: the error of two good elements, mark: E}
ceilings:
  - {type: shell, side: high, alarm: second, bound: 673.15, unit: K, standard: GB 1-2020, mark: S}
roll_up: {standard: GB 1-2020, mark: S, points: [{count: 2, of: yellow, to: orange}]}
chain:
  name: 责任人
  roles: [{id: boss, name: 厂长, name_en: Manager}]
cards:
  hot: {title: 窑壳超温, title_en: Too hot, steps: [停火, 降温], steps_en: [Stop firing, Cool], reason: practice}
retention: {keep: 30d, standard: GB 1-2020, mark: S}
"""
SITE = """\
version: 1
gateway: gw-01
county: "341524"
site: {id: demo, name: 示范厂}
packs: [kiln]
installations:
  - {id: kiln-1, name: 一号窑, pack: kiln, owners: {boss: p1}}
  - {id: kiln-2, name: 二号窑, owners: {responsible: p1}, types: {shell: {HH: {trigger: 380, reason: new, mark: E}}}}
people: {p1: {name: 张三}}
sources:
  plc1: {kind: modbus-tcp, host: 127.0.0.1, port: 502}
tags: [tags.csv]
types:
  shell: {HH: {trigger: 350, reason: lining study, mark: E}}
rules:
  - {id: K.TWIN, from: kiln.twin, group: K, tags: [TT-1, TT-2]}
"""
HEADER = "raw,type,installation,source,address,unit,low,high,H,HH,deadband,mark,verified_by,substance"
ROWS = (
    "TT-1,shell,kiln-1,plc1,1:holding:0",
    "TT-2,kiln.shell,kiln-2,plc1,1:holding:1",
    "TT-3,shell,kiln-1,plc1,1:holding:2,,,,,360,8,V,王五",
    "AT-1,gas,kiln-1,plc1,1:holding:3",
    "M-1-CMD,command,kiln-1,plc1,1:coil:0",
    "M-1-FB,drive,kiln-1,plc1,1:discrete:0",
)
TAGS = "\n".join((HEADER, *ROWS)) + "\n"


def write(folder: Path, *, pack: str = PACK, site: str = SITE, tags: str = TAGS) -> Path:
    """The site's files with the pack in its own folder beside them; the path of the site file."""
    (folder / "packs" / "kiln").mkdir(parents=True)
    (folder / "packs" / "kiln" / "pack.yaml").write_text(pack, encoding="utf-8")
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    (folder / "tags.csv").write_text(tags, encoding="utf-8")
    return folder / "site.yaml"


def good(folder: Path, **texts: str) -> Loaded:
    return load(write(folder, **texts))


def faults(folder: Path, **texts: str) -> list[Fault]:
    """What is wrong; empty when nothing is."""
    try:
        load(write(folder, **texts))
    except Misconfigured as error:
        return list(error.faults)
    return []


def spoilt(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)
