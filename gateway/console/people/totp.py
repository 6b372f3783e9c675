"""The second factor: time-based one-time codes, RFC 6238 over RFC 4226 (HMAC-SHA1, 30 s, six digits)."""

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
SLACK: Final = 1
"""steps a telephone's clock may be off"""


def new_secret() -> str:
    """160 random bits, base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of one step (RFC 4226, 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def accepted(secret: str, code: str, now_s: float, used: int) -> int | None:
    """The step whose code this is; None: none. ``used``: the last step that was accepted, which is not again."""
    here = int(now_s) // STEP_S
    for step in range(here - SLACK, here + SLACK + 1):
        if step > used and hmac.compare_digest(code_at(secret, step).encode(), code.strip().encode()):
            return step
    return None


def uri(secret: str, account: str, issuer: str) -> str:
    """What an authenticator reads (``otpauth://``)."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_S}"
