"""Events by POST, in order; kept until the other side takes them."""

from collections.abc import Sequence
from typing import Final

from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind, Record
from gateway.model.ports import EventLane
from gateway.sinks.webhook.config import Settings
from gateway.sinks.webhook.encode import body, key, wanted
from gateway.wires.answers import Action, action_of, after_of, words_of
from gateway.wires.http import Http
from gateway.wires.secrets import secret

TROUBLES: Final = {Action.LOGIN: "login", Action.PERSON: "refused"}


class WebhookSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.events"
        self.lane = "events"
        self._settings = settings

    async def run(self, lane: EventLane) -> None:
        """Deliver until cancelled.

        Raises:
            Retry: the server is gone or busy, or a person must help. Misconfigured: a secret is missing here.
        """
        http, target = connect(self.name, self._settings)
        try:
            while True:
                records = await lane.next(self._settings.batch)
                chosen = [r for r in records if self._wants(r)]
                if chosen:
                    await self._deliver(lane, http, target, chosen)
                if records:
                    lane.advance(records[-1].seq)
        finally:
            await http.close()

    def _wants(self, record: Record) -> bool:
        return wanted(record.event, self._settings.levels, whole=self._settings.events == "all")

    async def _deliver(self, lane: EventLane, http: Http, target: str, records: Sequence[Record]) -> None:
        """All good ones; what the server will not take stands alone at the end and is rejected in its words."""
        todo = [list(records)]
        while todo:
            some = todo.pop()
            answer = await http.post(
                target, body(lane.site, some), more=f"Idempotency-Key: {key(lane.site, some)}\r\n".encode()
            )
            action, words = action_of(answer.status), f"{answer.status}: {words_of(answer)}"
            if action is Action.ACCEPT:
                self._well(lane)
            elif action is Action.SPLIT:
                if len(some) > 1:
                    todo += [some[len(some) // 2 :], some[: len(some) // 2]]
                else:
                    _reject(lane, some[0], words)
            else:
                if action in TROUBLES:
                    lane.trouble(TROUBLES[action], active=True, detail=words)
                raise Retry(words, after=after_of(answer))

    def _well(self, lane: EventLane) -> None:
        for what in (*TROUBLES.values(), "unstored"):
            lane.trouble(what, active=False)


def _reject(lane: EventLane, record: Record, words: str) -> None:
    """A gap record is never a dead letter: that would make another."""
    if record.event.event is EventKind.GAP:
        lane.trouble("unstored", active=True, detail=f"gap record {record.seq}: {words}")
    else:
        lane.reject(record, words)


def connect(name: str, settings: Settings) -> tuple[Http, str]:
    """The connection and the path to post to.

    Raises:
        Misconfigured: a secret is missing here, or the address cannot be used.
    """
    url = settings.url or secret(name, settings.url_env, settings.url_file) or ""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme not in {"http", "https"} or not host:
        raise Misconfigured(f"{name}: the address must begin with http:// or https://")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    token = secret(name, settings.token_env, settings.token_file)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return Http(f"{scheme}://{host}", settings.timeout, headers, settings.tls), slash + path or "/"
