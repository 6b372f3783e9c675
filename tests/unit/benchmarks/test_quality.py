"""The benchmark of quality: its theory against published tables, its trials against theory, its sites, its page."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import __main__ as command
from benchmarks.quality import methane, nab, page, sources, table, theory
from benchmarks.quality.figures import Figure, above, between, least, most
from benchmarks.quality.gecco import stretches
from benchmarks.quality.noise import of
from benchmarks.quality.table import Span, Table, judge, spans
from benchmarks.quality.trial import Found, measure
from benchmarks.quality.trials import TRIALS
from detectors.kinds import KINDS
from gateway.config.load import load

MINUTE = 60_000_000_000
BY_KIND = {t.kind: t for t in TRIALS}


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (theory.cusum(4.0, 0.5, 0.0, 1), 335.4),  # exact: Hawkins and Olwell 1998
        (theory.cusum(4.0, 0.5, 1.0, 1), 8.38),
        (theory.cusum(5.0, 0.5, 0.0), 465.4),
        (theory.ewma(2.814, 0.1, 0.0), 500.0),  # Lucas and Saccucci 1990, table 3
        (theory.ewma(2.814, 0.1, 1.0), 10.3),
        (theory.range_beyond(3.31, 3), 0.05),  # studentised range, infinite degrees of freedom
        (theory.at_least(2, 3, 0.5), 0.5),
        (theory.beyond(3.0, 2), 0.0027),
    ],
)
def test_theory_is_what_is_published(found: float, published: float) -> None:
    assert found == pytest.approx(published, rel=0.01)


def test_the_slope_of_few_points_is_as_wide_as_said() -> None:
    rng = np.random.default_rng(3)
    i, j = np.triu_indices(15, 1)
    x = rng.normal(size=(4000, 15))
    slopes = np.median((x[:, j] - x[:, i]) / (j - i), axis=1)
    assert slopes.std() == pytest.approx(theory.slope_sd(15, 1.0, 1.0), rel=0.05)


def test_every_kind_has_a_trial() -> None:
    assert set(BY_KIND) == set(KINDS)
    assert all(BY_KIND[kind].rule(0).family for kind in KINDS)


@pytest.mark.parametrize("kind", ["limit", "cusum", "vote"])
def test_a_trial_agrees_with_theory(kind: str) -> None:
    trial = BY_KIND[kind]
    found = measure(trial, 7)
    assert trial.rare is not None
    assert trial.late is not None
    assert found.rare == pytest.approx(trial.rare, rel=0.25)
    assert found.late == pytest.approx(trial.late, rel=0.25)


def test_figures_say_whether_they_are_met() -> None:
    assert least("s", "w", 2.0, 2.0).met
    assert not above("s", "w", 2.0, 2.0).met
    assert most("s", "w", 2.0, 2.0).met
    assert not between("s", "w", 2.0, 2.1, 3.0).met
    assert [Figure("s", "w", v, met=m).word for v, m in ((None, None), (1.0, None), (1.0, False))] == [
        "not run",
        "",
        "**not met**",
    ]
    none = of(BY_KIND["state"], Found(math.inf, 0, 100, 5.0, 0.0))
    assert [f.shown for f in none] == ["none in 100", "5"]


@pytest.mark.parametrize("name", sorted(p.name for p in table.SITES.iterdir()))
def test_every_site_is_sound(name: str) -> None:
    assert load(table.SITES / name / "site.yaml").site.tags


def test_a_made_release_is_one_alarm_of_the_site() -> None:
    minutes = np.arange(600)
    plume = np.where((minutes > 100) & (minutes < 200) & (minutes % 20 == 0), 9.0, 2.0)
    columns = {f"CH4-{i}": np.full(600, 2.0) for i in range(1, 9)} | {"CH4-3": plume}
    time = 1_700_000_000_000_000_000 + minutes * MINUTE
    found = spans(judge("methane", Table(time, columns)), methane.RULE)
    assert [(int((s.start - time[0]) // MINUTE), int((s.end - time[0]) // MINUTE)) for s in found] == [
        (120, 226)
    ]
    true = [(int(time[100]), int(time[200]))]
    assert methane.false_ones(found, true) == 0
    assert methane.delays(found, true).tolist() == [20.0]
    assert len(methane.naive(Table(time, columns))) == 4
    assert methane.false_ones([Span(0, 1, 0)], true) == 1


def test_a_made_jump_is_one_novelty_of_the_site() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(10.0, 1.0, 1000)
    value[700:] += 30.0
    time = 1_700_000_000_000_000_000 + np.arange(1000) * 5 * MINUTE
    found = [
        s
        for s in spans(judge("nab", Table(time, {"value": value}), step=1), nab.RULE)
        if s.start >= time[650]
    ]
    assert [int(np.searchsorted(time, s.start)) for s in found] == [700]


def test_flags_become_stretches() -> None:
    assert stretches(np.array([False, True, True, False, True])) == [(1, 3), (4, 5)]


def test_what_is_not_here_is_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(sources.DATA, raising=False)
    monkeypatch.setattr("sys.argv", ["quality", "--json", "--only", "methane"])
    with pytest.raises(SystemExit) as done:
        command.main()
    assert done.value.code == 0
    (figure,) = json.loads(capsys.readouterr().out)["figures"]
    assert figure["value"] is None
    assert figure["met"] is None
    assert sources.DATA in figure["note"]


def test_a_packed_file_is_read_and_words_are_no_numbers(tmp_path: Path) -> None:
    plain = tmp_path / "a.csv"
    plain.write_text("time;x\n2020-01-01 00:00:00;1.5\n2020-01-01 00:01:00;Bad\n", encoding="utf-8-sig")
    header, rows = sources.lines(plain, ";")
    assert header == ["time", "x"]
    assert np.diff(sources.times([r[0] for r in rows])).tolist() == [MINUTE]
    assert np.isnan(sources.numbers(rows, [1])).tolist() == [[False, True]]


def test_the_page_has_every_kind_and_figure() -> None:
    figures = {"skab": [least("SKAB", "outliers", 0.8, 0.7)], "noise": list(of(BY_KIND["limit"], measured()))}
    made = page.page(figures)
    assert "SKAB: outliers | 0.8 | >= 0.7 | met" in made
    assert all(f"### {kind}\n" in made and f"images/quality/{kind}.svg" in made for kind in KINDS)
    assert "{{" not in made


def measured() -> Found:
    return Found(740.0, 100, 74000, 44.0, 0.0)


@pytest.mark.skipif("FENGSUI_DATA" not in __import__("os").environ, reason="FENGSUI_DATA names no data")
def test_releases_of_the_test_site_are_raised() -> None:
    assert all(f.met is not False for f in methane.run())
