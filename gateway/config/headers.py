"""Column headers of a tag list, Chinese and English, and how a spreadsheet's cells are cleaned."""

import unicodedata
from types import MappingProxyType
from typing import Final

#: column -> every header it is known by. Matching ignores case, spaces, underscores and units in brackets.
HEADERS: Final = MappingProxyType(
    {
        "id": ("id", "编号"),
        "raw": ("raw", "tag", "位号"),
        "description": ("description", "描述", "名称"),
        "description_en": ("description_en", "英文描述"),
        "class": ("class", "类别"),
        "unit": ("unit", "单位"),
        "low": ("low", "量程下限"),
        "high": ("high", "量程上限"),
        "installation": ("installation", "装置"),
        "source": ("source", "数据源"),
        "address": ("address", "地址"),
        "signal": ("signal", "信号"),
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
    }
)
REQUIRED: Final = ("raw", "class", "installation", "source", "address")
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
