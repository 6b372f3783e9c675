"""What cannot be put together leaves nothing behind: the state folder is free for the configuration before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.app import assembly
from gateway.config.load import load
from gateway.model.errors import Misconfigured
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import write_site


@pytest.mark.parametrize("what", ["build", "resume_time"])
async def test_the_state_folder_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    config = write_site(tmp_path, sources=plc(1), tags=[level(1)], outputs={"county": mqtt(1)})
    loaded = load(config)

    def fails(*_: Any, **__: Any) -> None:
        raise Misconfigured("a certificate that no check could see")

    with monkeypatch.context() as patch:
        patch.setattr(assembly, what, fails)
        with pytest.raises(Misconfigured, match="certificate"):
            async with assembly.assemble(loaded):
                pass
    async with assembly.assemble(loaded) as machine:
        assert machine.store.epoch
