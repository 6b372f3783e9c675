"""Password and certificates of a connection: from the environment or files, never from the configuration."""

import ssl

from gateway.sinks.mqtt.config import Settings
from gateway.wires.secrets import secret
from gateway.wires.tls import Tls, context


def password(settings: Settings) -> str | None:
    """The password, if one is configured.

    Raises:
        Misconfigured: the variable is not set, or the file cannot be read or can be by anybody.
    """
    return secret(f"mqtt {settings.host}", settings.password_env, settings.password_file)


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
    made = context(f"mqtt {host}", tls)
    made.sslsocket_class = _ClosingSocket
    return made
