"""When a certificate ends, read from its file: the one field of X.509 (RFC 5280, 4.1.2.5) that must be known ahead."""

import datetime as dt
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PEM: Final = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME: Final = 0x17
_VERSION: Final = 0xA0


def ends(file: Path) -> dt.datetime:
    """When the first certificate of a PEM file to end does so, UTC.

    Raises:
        OSError: the file cannot be read. ValueError: there is no certificate in it.
    """
    text = file.read_text(encoding="ascii", errors="replace")
    found = [_not_after(ssl.PEM_cert_to_DER_cert(pem)) for pem in _PEM.findall(text)]
    if not found:
        raise ValueError(f"{file}: no certificate in it")
    return min(found)


def _not_after(der: bytes) -> dt.datetime:
    """``Certificate`` is a sequence whose first part is: version, serial, algorithm, issuer, validity, ..."""
    try:
        (_, whole), *_ = _parts(der)
        (_, body), *_ = _parts(whole)
        fields = [each for each in _parts(body) if each[0] != _VERSION]
        kind, text = list(_parts(fields[3][1]))[1]
        words = text.decode("ascii")
        # UTCTime has two digits for the year: 50-99 are of the last century (RFC 5280, 4.1.2.5.1).
        century = ("19" if words[0] >= "5" else "20") if kind == _UTC_TIME else ""
        return dt.datetime.strptime(century + words, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
    except (IndexError, ValueError) as error:
        raise ValueError("not a certificate") from error


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each element of DER, one level deep."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(der[at : at + count], "big"), at + count
        if at + size > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + size]
        at += size
