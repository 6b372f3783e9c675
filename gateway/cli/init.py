"""``fengsui init``: a commented site file and tag list to start from."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gateway.model.errors import Fault, Misconfigured


def packs_folder() -> Path:
    """Where the packs are: beside the package in a checkout, inside it in a wheel."""
    package = Path(str(files("gateway")))
    for place in (package / "configs" / "packs", package.parent / "configs" / "packs"):
        if place.is_dir():
            return place
    raise Misconfigured("the packs were not installed with this copy of fengsui")


def init(
    pack: Annotated[str, typer.Argument(help="tank-farm, gas-detection or tailings-pond")],
    folder: Annotated[Path, typer.Argument(help="new folder for the site file and its tag list")],
) -> None:
    """Write a commented site file and a tag list of that kind of site, to fill in."""
    packs = {p.name: p for p in sorted(packs_folder().iterdir()) if p.is_dir()}
    if pack not in packs:
        raise Misconfigured([Fault("fengsui init", None, "PACK", repr(pack), "one of " + ", ".join(packs))])
    if folder.exists() and any(folder.iterdir()):
        hint = "name a new folder; nothing is overwritten"
        raise Misconfigured([Fault("fengsui init", None, "DIR", str(folder), "a new or empty folder", hint)])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(p.name for p in packs[pack].iterdir() if p.suffix in (".yaml", ".csv", ".md")):
        shutil.copyfile(packs[pack] / name, folder / name)
        typer.echo(folder / name)
    typer.echo(f"next: fill in addresses, then `fengsui check {folder / 'site.yaml'}`")
