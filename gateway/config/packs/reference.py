"""``docs/packs.md``: how a site uses a pack, the packs there are, and the format from its models."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from gateway.config.packs.find import built_in, read_pack
from gateway.config.packs.schema import PackFile
from gateway.model.errors import Fault

HEAD: Final = Path(__file__).with_name("page.txt")
"""what people have written of the page"""


def packs_page(
    made: str,
    table: Callable[[type[BaseModel]], str],
    parts: Callable[[type[BaseModel], str, int], Iterable[str]],
) -> str:
    """The whole page; ``table`` and ``parts`` write models as the other pages do."""
    files = [pack.file for folder in built_in().values() if (pack := read_pack(folder, list[Fault]()))]
    rows = "".join(
        f"| [{f.pack}](packs/{f.pack}.md) | {f.name} {f.name_en} | {f.about_en} |\n" for f in files
    )
    head = HEAD.read_text(encoding="utf-8").replace("{made}", made).replace("{rows}", rows)
    return head + table(PackFile) + "".join(parts(PackFile, "", 3))
