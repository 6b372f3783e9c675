"""One wrong reading of an instrument is no hazard; ``python -m benchmarks.packs_wrong`` looks at every pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.packs_wrong import wrong
from gateway.config.packs.find import built_in


@pytest.mark.parametrize("pack", ["reservoir-dam", "sis-units"])
def test_one_wrong_reading_raises_nothing_but_where_the_pack_says_that_there_is_no_delay(
    pack: str, tmp_path: Path
) -> None:
    assert wrong(built_in()[pack], tmp_path) == []
