"""Nothing to poll: readings come as commands of named persons (``fengsui enter``, ``POST /api/v1/commands/enter``)."""

import asyncio
from collections.abc import Sequence

from gateway.model.ports import Feed
from gateway.model.site import Tag
from gateway.sources.manual.config import Binding, Settings


class ManualSource:
    """Stands for the people who enter."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, feed: Feed) -> None:  # noqa: ARG002 - the port's; what is entered goes through the command port
        """Wait until cancelled."""
        await asyncio.Event().wait()


def build(name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> ManualSource:  # noqa: ARG001 - the signature all plugins share
    """The source."""
    return ManualSource(name)
