"""Folders of compiled kernels for one command go with it, also when it is told to end."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from gateway.cli.history import TERMINATED, kernels


def test_told_to_end_a_command_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("NUMBA_CPU_NAME", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, "generic"))
    before, inside = signal.getsignal(signal.SIGTERM), list[Path]()

    def told() -> None:
        with kernels():
            inside.extend(tmp_path.iterdir())
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    with pytest.raises(SystemExit) as end:
        told()
    assert end.value.code == TERMINATED
    assert [folder.name.startswith("fengsui-kernels-") for folder in inside] == [True]
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) == before
