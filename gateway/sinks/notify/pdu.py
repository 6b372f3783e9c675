"""Short messages as a GSM modem takes them: SMS-SUBMIT of 3GPP TS 23.040 in UCS-2, long ones in parts. Pure."""

from typing import Final

SINGLE: Final = 70
"""UTF-16 units in a message of one part (140 bytes)."""
PART: Final = 67
"""... in each part of several: six bytes tell how they join (TS 23.040, 9.2.3.24.1)."""
_VALIDITY: Final = 0xA7
"""24 hours (TS 23.040, 9.2.3.12.1): later it is no alarm any more."""
_UCS2: Final = 0x08
_SUBMIT: Final = 0x11
_WITH_HEADER: Final = 0x40


def parts(text: str) -> list[bytes]:
    """UTF-16 text of each part; no character is cut in two.

    Raises:
        ValueError: more than 255 parts.
    """
    units = text.encode("utf-16-be")
    if len(units) <= 2 * SINGLE:
        return [units]
    found, start = [], 0
    while start < len(units):
        stop = min(start + 2 * PART, len(units))
        if stop < len(units) and 0xD8 <= units[stop - 2] <= 0xDB:  # the first half of a pair
            stop -= 2
        found.append(units[start:stop])
        start = stop
    if len(found) > 255:
        raise ValueError(f"{len(found)} parts, a message has 255 at most")
    return found


def submits(number: str, text: str, reference: int) -> list[tuple[int, str]]:
    """(length for ``AT+CMGS``, PDU in hex) of each part; ``reference`` 0-255 joins the parts of one message.

    Raises:
        ValueError: not a telephone number, or too long a text.
    """
    found = parts(text)
    made = []
    for n, units in enumerate(found, 1):
        header = bytes((5, 0, 3, reference & 0xFF, len(found), n)) if len(found) > 1 else b""
        first = _SUBMIT | (_WITH_HEADER if header else 0)
        body = bytes((first, 0)) + address(number) + bytes((0, _UCS2, _VALIDITY, len(header) + len(units)))
        tpdu = body + header + units
        made.append((len(tpdu), f"00{tpdu.hex().upper()}"))  # 00: the service centre is the card's own
    return made


def address(number: str) -> bytes:
    """A telephone number: count of digits, type, digits two to a byte with the halves swapped.

    Raises:
        ValueError: not 3 to 20 digits, with or without a plus.
    """
    digits = number.removeprefix("+").replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 20):
        raise ValueError(f"{number!r} is not a telephone number")
    kind = 0x91 if number.startswith("+") else 0x81
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2))
    return bytes((len(digits), kind)) + bytes.fromhex(swapped)
