"""``fengsui init``: a commented site file and tag list to start from."""

import re
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.config.packs.find import LOCAL, PACK_FILE, built_in, packs_folder
from gateway.model.errors import Fault, Misconfigured

TEMPLATE: Final = "pack-template"
"""name of the folder that shows how a pack of one's own is made"""
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME_WORDS: Final = "1-64 of A-Z a-z 0-9 _ -"
COPIED: Final = (".csv", ".md", ".yaml")


def init(
    pack: Annotated[
        str,
        typer.Argument(
            help="name of a pack, e.g. tank-farm, or the folder of your own; pack-template: a pack to begin with"
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="new folder for the site file and its tag list")],
) -> None:
    """Write a commented site file and a tag list of that kind of site, to fill in."""
    packs = built_in()
    if pack == TEMPLATE:
        _template(folder)
        return
    place = packs.get(pack, Path(pack))
    if not (place / PACK_FILE).is_file() or not (place / "site.yaml").is_file():
        allowed = f"a folder with {PACK_FILE} and site.yaml, or one of " + ", ".join(packs)
        raise Misconfigured([Fault("fengsui init", None, "PACK", repr(pack), allowed)])
    for name in _copy(place, folder, own=pack not in packs):
        typer.echo(folder / name)
    typer.echo(
        f"next: read README.md, fill in addresses and limits, then `fengsui check {folder / 'site.yaml'}`"
    )
    typer.echo(f"下一步：读 README.md，填写地址和限值，再运行 `fengsui check {folder / 'site.yaml'}`")


def _template(folder: Path) -> None:
    """A whole pack to make one's own of."""
    if NAME.fullmatch(folder.resolve().name) is None:
        raise _unusable(
            folder, f"a folder whose name a pack can have: {NAME_WORDS}", "a pack is called as its folder"
        )
    try:
        _empty(folder)
        shutil.copytree(packs_folder().parent / TEMPLATE, folder, dirs_exist_ok=True)
        _name(folder)
    except OSError as error:
        raise _unusable(folder, "a folder that can be written", error.strerror or str(error)) from error
    typer.echo(f"next: read {folder / 'README.md'}, then `fengsui init ./{folder.name} my-site`")
    typer.echo(f"下一步：读 {folder / 'README.md'}，再运行 `fengsui init ./{folder.name} my-site`")


def _name(pack: Path) -> None:
    """A pack is called as its folder; where it says so itself, too."""
    for name in (PACK_FILE, "site.yaml"):
        text = (pack / name).read_text(encoding="utf-8")
        (pack / name).write_text(text.replace(TEMPLATE, pack.resolve().name), encoding="utf-8")


def _empty(folder: Path) -> None:
    """A new folder, or one with nothing in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _unusable(folder, "a new or empty folder", "name a new folder; nothing is overwritten")
    folder.mkdir(parents=True, exist_ok=True)


def _copy(pack: Path, folder: Path, *, own: bool) -> list[str]:
    """Names of the files written; nothing that is there is overwritten. Of a pack of one's ``own`` also the pack."""
    try:
        _empty(folder)
        names = sorted(p.name for p in pack.iterdir() if p.suffix in COPIED and p.name != PACK_FILE)
        for name in names:
            shutil.copyfile(pack / name, folder / name)
        if own:
            names.append(f"{LOCAL}/{pack.resolve().name}/{PACK_FILE}")
            (folder / names[-1]).parent.mkdir(parents=True)
            shutil.copyfile(pack / PACK_FILE, folder / names[-1])
    except OSError as error:
        raise _unusable(folder, "a folder that can be written", error.strerror or str(error)) from error
    return names


def _unusable(folder: Path, allowed: str, hint: str) -> Misconfigured:
    return Misconfigured([Fault("fengsui init", None, "DIR", str(folder), allowed, hint)])
