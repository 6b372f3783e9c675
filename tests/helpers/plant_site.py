"""A small site that has every state the console must show."""

from __future__ import annotations

from dataclasses import replace

from gateway.model.levels import Level, Stage
from gateway.model.people import Owner
from gateway.model.site import Card, Danger, Installation, Rule, RuleKind, Site, Tag

CONFIG = "9f" * 32
#: id, raw, description, english, class, unit, low, high, installation, limits (name -> trigger)
ROWS = (
    ("LT-101", "LT-101", "甲醇储罐 V-101 液位", "Methanol tank V-101 level", "level", "m", 0, 12, "tank-farm",
     {"LL": 0.8, "L": 1.5, "H": 10.0, "HH": 10.8}),
    ("LT-102", "LT-102", "甲醇储罐 V-102 液位", "Methanol tank V-102 level", "level", "m", 0, 12, "tank-farm",
     {"LL": 0.8, "L": 1.5, "H": 10.0, "HH": 10.8}),
    ("TT-101", "TT-101", "甲醇储罐 V-101 温度", "Methanol tank V-101 temperature", "temperature", "°C", -20, 80,
     "tank-farm", {"H": 38, "HH": 42}),
    ("PT-101", "PT-101", "甲醇储罐 V-101 氮封压力", "V-101 nitrogen blanket pressure", "pressure", "kPa", -2, 5,
     "tank-farm", {"L": 0.2, "H": 1.6}),
    ("AT-101", "AT-101", "罐区东侧可燃气体", "Tank farm east, combustible gas", "gas-combustible", "%LEL", 0, 100,
     "tank-farm", {"H": 25, "HH": 50}),
    ("AT-102", "AT-102", "罐区西侧可燃气体", "Tank farm west, combustible gas", "gas-combustible", "%LEL", 0, 100,
     "tank-farm", {"H": 25, "HH": 50}),
    ("AT-201", "AT-201", "装卸站硫化氢", "Loading bay, hydrogen sulphide", "gas-toxic", "ppm", 0, 100, "loading",
     {"H": 6.6, "HH": 13.2}),
    ("FT-201", "FT-201", "装车流量", "Loading flow", "flow", "m³/h", 0, 120, "loading", {"H": 100}),
    ("PT-201", "PT-201", "装车泵出口压力", "Loading pump discharge pressure", "pressure", "MPa", 0, 1.6, "loading",
     {"L": 0.2, "HH": 1.2}),
    ("XV-201-FB", "XV-201.FB", "装车切断阀回讯", "Loading shut-off valve feedback", "state", "", None, None, "loading",
     {}),
    ("ZT-301", "ZT-301", "尾矿坝浸润线埋深", "Tailings dam phreatic depth", "phreatic-depth", "m", 0, 30, "pond",
     {"L": 8, "LL": 6}),
    ("ZT-302", "ZT-302", "库水位", "Pond level", "pool-level", "m", 100, 120, "pond", {"H": 116, "HH": 118}),
    ("ZT-303", "ZT-303", "干滩长度", "Dry beach length", "dry-beach", "m", 0, 300, "pond", {"L": 100, "LL": 70}),
    ("RT-301", "RT-301", "降雨量", "Rainfall", "rainfall", "mm/h", 0, 200, "pond", {}),
    ("CH4-401", "T1-CH4", "1203 工作面瓦斯", "Face 1203 methane", "methane", "%", 0, 4, "face", {}),
    ("WS-401", "T1-WS", "1203 工作面风速", "Face 1203 air speed", "wind-speed", "m/s", 0, 15, "face", {}),
    ("TT-501", "TT-501", "氨机房温度", "Ammonia room temperature", "temperature", "°C", -20, 60, "cold", {"H": 40}),
    ("AT-501", "AT-501", "氨机房氨气", "Ammonia room, ammonia", "gas-toxic", "ppm", 0, 300, "cold",
     {"H": 25, "HH": 150}),
)  # fmt: skip
LEVEL_OF = {"LL": Level.RED, "L": Level.YELLOW, "H": Level.YELLOW, "HH": Level.RED}
WANG = Owner(role="responsible", person="wang", name="王强")
LI = Owner(role="responsible", person="li", name="李敏")
INSTALLATIONS = (
    Installation(id="tank-farm", name="甲醇储罐区", name_en="Methanol tank farm", kind="tank-farm", grade=2,
                 base_level=Level.ORANGE, materials=("methanol",), owners=(WANG,)),
    Installation(id="loading", name="汽车装卸站", name_en="Loading station", kind="loading", grade=4,
                 base_level=Level.YELLOW, owners=(LI,)),
    Installation(id="pond", name="尾矿库", name_en="Tailings pond", kind="pond", grade=3, base_level=Level.ORANGE),
    Installation(id="face", name="1203 采煤工作面", name_en="Coal face 1203", kind="face", base_level=Level.RED),
    Installation(id="cold", name="氨制冷机房", name_en="Ammonia refrigeration", kind="cold-store", grade=4,
                 base_level=Level.BLUE, stage=Stage.SHADOW),
)  # fmt: skip


POSITIONS = {
    "tank-farm": (115.901, 32.021), "loading": (115.9032, 32.0198), "pond": (115.9075, 32.026),
    "face": (115.896, 32.0235), "cold": (115.9, 32.0185),
}  # fmt: skip

CARD = Card(
    id="overfill", title="储罐超高液位", title_en="Tank overfilled",
    steps=("停止进料，通知调度", "关闭进料阀 XV-101", "双人到场确认，禁止动火", "启动倒罐"),
    steps_en=("Stop filling, tell dispatch", "Close XV-101", "Two persons to the spot", "Transfer to V-102"),
)  # fmt: skip


def site(extra_tags: int = 0) -> Site:
    """The site; ``extra_tags`` more temperatures in the tank farm for the long list."""
    tags = [_tag(row) for row in ROWS]
    tags += [_spare(i) for i in range(extra_tags)]
    rules = [_rule(row[0], row[8], name, trigger) for row in ROWS for name, trigger in row[9].items()]
    return Site(
        gateway="gw-01", county="341524", id="demo", name="烽燧示范厂", name_en="Demo plant", config_hash=CONFIG,
        installations=tuple(replace(i, position=POSITIONS[i.id]) for i in INSTALLATIONS),
        tags=tuple(tags), rules=tuple(rules), cards=(CARD,),
    )  # fmt: skip


def _tag(row: tuple) -> Tag:  # type: ignore[type-arg]
    return Tag(
        id=row[0], raw=row[1], description=row[2], description_en=row[3], cls=row[4], unit=row[5], low=row[6],
        high=row[7], installation=row[8], danger=Danger.HIGH, limit_required=row[4] == "methane",
    )  # fmt: skip


def _spare(i: int) -> Tag:
    name = f"TI-{1000 + i}"
    return Tag(
        id=name, raw=name, description=f"管廊测温点 {i}", description_en=f"Pipe rack temperature {i}",
        cls="temperature", unit="°C", low=-20, high=150, installation="tank-farm",
    )  # fmt: skip


def _rule(tag: str, place: str, name: str, trigger: float) -> Rule:
    low = name in {"L", "LL"}
    return Rule(
        id=f"{tag}.{name}", name=name, kind=RuleKind.LIMIT_LOW if low else RuleKind.LIMIT_HIGH, subject=tag,
        tags=(tag,), installation=place, level=LEVEL_OF[name], priority=1 if name in {"LL", "HH"} else 2,
        card="overfill" if tag.startswith("LT") else "",
        trigger=trigger, reset=trigger * (1.03 if low else 0.97), version="0a1b2c3d4e5f",
    )  # fmt: skip
