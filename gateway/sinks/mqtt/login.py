"""Password and certificates of a connection: from the environment or files, never from the configuration."""

import os
import ssl

from gateway.model.errors import Misconfigured
from gateway.sinks.mqtt.config import Settings, Tls


def password(settings: Settings) -> str | None:
    """The password, if one is configured.

    Raises:
        Misconfigured: the variable is not set, or the file cannot be read.
    """
    if settings.password_file is not None:
        try:
            return settings.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise Misconfigured(
                f"mqtt {settings.host}: {settings.password_file}: {error.strerror}"
            ) from error
    if settings.password_env is None:
        return None
    word = os.environ.get(settings.password_env)
    if word is None:
        raise Misconfigured(f"mqtt {settings.host}: environment variable {settings.password_env} is not set")
    return word


class _ClosingSocket(ssl.SSLSocket):
    """paho forgets a socket whose handshake fails; this one closes itself."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as the base class has it
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def tls_context(host: str, tls: Tls) -> ssl.SSLContext:
    """A context that checks the broker's certificate and name.

    Raises:
        Misconfigured: a file cannot be loaded.
    """
    try:
        context = ssl.create_default_context(cafile=str(tls.ca) if tls.ca else None)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"mqtt {host}: certificates cannot be loaded: {error}") from error
    context.sslsocket_class = _ClosingSocket
    return context
