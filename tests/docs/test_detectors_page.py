"""The page of detectors: made from the kinds, with the plots that they draw today."""

from benchmarks.detectors_groups import GROUPS
from benchmarks.detectors_page import IMAGES, files
from benchmarks.detectors_signals import SIGNALS
from detectors.kinds import KINDS
from tests.docs import tree


def test_page_and_plots_are_in_step() -> None:
    stale = [tree.name(p) for p, text in files().items() if not p.exists() or p.read_text() != text]
    assert stale == [], "python -m benchmarks.detectors_page --write"


def test_every_plot_is_of_a_kind_and_shows_it_active() -> None:
    plots = {*SIGNALS, *GROUPS}
    assert plots <= set(KINDS)
    assert {p.stem for p in IMAGES.glob("*.svg")} == plots
    assert all("#d62728" in (IMAGES / f"{name}.svg").read_text() for name in plots)


def test_every_kind_of_statistics_and_of_groups_has_a_plot() -> None:
    assert {name for name, kind in KINDS.items() if kind.family in ("statistics", "groups")} <= {
        *SIGNALS,
        *GROUPS,
    }
