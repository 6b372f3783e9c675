"""By what alarms belong together, so that a flood reads as a few causes and not as a hundred lines.

The first that applies: the first-out group of its rule, the device (or lost bus) of an instrument or link fault, the
installation. Grouping drops and hides nothing, red, gas and highly managed alarms least of all: it is a word beside
each alarm.
"""

from collections.abc import Mapping
from typing import Final

from gateway.alarms.subjects import SYSTEM, Subject
from gateway.model.events import Event
from gateway.model.site import Site

FIRST_OUT: Final = "first-out"
DEVICE: Final = "device"
INSTALLATION: Final = "installation"


class Grouping:
    """Words of the form ``device:plc1`` for the alarms of one site; and the operator console each belongs to."""

    def __init__(self, site: Site, subjects: Mapping[str, Subject]) -> None:
        self._subjects = subjects
        self._device = {t.id: t.links[-1] for t in site.tags if t.links}
        self._console = {place: c.id for c in site.consoles for place in c.installations}

    def of(self, event: Event) -> str:
        """The group of an occurrence's event."""
        subject = self._subjects.get(event.rule)
        if subject is not None and subject.first_out:
            return f"{FIRST_OUT}:{subject.first_out}"
        if event.fault and event.kind == "link":
            return f"{DEVICE}:{event.tag}"
        if event.fault and event.tag in self._device:
            return f"{DEVICE}:{self._device[event.tag]}"
        return SYSTEM if event.kind == SYSTEM else f"{INSTALLATION}:{event.installation}"

    def console(self, event: Event) -> str:
        """Id of the operator console; empty: of none, or the whole site is one operator's."""
        return self._console.get(event.installation, "")
