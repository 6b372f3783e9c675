"""A pack's own site for its scenario: the template that ``init`` copies, with the numbers its simulated plant has."""

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.config.packs.find import LOCAL, PACK_FILE, built_in
from gateway.model.errors import Fault, Misconfigured

COMPUTED: Final = "computed"
SCENARIOS: Final = "scenarios"
NUMBERS: Final = "numbers.yaml"
"""what the template leaves to the site: limits of the simulated plant's design, constants, ..."""
INCIDENT: Final = "incident.yaml"
CALM: Final = "calm.yaml"


def pack_folder(name: str) -> Path:
    """The folder of a pack by name or path.

    Raises:
        Misconfigured: there is none, or it has no scenario.
    """
    folder = built_in().get(name, Path(name))
    if not (folder / PACK_FILE).is_file() or not (folder / SCENARIOS / INCIDENT).is_file():
        allowed = f"a folder with {PACK_FILE} and {SCENARIOS}/{INCIDENT}, or one of " + ", ".join(built_in())
        raise Misconfigured([Fault("fengsui demo", None, "--pack", repr(name), allowed)])
    return folder


def write_site(
    pack: Path,
    target: Path,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    *,
    max_age_s: float = 0.0,
) -> Path:
    """The pack's template with the numbers of its simulated plant, in the new folder ``target``; the site file's path.

    ``change`` may alter the site before it is written: ports, logins. ``max_age_s``: how long each value that is read
    from a wire holds; 0: as the pack says.
    """
    target.mkdir(parents=True)
    if built_in().get(pack.name) != pack:
        own = target / LOCAL / pack.name
        own.mkdir(parents=True)
        shutil.copyfile(pack / PACK_FILE, own / PACK_FILE)
    site = yaml.safe_load((pack / "site.yaml").read_text(encoding="utf-8"))
    numbers = pack / SCENARIOS / NUMBERS
    if numbers.is_file():
        overlay(site, yaml.safe_load(numbers.read_text(encoding="utf-8")) or {})
    site["changes"] = {"approval": "none"}  # nobody is there to sign a demonstration
    change(site)
    by_hand = {name for name, source in site["sources"].items() if source["kind"] == "manual"}
    _write_list(pack / "tags.csv", target / "tags.csv", max_age_s, {COMPUTED, *by_hand})
    path = target / "site.yaml"
    path.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _write_list(source: Path, target: Path, max_age_s: float, others: set[str]) -> None:
    if not max_age_s:
        shutil.copyfile(source, target)
        return
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = [dict(row) for row in csv.DictReader(file)]
    for row in rows:
        if row["数据源"] not in others:
            row["有效期"] = f"{max_age_s:g}s"
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, list(dict.fromkeys(k for row in rows for k in row)))
        out.writeheader()
        out.writerows(rows)


def overlay(base: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Put ``more`` over ``base``: mappings go into each other, lists are joined, anything else replaces."""
    for key, value in more.items():
        before = base.get(key)
        if isinstance(before, dict) and isinstance(value, Mapping):
            overlay(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            base[key] = [*before, *value]
        else:
            base[key] = value
