"""A tailings pond: water balance, freeboard, beach, phreatic line behind the pool, slow displacement."""

from dataclasses import dataclass

from simulators.physics.part import Part


@dataclass(frozen=True)
class PondSpec:
    """Elevations in m, areas in m2, flows in m3/h, lags in h; ``bank`` is pool area gained per m of level."""

    crest_m: float
    level_m: float
    pool_m2: float
    bank_m2_m: float
    catchment_m2: float
    weir_m: float
    weir_width_m: float = 1.2
    runoff: float = 0.85
    runoff_lag_h: float = 0.05
    slurry_m3_h: float = 150.0
    decant_max_m3_h: float = 900.0
    seepage_m3_h_m: float = 1.2
    toe_m: float = 60.0
    beach_slope: float = 0.01
    phreatic_m: float = 8.0
    phreatic_gain: float = 0.8
    phreatic_lag_h: float = 4.0
    soak_m_mm: float = 0.004
    soak_lag_h: float = 1.0
    creep_mm_h: float = 0.02


class Pond(Part):
    """dV/dt = slurry water + runoff + rain on the pool - decant - seepage; dlevel/dt = (dV/dt) / area."""

    def __init__(self, spec: PondSpec) -> None:
        self.spec = spec
        self.inputs = {"slurry_m3_h": spec.slurry_m3_h, "decant_share": 1.0}
        self.level_m = spec.level_m
        self.runoff_m3_h = self.decant_m3_h = self.stored_m3 = self.in_m3 = self.out_m3 = 0.0
        self.displacement_mm = 0.0
        self._lagged_level, self._soaked_mm = spec.level_m, 0.0

    @property
    def freeboard_m(self) -> float:
        """Crest minus pool level, m."""
        return self.spec.crest_m - self.level_m

    @property
    def area_m2(self) -> float:
        """Pool area at the present level."""
        return self.spec.pool_m2 + self.spec.bank_m2_m * (self.level_m - self.spec.level_m)

    @property
    def phreatic_depth_m(self) -> float:
        """Depth of the phreatic line below the dam face: lags the pool, rises with rain that soaks in."""
        rise = self.spec.phreatic_gain * (self._lagged_level - self.spec.level_m)
        return self.spec.phreatic_m - rise - self.spec.soak_m_mm * self._soaked_mm

    @property
    def seepage_m3_h(self) -> float:
        """Darcy-like: proportional to the head over the toe."""
        return self.spec.seepage_m3_h_m * max(0.0, self.level_m - self.spec.toe_m)

    def step(self, dt: float, rain_mm_h: float) -> None:
        """Advance by ``dt`` seconds under ``rain_mm_h``."""
        hours = dt / 3600.0
        self._run_off(hours, rain_mm_h)
        self._decant()
        entering = self.number("slurry_m3_h") + self.runoff_m3_h + rain_mm_h / 1000.0 * self.area_m2
        self._store(entering * hours, (self.decant_m3_h + self.seepage_m3_h) * hours)
        self._follow(hours, rain_mm_h)

    def _run_off(self, hours: float, rain_mm_h: float) -> None:
        """The catchment as a linear reservoir with time constant ``runoff_lag_h``."""
        target = self.spec.runoff * self.spec.catchment_m2 * rain_mm_h / 1000.0
        self.runoff_m3_h += (target - self.runoff_m3_h) * min(1.0, hours / self.spec.runoff_lag_h)

    def _decant(self) -> None:
        """Sharp-crested weir Q = 1.84 b h^1.5 (m3/s, Francis), limited by the tunnel."""
        head = max(0.0, self.level_m - self.spec.weir_m)
        over_weir = 1.84 * self.spec.weir_width_m * head**1.5 * 3600.0
        self.decant_m3_h = self.number("decant_share") * min(over_weir, self.spec.decant_max_m3_h)

    def _store(self, entering_m3: float, leaving_m3: float) -> None:
        self.in_m3 += entering_m3
        self.out_m3 += leaving_m3
        self.stored_m3 += entering_m3 - leaving_m3
        self.level_m += (entering_m3 - leaving_m3) / self.area_m2

    def _follow(self, hours: float, rain_mm_h: float) -> None:
        """What lags behind: water inside the dam, and creep that grows with it."""
        self._lagged_level += (self.level_m - self._lagged_level) * hours / self.spec.phreatic_lag_h
        self._soaked_mm += (rain_mm_h - self._soaked_mm / self.spec.soak_lag_h) * hours
        wet = 1.0 + 10.0 * max(0.0, self.spec.phreatic_m - self.phreatic_depth_m)
        self.displacement_mm += self.spec.creep_mm_h * wet * hours

    def values(self) -> dict[str, float]:
        """True values: m, m3/h, L/s for seepage, mm."""
        return {
            "level": self.level_m,
            "freeboard": self.freeboard_m,
            "beach": max(0.0, self.freeboard_m / self.spec.beach_slope),
            "phreatic": self.phreatic_depth_m,
            "seepage_l_s": self.seepage_m3_h / 3.6,
            "decant": self.decant_m3_h,
            "displacement": self.displacement_mm,
        }
