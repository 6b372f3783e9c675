"""A remark of ``fengsui check``: what is allowed and still worth a look."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: ``code`` is stable for programs, ``subject`` what it is about, ``place`` file:line."""

    code: str
    subject: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: note: {self.subject}: {self.text}"


MEANT: Final = MappingProxyType(
    {
        "not-judged": "未判断：缺少必须的限值，装置显示“未判断”，不会显示“正常”",
        "to-be-set": "待填：这个数由现场给出，填前不判断",
        "to-verify": "待核实：标记 U，不启用；对照原文后在 verified_by 写上姓名",
        "to-be-signed": "待签：已在运行；由工程师核对后在 verified_by 写上姓名",
        "unverified-ceiling": "比未核实的法定上限宽：请对照原文",
        "to-fill": "待填姓名：责任人还没有落实到人",
        "no-routing": "没有路由表：报警不发给任何人",
        "unrouted": "有的级别没有发送对象",
        "unmanned": "值班岗位有空档",
        "modifier-off": "等级修正未打开：由具名工程师签字打开",
        "disabled": "规则未启用",
        "side": "限值写在不危险的一侧",
        "gas-delay": "气体报警有延时：每次真实报警都会晚这么久",
        "ceiling": "单位无法与法定上限比较",
        "calibration": "校验已到期",
        "same-address": "几个位号读同一地址",
        "no-tags": "装置没有位号，显示“未判断”",
        "override": "两人签过的数与文件不一致，或签字没有封条",
        "environment": "环境变量还没有设置",
        "mqtt-3": "MQTT 3.1.1 看不到被拒绝的发布，建议用 5",
    }
)
"""what a code means to people who read Chinese; the remark itself is in English, with names and numbers"""


def counted(remarks: Iterable[Note]) -> Iterator[str]:
    """How many there are of each kind, most first: ``9 x not-judged  未判断：…``."""
    counts = Counter(remark.code for remark in remarks).most_common()
    wide = max((len(code) for code, _ in counts), default=0)
    for code, count in counts:
        yield f"{count:>5} x {code:<{wide}}  {MEANT.get(code, '')}".rstrip()
