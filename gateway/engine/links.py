"""Which buses and devices are down, and whom that blinds."""

from collections.abc import Iterable

from gateway.model.site import Site


class Links:
    """Set of links that are down."""

    def __init__(self, site: Site) -> None:
        self._tags = site.link_tags
        self._links = tuple(t.links for t in site.tags)
        self._down: set[str] = set()

    def change(self, link: str, *, up: bool) -> list[int]:
        """Note the change; returns rows of the tags that it blinds, or that no lost link blinds any more."""
        tags = self._tags.get(link, ())
        if not up:
            self._down.add(link)
            return list(tags)
        self._down.discard(link)
        return [t for t in tags if not self._down.intersection(self._links[t])]

    def down(self) -> list[str]:
        """Ids of the links that are down, sorted."""
        return sorted(self._down)

    def restore(self, down: Iterable[str]) -> None:
        """Inverse of :meth:`down`."""
        self._down = set(down)
