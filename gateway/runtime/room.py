"""How much room the disk has. A disk that hangs would hold up whoever asks it, so a thread of its own does, now and
then; everybody else reads the last answer.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from gateway.runtime.hand import Hand

LOOK_S: Final = 10.0


class Room:
    """``free`` bytes of the disk that holds ``folder``; 0 when it does not even say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hand = Hand("room")
        self.free = self._ask()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Look now."""
        self.free = await self._hand.do(self._ask)

    def close(self) -> None:
        """Nobody waits for its thread: it ends when the disk answers."""
        self._hand.leave()

    def _ask(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return 0  # what cannot be asked takes nothing either
