"""Compiled kernels: copied whole from the installation, anew after an upgrade, and never a reason not to start."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.app import kernels
from gateway.model.errors import Misconfigured


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose kernels are compiled."""
    monkeypatch.setattr("sys.prefix", str(tmp_path / "installed"))
    made = tmp_path / "installed/numba-cache/common_1"
    made.mkdir(parents=True)
    (made / "limit.nbi").write_bytes(b"one")
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def prepared(state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the next start finds it."""
    monkeypatch.setenv(kernels.CPU_VARIABLE, "generic")
    # Set first, so that what prepare() sets is undone also where nothing was set.
    monkeypatch.setenv(kernels.CACHE_VARIABLE, "")
    monkeypatch.delenv(kernels.CACHE_VARIABLE)
    kernels.prepare(state)
    assert os.environ[kernels.CACHE_VARIABLE] == str(state / "numba-cache")
    return state / "numba-cache"


def test_a_first_start_has_the_kernels_of_the_installation(
    built: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = prepared(state, monkeypatch) / "common_1/limit.nbi"
    assert mine.read_bytes() == b"one"
    assert mine.stat().st_mtime_ns == (built / "limit.nbi").stat().st_mtime_ns
    (mine.parent / "own.nbi").write_bytes(b"compiled here")
    assert (prepared(state, monkeypatch) / "common_1/own.nbi").exists(), (
        "the same installation: nothing is copied"
    )


def test_an_upgrade_brings_its_own(built: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(state, monkeypatch)
    built.rename(built.with_name("common_2"))
    mine = prepared(state, monkeypatch)
    assert [each.name for each in mine.glob("common_*")] == ["common_2"]


def test_half_a_copy_is_made_anew(built: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "numba-cache/common_1").mkdir(parents=True)
    assert (prepared(state, monkeypatch) / "common_1/limit.nbi").exists()


def test_no_room_for_them_is_no_reason_not_to_start(
    built: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        (state / "numba-cache").mkdir()
        (state / "numba-cache/half").write_bytes(b"")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    assert list(prepared(state, monkeypatch).iterdir()) == []


def test_an_installation_without_compiled_kernels(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "bare"))
    assert list(prepared(state, monkeypatch).iterdir()) == []


def test_a_state_folder_of_somebody_else_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/x")

    monkeypatch.setattr(kernels.tempfile, "TemporaryFile", denied)
    with pytest.raises(Misconfigured) as refused:
        kernels.prepare(state)
    (fault,) = refused.value.faults
    assert (fault.file, fault.path, fault.value) == (str(state), "state", "Permission denied")
    assert str(os.geteuid()) in fault.hint


def test_a_full_disk_is_no_reason_not_to_start(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kernels.tempfile, "TemporaryFile", full)
    assert prepared(state, monkeypatch).is_dir()
