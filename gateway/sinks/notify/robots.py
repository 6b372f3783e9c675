"""Messages of the robots of chat groups: WeCom (企业微信群机器人) and DingTalk (钉钉自定义机器人). Pure.

Both take JSON by POST and answer 200 with ``errcode``; 0 is the only success.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import orjson

LONGEST: Final = 2_000
"""Bytes of text in one message: WeCom takes 2048, and each message may be no larger than the smaller."""
BUSY: Final = {"wecom": frozenset({45009, 45033, -1}), "dingtalk": frozenset({130101, 410100, 90030, -1})}
"""``errcode`` that says: too often, come back."""


def wecom(text: str, phones: Sequence[str]) -> bytes:
    """A text that mentions these telephone numbers."""
    return orjson.dumps({"msgtype": "text", "text": {"content": text, "mentioned_mobile_list": list(phones)}})


def dingtalk(text: str, phones: Sequence[str]) -> bytes:
    """The same for DingTalk, which shows a mention only where the text has it."""
    named = "".join(f" @{phone}" for phone in phones)
    return orjson.dumps(
        {
            "msgtype": "text",
            "text": {"content": text + named},
            "at": {"atMobiles": list(phones), "isAtAll": False},
        }
    )


def signature(key: str, milliseconds: int) -> str:
    """Query that signs a DingTalk message: HMAC-SHA256 over time and key, base64, encoded."""
    said = f"{milliseconds}\n{key}"
    digest = hmac.new(key.encode(), said.encode(), hashlib.sha256).digest()
    return f"timestamp={milliseconds}&sign={quote(base64.b64encode(digest).decode(), safe='')}"


def cut(text: str, longest: int = LONGEST) -> list[str]:
    """The text in pieces that a robot takes, cut between lines where that is possible; nothing is left out."""
    pieces: list[str] = [""]
    for line in text.split("\n"):
        rest = line
        while True:
            joined = f"{pieces[-1]}\n{rest}" if pieces[-1] else rest
            if len(joined.encode()) <= longest:
                pieces[-1] = joined
                break
            if pieces[-1]:
                pieces.append("")
                continue
            fits = len(rest.encode()[:longest].decode(errors="ignore"))
            pieces[-1], rest = rest[:fits], rest[fits:]
            pieces.append("")
    return [p for p in pieces if p]
