"""Pieces of a page: one file, no request to anywhere, Chinese and English by a switch."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Final

_STYLE: Final = files("gateway.history").joinpath("page.css").read_text(encoding="utf-8")


def two(zh: str, en: str) -> str:
    """A text in both languages; already markup."""
    return f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>'


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Cells are markup."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"


def html(title: str, body: str) -> str:
    """The whole document; ``body`` is markup, ``title`` is not."""
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{escape(title)} - Fengsui</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>'
        '<input type="radio" name="lang" id="zh" checked><label for="zh">中文</label>'
        '<input type="radio" name="lang" id="en"><label for="en">English</label>'
        f"<main>{body}</main></body></html>\n"
    )
