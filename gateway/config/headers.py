"""Column headers of a tag list, Chinese and English, and how a spreadsheet's cells are cleaned."""

import unicodedata
from types import MappingProxyType
from typing import Final

#: column -> every header it is known by. Matching ignores case, spaces, underscores and units in brackets.
HEADERS: Final = MappingProxyType(
    {
        "id": ("id", "编号"),
        "raw": ("raw", "位号", "tag"),
        "description": ("description", "描述", "名称"),
        "description_en": ("description_en", "英文描述"),
        "type": ("type", "点型"),
        "class": ("class", "类别"),
        "unit": ("unit", "单位"),
        "low": ("low", "量程下限"),
        "high": ("high", "量程上限"),
        "installation": ("installation", "装置"),
        "source": ("source", "数据源"),
        "address": ("address", "地址"),
        "signal": ("signal", "信号"),
        "substance": ("substance", "物质"),
        "raw_low": ("raw_low", "原始下限"),
        "raw_high": ("raw_high", "原始上限"),
        "period": ("period", "周期"),
        "max_age": ("max_age", "有效期"),
        "LL": ("ll", "低低报"),
        "L": ("l", "低报"),
        "H": ("h", "高报"),
        "HH": ("hh", "高高报"),
        "deadband": ("deadband", "回差"),
        "on_delay": ("on_delay", "报警延时"),
        "off_delay": ("off_delay", "恢复延时"),
        "frozen": ("frozen", "冻结判定"),
        "frozen_band": ("frozen_band", "冻结带"),
        "calibration_due": ("calibration_due", "校验到期"),
        "guidance": ("guidance", "处置提示"),
        "standard": ("standard", "依据"),
        "clause": ("clause", "条款"),
        "mark": ("mark", "标记"),
        "verified_by": ("verified_by", "核准人"),
    }
)
#: column -> what it means; docs/tag-list.md is generated from it
MEANINGS: Final = MappingProxyType(
    {
        "id": "topic-safe id, 1-64 of A-Z a-z 0-9 _ -; empty: the raw tag, if it is topic-safe",
        "raw": "tag name (位号) as the plant writes it",
        "description": "what it is; empty: the raw tag",
        "description_en": "the same in English",
        "type": "point type of a pack, `type` or `pack.type`: empty cells of the row are as the type has them",
        "class": "what is measured, see the classes below",
        "unit": "engineering unit of range and limits; each class has its family",
        "low": "value at the lower end of the range",
        "high": "value at the upper end of the range",
        "installation": "id of an installation of the site file",
        "source": "name of a source of the site file, or `computed`",
        "address": "where the source finds it, see the source; of a computed tag its [expression](computed.md)",
        "signal": "`value` (default) or `4-20mA`: a loop current, judged by NAMUR NE 43",
        "substance": "of a gas detector: id of a substance of the packs; limits are compared with ceilings by it",
        "raw_low": "raw number at the lower end of the range (for 4-20mA: at 4 mA); empty: raw is the value",
        "raw_high": "raw number at the upper end of the range (for 4-20mA: at 20 mA)",
        "period": "expected time between readings; empty: `period` of its source, or of `defaults`",
        "max_age": "a good value holds this long, then it is stale; empty: by `defaults`; 0: for ever (states only)",
        "LL": "trigger of the low-low limit; empty: none",
        "L": "trigger of the low limit",
        "H": "trigger of the high limit",
        "HH": "trigger of the high-high limit",
        "deadband": "a limit clears this far inside its trigger; empty: 1 % of the range, 0 without a range",
        "on_delay": "beyond a limit for this long before it is raised",
        "off_delay": "inside the reset for this long before it is cleared",
        "frozen": "not moving for this long makes the value uncertain; empty: off",
        "frozen_band": "movement up to this much is not moving",
        "calibration_due": "date, YYYY-MM-DD",
        "guidance": "what to do, shown on its alarms",
        "standard": "standard its limits come from",
        "clause": "clause of the standard",
        "mark": "how sure they are: `V` read, `S` secondary, `E` engineering, `U` unverified: not enabled until signed",
        "verified_by": "named engineer who signed the limits",
    }
)
REQUIRED: Final = ("raw", "installation", "source", "address")
_KNOWN: Final = MappingProxyType(
    {name.replace("_", ""): col for col, names in HEADERS.items() for name in names}
)


def clean(cell: str) -> str:
    """A cell as meant: full-width letters and digits to ASCII, no-break and outer spaces gone."""
    text = cell.replace("\ufeff", "").replace("\u00a0", " ").replace("\u3000", " ")
    return "".join(unicodedata.normalize("NFKC", c) if "！" <= c <= "～" else c for c in text).strip()


def column_of(header: str) -> str | None:
    """The column a header names, or None."""
    text = clean(header).lower().split("(")[0].split("[")[0]
    return _KNOWN.get(text.replace(" ", "").replace("_", "").replace("-", ""))
