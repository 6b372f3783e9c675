"""Looks whether the server of a webhook answers: an empty list of events is posted."""

from gateway.model.errors import Misconfigured, Retry
from gateway.sinks.webhook.config import Settings
from gateway.sinks.webhook.sink import connect
from gateway.wires.answers import Action, action_of, words_of


async def probe(settings: Settings) -> str:
    """Empty when it takes us, or complains of nothing but the emptiness; else why not."""
    try:
        http, target = connect("webhook", settings)
    except Misconfigured as error:
        return str(error)
    try:
        answer = await http.post(target, b'{"schema":"fengsui.webhook/1","events":[]}')
    except Retry as error:
        return str(error)
    finally:
        await http.close()
    good = action_of(answer.status) in {Action.ACCEPT, Action.SPLIT}
    return "" if good else f"{answer.status}: {words_of(answer)}"
