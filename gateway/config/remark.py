"""A remark of ``fengsui check``: what is allowed and still worth a look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: ``code`` is stable for programs, ``subject`` what it is about, ``place`` file:line."""

    code: str
    subject: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: note: {self.subject}: {self.text}"
