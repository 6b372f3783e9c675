"""What two persons changed against the files of a site. Frozen data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedChange:
    """One value. ``origin`` is where ``old`` is written; ``hash`` seals the entry."""

    part: str
    id: str
    field: str
    old: str
    new: str
    origin: str
    clause: str
    by: str
    second: str
    time: str
    reason: str
    hash: str

    def __str__(self) -> str:
        where = "; ".join(filter(None, [self.origin, self.clause]))
        seal = f" sha256:{self.hash[:12]}" if self.hash else ""
        what = f"~ {self.part.removesuffix('s')} {self.id} {self.field}: {self.old} -> {self.new} ({where})"
        return f"{what} {self.by}, {self.second} {self.time}: {self.reason}{seal}"
