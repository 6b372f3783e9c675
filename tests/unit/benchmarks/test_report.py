from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks._aims import verdicts
from benchmarks._figures import public, ratios
from benchmarks.campaign import numbers, rounds
from benchmarks.report import page

ROOT = Path(__file__).resolve().parents[3]
SESSION = {
    "cpu": "x",
    "cores": 2,
    "memory_gib": 8,
    "kernel": "6",
    "python": "3.11",
    "commit": "abc",
    "day": "2026-01-01",
}


def run(system: str, scenario: str, seed: int = 1, **figures: Any) -> dict[str, Any]:
    base = {
        "expected": 50,
        "missed": 0,
        "false": 0,
        "dup": 0,
        "clears_missed": 0,
        "scans_lost": 0,
        "devices": 20,
    }
    return {
        "scenario": scenario, "seed": seed, "system": system, "order": 0, "slot": 0, "status": "ok",
        "figures": {**base, "cpu_s_per_1000": 0.003, "reaction_p50": 0.005, **figures},
    }  # fmt: skip


def word(runs: list[dict[str, Any]], aim: str) -> str:
    (found,) = [v for v in verdicts(runs) if v.aim.startswith(aim)]
    return found.word


def test_nothing_measured_is_not_met_and_not_failed() -> None:
    assert {v.word for v in verdicts([])} == {"not measured"}


@pytest.mark.parametrize(
    ("figures", "aim", "said"),
    [
        ({}, "S1: 0 missed", "met"),
        ({"dup": 1}, "S1: 0 missed", "**not met**"),
        ({"cpu_s_per_1000": 0.004}, "S1: CPU", "**not met**"),
        ({"cpu_s_per_1000": 0.003}, "S1: CPU", "met"),
        ({"reaction_p50": 0.0051}, "S1: median reaction", "**not met**"),
        ({"reaction_p50": 0.005}, "S1: median reaction", "met"),
    ],
)
def test_an_aim_is_judged_from_the_figures(figures: dict[str, Any], aim: str, said: str) -> None:
    peers = [run("hand", "S1", cpu_s_per_1000=0.009), run("nodered", "S1", reaction_p50=0.005)]
    assert word([run("fengsui", "S1", **figures), *peers], aim) == said


def test_one_bad_seed_spoils_an_aim() -> None:
    runs = [run("fengsui", "S4kill", seed, scans_lost=lost) for seed, lost in ((1, 0), (2, 21), (3, 20))]
    assert word(runs, "S4kill: at most one scan") == "**not met**"
    assert word(runs[::2], "S4kill: at most one scan") == "met"


def test_a_start_that_never_stored_anything_is_not_met() -> None:
    assert word([run("fengsui", "S5", first_sample_s=[1.0, None, 1.0])], "S5: first reading") == "**not met**"


def test_only_runs_of_the_same_scenario_and_seed_are_compared() -> None:
    ours = [run("fengsui", "S1", 1, cpu_s_per_1000=1.0), run("fengsui", "S1", 2, cpu_s_per_1000=1.0)]
    assert ratios(ours, [run("hand", "S1", 2, cpu_s_per_1000=4.0)], "cpu_s_per_1000") == [0.25]


def test_a_failed_run_and_a_missing_peer_are_shown() -> None:
    failed = {**run("fengsui", "S1", 2), "status": "failed", "why": "exit 1"}
    absent = {**run("tb", "S1"), "status": "not run", "why": "not installed"}
    text = page({"session": SESSION, "results": [run("fengsui", "S1"), failed, absent]})
    assert "| Fengsui | 1, 1 failed |" in text
    assert "not run (not installed)" in text
    assert "{{" not in text


def test_results_hold_no_paths() -> None:
    raw = {
        "sut": "fengsui", "plan": {"devices": 20, "tags": 50, "base_port": 30010, "host": "127.0.0.1"},
        "first_sample_s": 1.2345, "cpu_s_per_1000": 0.01, "rss_by_proc": {"/home/x": 1},
        "alarms": {"expected": 1, "missed": 0, "missed_list": [["d0", "t0"]], "clears": {}, "latency_s": {"p50": 0.5}},
    }  # fmt: skip
    found = public(raw)
    assert found["first_sample_s"] == [1.23]
    assert found["latency_p50"] == 0.5
    assert not {"plan", "rss_by_proc", "missed_list", "base_port"} & set(found)


def test_each_seed_changes_who_runs_first() -> None:
    plan = rounds(["S1"], numbers("1-2,5"), ["a", "b", "c"])
    assert [[job.system for job in each] for each in plan] == [
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["c", "a", "b"],
    ]
    assert [each[0].seed for each in plan] == [1, 2, 5]


def test_without_the_harness_nothing_is_run_and_that_is_said(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"FENGSUI_BENCH", "BENCH_ENV"}}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.campaign", "--json"],
        cwd=ROOT, env={**environment, "BENCH_RUNS": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout)["status"] == "not run"
    assert not list(tmp_path.iterdir())


def test_two_campaigns_are_one_page_that_says_which_commit_ran_which() -> None:
    early = {"session": SESSION, "results": [run("fengsui", "S1"), run("fengsui", "S3")]}
    late = {"session": {**SESSION, "commit": "def"}, "results": [run("fengsui", "S4kill", 2)]}
    text = page(early, late)
    assert "- S1, S3: x, 2 cores, 8 GiB, Linux 6; Python 3.11; commit abc; 2026-01-01; seeds 1." in text
    assert "- S4kill: x, 2 cores, 8 GiB, Linux 6; Python 3.11; commit def; 2026-01-01; seeds 2." in text
    assert text.index("### S3") < text.index("### S4kill")


def test_a_scenario_of_two_campaigns_is_refused() -> None:
    one = {"session": SESSION, "results": [run("fengsui", "S1"), run("fengsui", "S2")]}
    with pytest.raises(ValueError, match="in two campaigns: S1; leave one out"):
        page(one, {"session": SESSION, "results": [run("hand", "S1")]})
