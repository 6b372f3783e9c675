"""What the gateway builds from an output of kind ``notify``."""

from contextlib import AbstractContextManager

from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.sink import NotifySink
from gateway.sinks.notify.ways import Sending
from gateway.wires.secrets import secret


def build(name: str, settings: Settings) -> tuple[NotifySink]:
    """One sink."""
    return (NotifySink(name, settings, lambda: open_way(settings)),)


def open_way(settings: Settings) -> AbstractContextManager[Sending]:
    """A way to be entered; secrets are read each time, so that a changed one counts at once.

    Raises:
        Misconfigured: a secret is missing here.
    """
    if settings.by == "smtp":
        from gateway.sinks.notify.mail import Mail  # noqa: PLC0415 - what is not used is not loaded

        return Mail(settings, secret("smtp", settings.password_env, settings.password_file))
    if settings.by == "sms":
        from gateway.sinks.notify.modem import Modem  # noqa: PLC0415

        pin = secret("sms", settings.pin_env, settings.pin_file)
        return Modem(settings.device, settings.baudrate, pin, settings.timeout)
    from gateway.sinks.notify.rooms import Room  # noqa: PLC0415

    url = secret(settings.by, settings.url_env, settings.url_file) or ""
    return Room(settings, url, secret(settings.by, settings.sign_env, settings.sign_file))
