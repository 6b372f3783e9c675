"""The command line's way to a running gateway: loopback HTTP with the token of its state folder."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from gateway.config.load import load
from gateway.model.errors import Refused, Retry

ADDRESS_FILE: Final = "console.json"
TIMEOUT_S: Final = 15.0


class Gateway:
    """A running gateway, found through its configuration."""

    def __init__(self, config: Path, *, patience: float = TIMEOUT_S) -> None:
        self._patience = patience
        place = load(config).state / ADDRESS_FILE
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            said = (error.strerror if isinstance(error, OSError) else None) or str(error)
            hint = f"start it with `fengsui run {config}`"
            raise Refused(
                f"the gateway of {config} is not running ({place}: {said}); hint: {hint}"
            ) from error
        self._url, self._token = str(found["url"]).rstrip("/"), str(found["token"])
        self._tls = _trust(found.get("certificate", ""))

    def get(self, path: str) -> Any:
        """GET ``/api/v1`` + path."""
        return self._ask(urllib.request.Request(f"{self._url}/api/v1{path}"))  # noqa: S310 - loopback http by construction

    def post(self, path: str, body: Any) -> Any:
        """POST JSON to ``/api/v1`` + path."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self._url}/api/v1{path}", data, headers))  # noqa: S310

    def _ask(self, request: urllib.request.Request) -> Any:
        request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=self._patience, context=self._tls) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            said = _reason(error.read().decode(errors="replace"))
            if error.code in (502, 503):
                raise Retry(f"the gateway says try again: {said}") from error
            raise Refused(f"the gateway refuses ({error.code}): {said}") from error
        except OSError as error:
            raise Refused(f"the gateway is not running: {error}") from error


def _reason(body: str) -> str:
    """The words for people of an answer that refuses."""
    try:
        return str(json.loads(body)["reason"])
    except (ValueError, KeyError, TypeError):
        return body


def _trust(certificate: str) -> ssl.SSLContext | None:
    """Exactly the certificate that the gateway uses; its name does not matter on loopback."""
    if not certificate:
        return None
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
