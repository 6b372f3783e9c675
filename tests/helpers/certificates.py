"""Certificates for the tests of TLS: an authority, a server, a gateway."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificates(folder: Path) -> tuple[Path, tuple[Path, Path], tuple[Path, Path]]:
    """An authority, and a certificate signed by it for the server and for the gateway."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("authority", root_key, "authority", root_key, authority=True)
    ca = folder / "ca.pem"
    ca.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    pairs = []
    for name in ("127.0.0.1", "gw-01"):
        key = ec.generate_private_key(ec.SECP256R1())
        paths = (folder / f"{name}.pem", folder / f"{name}.key")
        found = _certificate(name, key, "authority", root_key)
        paths[0].write_bytes(found.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        pairs.append(paths)
    return ca, pairs[0], pairs[1]


def _certificate(
    name: str, key: Any, issuer: str, signer: Any, *, authority: bool = False
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        place = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([place]), critical=False)
    return builder.sign(signer, hashes.SHA256())
