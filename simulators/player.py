"""Plays a scenario: steps plant and sensors in plant time, sets off hazards and faults, watches the truth.

Pure: it reads no clock and knows no sockets.  The same scenario gives the same numbers at the same plant
seconds however the steps are asked for; live faults and settings are additions from outside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from simulators.errors import BadData
from simulators.faults import KINDS, Fault, make_fault
from simulators.image import Image, build_image
from simulators.physics import Setting
from simulators.ramps import Ramps
from simulators.scenario import Scenario, plant_path
from simulators.sensors import Measured, SensorBank, SensorFaults
from simulators.sitefile import load_site
from simulators.tags import Tag
from simulators.truth import Truth

Deed = Callable[[], object]
Timed = tuple[float, int, Deed]  # plant second, order in the file, deed


class Player:
    """One run of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.site = scenario, load_site(plant_path(scenario))
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(scenario.seed).spawn(3)]
        self.plant = self.site.build(streams[0])
        self.sensors = SensorBank(list(self.site.tags.values()), streams[1])
        self.truth = Truth(scenario, self.site.tags)
        self.faults: dict[str, Fault] = {}
        self.steps = 0
        self._bender = SensorFaults(streams[2])
        self._bent: dict[str, Measured] = {}
        self._ramps = Ramps(self.plant)
        self._agenda = self._plan()
        self._by_hand = {tag.id: 0.0 for tag in self.site.tags.values() if tag.by_hand}
        self._images: dict[tuple[str, int], tuple[int, Image]] = {}
        self._version = 0
        self._look()

    @property
    def seconds(self) -> float:
        """Plant seconds since the start."""
        return self.steps * self.scenario.step_s

    def advance(self, to_s: float, each: Callable[[], None] = lambda: None) -> None:
        """Step up to plant second ``to_s``; ``each`` is called after every step."""
        while (self.steps + 1) * self.scenario.step_s <= to_s + 1e-9:
            self._step()
            each()

    def _step(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.seconds + 1e-9:
            self._agenda.pop(0)[2]()
        self._ramps.step(self.seconds)
        self.plant.step(self.scenario.step_s)
        self.steps += 1
        self._look()

    def _look(self) -> None:
        true = self.plant.values()
        self.truth.see(self.seconds, true)
        self.sensors.step(self.scenario.step_s, true)
        self._bend()

    def _bend(self) -> None:
        """Faulted sensors are computed once a step, read or not, so that reading changes nothing."""
        faulted = {fault.target for fault in self.faults.values() if KINDS[fault.kind].target == "tag"}
        self._bent = {tag_id: self._measure(self.site.tags[tag_id]) for tag_id in sorted(faulted)}
        self._version += 1

    def _measure(self, tag: Tag) -> Measured:
        healthy = self.sensors.healthy(tag.id)
        return self._bender.measure(tag, healthy, self.tag_faults(tag.id), self.seconds)

    def measured(self, tag_id: str) -> Measured:
        """What the instrument says now."""
        return self._bent.get(tag_id) or self._measure(self.site.tags[tag_id])

    def rounds(self) -> dict[str, float]:
        """What a person who goes round now reads by hand, tag by tag; what is due since the round before."""
        found = {}
        for tag_id, due in self._by_hand.items():
            if self.seconds + 1e-9 >= due:
                found[tag_id] = self.measured(tag_id).value
                self._by_hand[tag_id] = due + self.site.tags[tag_id].period_s
        return found

    def tag_faults(self, tag_id: str) -> list[Fault]:
        """Faults of one tag in force, oldest first."""
        return [f for f in self.faults.values() if f.target == tag_id and KINDS[f.kind].target == "tag"]

    def device_faults(self, device: str) -> Sequence[Fault]:
        """Faults of one device in force, oldest first."""
        return [f for f in self.faults.values() if f.target == device and KINDS[f.kind].target == "device"]

    def mqtt_faults(self) -> dict[str, Fault]:
        """Faults of the MQTT publisher in force, by kind."""
        return {f.kind: f for f in self.faults.values() if KINDS[f.kind].target == "mqtt"}

    def broker_faults(self) -> list[Fault]:
        """Faults of the simulated broker in force, oldest first."""
        return [f for f in self.faults.values() if KINDS[f.kind].target == "broker"]

    def image(self, device: str, unit: int) -> Image | None:
        """The cells of one unit now, or None when there is no such unit."""
        if unit not in self.site.units(device):
            return None
        version, image = self._images.get((device, unit), (-1, {}))
        if version != self._version:
            image = self._build_image(device, unit)
            self._images[device, unit] = (self._version, image)
        return image

    def _build_image(self, device: str, unit: int) -> Image:
        tags = [
            t
            for t in self.site.tags.values()
            if t.modbus and (t.modbus.device, t.modbus.unit) == (device, unit)
        ]
        broken = {f.target: int(f.params["code"]) for f in self.faults.values() if f.kind == "exception"}
        return build_image([(tag, self.measured(tag.id)) for tag in tags], broken)

    def inject(self, fault_id: str, kind: str, target: str, params: Mapping[str, Any]) -> Fault:
        """Bring a fault about now."""
        fault = make_fault(fault_id, kind, target, self.seconds, params)
        self._check_target(fault)
        self._bender.forget(fault_id)  # a fault of the same name is replaced
        self.faults[fault_id] = fault
        self.truth.fault(fault_id, self.seconds, active=True)
        self._bend()
        return fault

    def clear(self, fault_id: str) -> None:
        """End a fault now."""
        if self.faults.pop(fault_id, None) is None:
            raise BadData(f"no fault {fault_id!r} in force; in force: {', '.join(self.faults) or 'none'}")
        self._bender.forget(fault_id)
        self.truth.fault(fault_id, self.seconds, active=False)
        self._bend()

    def _end(self, fault_id: str) -> None:
        """A fault's time is over; someone at the control port may have cleared it before."""
        if fault_id in self.faults:
            self.clear(fault_id)

    def set(self, path: str, value: Setting, over_s: float = 0.0) -> None:
        """Set a plant input now, or lead it there over ``over_s`` plant seconds."""
        self._ramps.lead(path, value, self.seconds, over_s)

    def report(self) -> dict[str, Any]:
        """The truth so far."""
        return self.truth.report(self.seconds)

    def _plan(self) -> list[Timed]:
        """Everything the scenario does, by time; at the same time in the order of the file."""
        self._check_causes()
        deeds = [*self._hazard_deeds(), *self._fault_deeds()]
        return sorted(((at, n, deed) for n, (at, deed) in enumerate(deeds)), key=lambda timed: timed[:2])

    def _hazard_deeds(self) -> Iterator[tuple[float, Deed]]:
        for hazard in self.scenario.hazards:
            for path, value in hazard.set.items():
                self.plant.check(path, value)
                yield hazard.at, partial(self.set, path, value, hazard.over)

    def _fault_deeds(self) -> Iterator[tuple[float, Deed]]:
        for fault in self.scenario.faults:
            self._check_target(make_fault(fault.id, fault.kind, fault.target, fault.at, fault.params))
            yield fault.at, partial(self.inject, fault.id, fault.kind, fault.target, fault.params)
            if fault.until is not None:
                yield fault.until, partial(self._end, fault.id)

    def _check_causes(self) -> None:
        """Every cause looks at values the plant has."""
        needed = {name for expected in self.scenario.expect for name in expected.cause.variables}
        if lost := sorted(needed - set(self.plant.values())):
            raise BadData(f"{self.scenario.scenario}: causes name unknown values: {', '.join(lost)}")

    def _check_target(self, fault: Fault) -> None:
        """The target exists and can have this fault."""
        target = KINDS[fault.kind].target
        known = {"tag": set(self.site.tags), "device": set(self.site.devices), "mqtt": {"mqtt"}}.get(
            target, {"broker"}
        )
        if fault.target not in known:
            raise BadData(f"fault {fault.id}: {fault.kind} needs a {target}, {fault.target!r} is none")
        if target == "tag" and not _possible(self.site.tags[fault.target], fault.kind):
            raise BadData(f"fault {fault.id}: {fault.target} cannot have {fault.kind}: see the fault table")


def _possible(tag: Tag, kind: str) -> bool:
    """Failure currents need a current loop, nan a float, exceptions Modbus, silence and clocks MQTT."""
    if kind in ("failure-low", "failure-high"):
        return tag.signal == "4-20mA"
    if kind == "nan":
        return tag.modbus is None or (tag.signal == "direct" and tag.modbus.type.startswith("float"))
    if kind == "exception":
        return tag.modbus is not None
    return kind not in ("silence", "wrong-clock") or tag.mqtt is not None
