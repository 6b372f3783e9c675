"""Image, units and bundle name only what is there: honest without an engine, a systemd or a machine of their own.

That they work is shown by running them: ``make image-check``, and what docs/operation.md says was tried.
"""

from __future__ import annotations

import configparser
import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from gateway.cli.main import app
from gateway.config.consolepart import Console
from tests.docs import tree

ROOT = Path(tree.ROOT)
CONTAINER = tree.text(ROOT / "Dockerfile")
STAGES = re.split(r"^FROM ", CONTAINER, flags=re.MULTILINE)[1:]
OPERATION = tree.text(ROOT / "docs/operation.md")
UNITS = ROOT / "configs/deploy/systemd"
SCRIPTS = sorted(each.name for each in (ROOT / "scripts").glob("*.sh"))
BUNDLE = tree.text(ROOT / "scripts/bundle.sh")
INSTALL = tree.text(ROOT / "scripts/bundle_install.sh")


def instructions(stage: str, name: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", " ", stage)
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def admitted() -> list[str]:
    """Of .dockerignore, which refuses everything else."""
    lines = tree.text(ROOT / ".dockerignore").split()
    assert lines[0] == "*"
    return [each[1:] for each in lines if each.startswith("!")]


def test_the_context_holds_what_the_image_is_built_from() -> None:
    inside = admitted()
    assert [each for each in inside if not (ROOT / each).exists()] == []
    hatch = tomllib.loads(tree.text(ROOT / "pyproject.toml"))["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    needed = [
        *wheel["packages"],
        *wheel["force-include"],
        hatch["version"]["path"],
        "pyproject.toml",
        "LICENSE",
    ]
    copied = [
        each
        for stage in STAGES
        for line in instructions(stage, "COPY")
        if "--from" not in line
        for each in line.split()[:-1]
        if not each.startswith("--") and each != "."
    ]
    assert copied
    for each in needed + copied:
        assert any(fnmatch.fnmatch(each, top) or each.startswith(f"{top}/") for top in inside), each
        assert (ROOT / each).exists()


def test_the_image_runs_without_root_and_writes_to_its_volume_only() -> None:
    last = STAGES[-1]
    (user,) = instructions(last, "USER")
    (volume,) = instructions(last, "VOLUME")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert f"chown {user}" in OPERATION
    assert (volume, instructions(last, "WORKDIR")) == ("/var/lib/fengsui", ["/var/lib/fengsui"])
    assert f"--uid {user.split(':')[0]} " in last
    assert f"--home-dir {volume} " in last
    assert f"state: {volume}" in OPERATION
    assert instructions(last, "ENTRYPOINT") == ['["fengsui"]'], "the entry point of the wheel"
    assert "NUMBA_CACHE_DIR" not in last, "the gateway copies the image's kernels into its state folder"


def test_base_and_index_are_asked_for_and_nobodys_own() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", CONTAINER, re.MULTILINE)
    wanted = tomllib.loads(tree.text(ROOT / "pyproject.toml"))["project"]["requires-python"]
    (version,) = re.findall(r"python:(\d+\.\d+)-slim$", base)
    assert wanted == f">={version}"
    assert {stage.split()[0] for stage in STAGES} == {"${BASE}"}
    assert "://" not in re.sub(r"http://127\.0\.0\.1\S*", "", CONTAINER)
    for name in ("BASE", "PIP_INDEX_URL"):
        assert f"ARG {name}" in CONTAINER
        assert f"--build-arg {name}=" in OPERATION


def test_kernels_outlive_a_layer() -> None:
    """Layers keep times of change in whole seconds; a source with another time has no kernel."""
    (installed,) = [each for each in instructions(STAGES[0], "RUN") if "pip wheel" in each]
    assert (
        installed.index("pip install")
        < installed.index('touch -d "@$(date +%s)"')
        < installed.index("compileall")
    )
    assert CONTAINER.index("touch -d") < CONTAINER.index("gateway.warm")


def test_the_health_check_asks_where_the_console_listens() -> None:
    (check,) = instructions(STAGES[-1], "HEALTHCHECK")
    listen = Console().listen
    assert f"http://{listen}/healthz" in check
    assert instructions(STAGES[-1], "EXPOSE") == [listen.rsplit(":", 1)[1]]


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_shell(name: str) -> None:
    subprocess.run(["sh", "-n", str(ROOT / "scripts" / name)], check=True, timeout=20)


@pytest.mark.parametrize("name", ["fengsui.service", "fengsui-backup.service"])
def test_units_start_what_the_bundle_installs(name: str) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name, encoding="utf-8")
    found = parser["Service"]
    program, command, site, *_ = found["ExecStart"].split()
    (folder,) = re.findall(r'"\$\{1:-(/\S+)\}"', BUNDLE)
    assert program == f"{folder}/bin/fengsui"
    assert command in {each.name for each in app.registered_commands}
    assert site == "/etc/fengsui/site.yaml"
    assert found["StateDirectory"] == "fengsui"
    assert f"useradd --system --home-dir /var/lib/fengsui {found['User']}" in OPERATION
    for place in found.get("ReadWritePaths", "").split():
        assert f"install -d -o {found['User']} -g {found['Group']} -m 0750 {place}" in OPERATION
    if at := parser["Unit"].get("Documentation"):
        assert at.startswith(f"file:{folder}/share/doc/")
        assert (ROOT / "docs" / Path(at).name).exists()


def test_the_bundle_holds_what_its_installation_takes() -> None:
    taken = {each.split("/")[0] for each in re.findall(r'"?\$from"?/([\w.*-]+)', INSTALL)}
    assert taken == {"VERSION", "pip-*.whl", "wheels", "runtime.txt", "doc", "deploy"}
    put = {
        "VERSION": '> "$work/VERSION"',
        "pip-*.whl": 'pip -d "$work"',
        "wheels": '-d "$work/wheels"',
        "runtime.txt": "cp requirements/runtime.txt scripts/bundle_install.sh",
        "doc": 'cp docs/*.md "$work/doc/"',
        "deploy": 'cp -R configs/deploy "$work/deploy"',
    }
    assert [each for each in taken if put[each] not in BUNDLE] == []
    assert "--require-hashes" in BUNDLE
    assert "--require-hashes" in INSTALL
    assert "--no-index" in INSTALL


def test_the_head_of_the_bundle_ends_where_its_archive_begins() -> None:
    (head,) = re.findall(r"<<'HEAD'\n(.*?)^HEAD$", BUNDLE, re.DOTALL | re.MULTILINE)
    assert f"tail -n +{head.count(chr(10)) + 1} " in head
    assert head.rstrip().endswith("exit 0"), "the shell must not read on into the archive"


def test_operation_has_the_commands_that_were_tried() -> None:
    for command in (
        "make image-check",
        "/opt/fengsui/bin/fengsui demo --for 60s --json",
        "systemctl enable --now fengsui fengsui-backup.timer",
        "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges",
    ):
        assert command in OPERATION
