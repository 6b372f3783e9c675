"""What this program says, in the language of whoever reads the terminal.

Sentences are made in English, in the code. Their Chinese is where the console has it, and beside this file for those
that only a terminal shows; ``{}`` stands for what is put in. One that is not there (another side's own words, say)
stands as it came. JSON stays in English: programs read it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import orjson

from gateway import console
from gateway.config.remark import Note
from gateway.model.errors import Fault, FengsuiError, Misconfigured

VARIABLE: Final = "FENGSUI_LANG"
LANGUAGES: Final = ("zh", "en")
BOOKS: Final = (
    Path(str(console.__file__)).parent / "static" / "i18n" / "said.json",
    Path(__file__).with_name("said.json"),
)
SPACES: Final = 8
"""Nested texts."""
ONE_WORD: Final = 5
"""Letters: a sentence with fewer of its own takes no other sentence in."""
_PLACE: Final = re.compile(r"\{(\d?)\}")


def language(environment: Mapping[str, str] = os.environ) -> str:
    """``zh`` or ``en``: as ``--lang`` or ``FENGSUI_LANG`` says, else as the terminal's locale does (POSIX, 8.2)."""
    chosen = environment.get(VARIABLE, "").lower()
    if chosen in LANGUAGES:
        return chosen
    locale = next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environment.get(k))), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def spoken(text: str) -> str:
    """A sentence for this reader."""
    return _chinese(text) if language() == "zh" else text


def told(each: Fault) -> Fault:
    """The same fault in words of this reader; its place and path stay as they are, so that they can be found."""
    return replace(each, value=spoken(each.value), allowed=spoken(each.allowed), hint=spoken(each.hint))


def fault(each: Fault) -> str:
    """A fault as one line."""
    if language() != "zh":
        return str(each)
    place, own = f"{each.file}:{each.line}" if each.line else each.file, told(each)
    hint = f"；提示：{own.hint}" if own.hint else ""
    return f"{place}: {own.path}: {own.value}；允许：{own.allowed}{hint}"


def error(each: FengsuiError) -> str:
    """One error, or every fault that it carries, a line each."""
    if isinstance(each, Misconfigured) and each.faults:
        return "\n".join(map(fault, each.faults))
    return spoken(str(each))


def note(each: Note) -> str:
    """A remark of ``check`` as one line."""
    if language() != "zh":
        return str(each)
    return f"{each.place}: 注意：{_chinese(each.subject)}：{_chinese(each.text)}"


@cache
def book() -> dict[str, str]:
    """English sentence -> Chinese."""
    return {words: said for path in BOOKS for words, said in orjson.loads(path.read_bytes()).items()}


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """Sentences in which something is put, the most particular first."""
    asked = [(words, said) for words, said in book().items() if "{}" in words]
    asked.sort(key=lambda each: len(each[0].replace("{}", "")), reverse=True)
    return [(_form(words), said) for words, said in asked]


def _form(words: str) -> re.Pattern[str]:
    parts = words.split("{}")
    gap = r"(\S*)" if len("".join(parts).strip()) < ONE_WORD else "(.*?)"
    return re.compile(gap.join(map(re.escape, parts)), re.DOTALL)


@lru_cache(maxsize=4096)
def _chinese(text: str, deep: int = 0) -> str:
    if not text or deep > SPACES:
        return text
    return book().get(text) or _matched(text, deep) or _pieces(text, deep) or text


def _matched(text: str, deep: int) -> str:
    """The first form that fits; several sentences in a row are taken one by one, but those in brackets belong there."""
    for form, said in _forms():
        found = form.fullmatch(text)
        if found and not any(
            "; " in put and not _bracketed(found, n) for n, put in enumerate(found.groups(), 1)
        ):
            puts = [_chinese(put, deep + 1) for put in found.groups()]
            return _filled(said, puts, iter(puts))
    return ""


def _bracketed(found: re.Match[str], group: int) -> bool:
    start, stop = found.span(group)
    return found.string[max(0, start - 1) : start] == "(" and found.string[stop : stop + 1] == ")"


def _filled(said: str, puts: list[str], rest: Iterator[str]) -> str:
    def put(match: re.Match[str]) -> str:
        return puts[int(match[1]) - 1] if match[1] else next(rest, "")

    return _PLACE.sub(put, said)


def _pieces(text: str, deep: int) -> str:
    """Several in a row, one after a name, a word in quotes."""
    if re.fullmatch("'[^']*'", text):
        return _chinese(text[1:-1], deep + 1)
    for between in ("; ", ": "):
        ends = [n for n in range(1, len(text)) if text.startswith(between, n)]
        for end in reversed(ends):  # a sentence may have a semicolon of its own
            if (first := text[:end]) in book():
                return f"{book()[first]}{between}{_chinese(text[end + 2 :], deep + 1)}"
        if ends:
            first, rest = text[: ends[0]], text[ends[0] + 2 :]
            return f"{_chinese(first, deep + 1)}{between}{_chinese(rest, deep + 1)}"
    return ""
