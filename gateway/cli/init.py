"""``fengsui init``: a commented site file and tag list to start from."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.model.errors import Fault, Misconfigured

COPIED: Final = (".csv", ".md", ".yaml")


def packs_folder() -> Path:
    """Where the packs are: beside the package in a checkout, inside it in a wheel.

    Raises:
        Misconfigured: in neither place.
    """
    package = Path(str(files("gateway")))
    for place in (package / "_configs" / "packs", package.parent / "configs" / "packs"):
        if place.is_dir():
            return place
    raise Misconfigured("the packs were not installed with this copy of fengsui")


def init(
    pack: Annotated[str, typer.Argument(help="tank-farm, gas-detection or tailings-pond")],
    folder: Annotated[Path, typer.Argument(help="new folder for the site file and its tag list")],
) -> None:
    """Write a commented site file and a tag list of that kind of site, to fill in."""
    packs = {p.name: p for p in sorted(packs_folder().iterdir()) if (p / "site.yaml").is_file()}
    if pack not in packs:
        raise Misconfigured([Fault("fengsui init", None, "PACK", repr(pack), "one of " + ", ".join(packs))])
    for name in _copy(packs[pack], folder):
        typer.echo(folder / name)
    typer.echo(
        f"next: read README.md, fill in addresses and limits, then `fengsui check {folder / 'site.yaml'}`"
    )


def _copy(pack: Path, folder: Path) -> list[str]:
    """Names of the files written; nothing that is there is overwritten."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise _unusable(folder, "a new or empty folder", "name a new folder; nothing is overwritten")
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(p.name for p in pack.iterdir() if p.suffix in COPIED)
        for name in names:
            shutil.copyfile(pack / name, folder / name)
    except OSError as error:
        raise _unusable(folder, "a folder that can be written", error.strerror or str(error)) from error
    return names


def _unusable(folder: Path, allowed: str, hint: str) -> Misconfigured:
    return Misconfigured([Fault("fengsui init", None, "DIR", str(folder), allowed, hint)])
