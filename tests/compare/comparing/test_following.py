"""A sequential study stops a comparison when enough is known, and only its looks count."""

import csv
import json
import shutil
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from coordrl.compare import compare_runs
from coordrl.compare.comparing.analysis import compare, follow_study
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.study import read_study

CELLS = {("Pong", "a2c", arm): arm for arm in ("standard", "clear", "same", "open")}
LOOKS = {
    "baseline": "standard",
    "margin": 0.2,
    "sequential": {"looks": [6, 8, 10], "futility": 0.05},
}


def scores_of(seeds=10):
    rng = np.random.default_rng(3)
    noise = {arm: np.resize(rng.normal(size=10), seeds) for arm in CELLS.values()}
    means = {"standard": 0.0, "clear": 9.0, "same": 0.1, "open": 1.2}
    return {cell: (means[arm] + 1.2 * noise[arm]).tolist() for cell, arm in CELLS.items()}


@pytest.fixture
def sequential(study):
    return study(scores_of(), comparison=LOOKS)


def arms(comparison):
    return {contrast.arm: contrast for _, contrast in comparison.contrasts()}


def unfinish(folder, arm, seeds, status="planned"):
    for seed in seeds:
        path = folder / "Pong" / "a2c" / arm / f"seed-{seed}"
        record = json.loads((path / "run.json").read_text())
        (path / "run.json").write_text(json.dumps(record | {"status": status, "error": "boom"}))


def test_each_comparison_stops_at_its_look(sequential):
    comparison = compare(read_study(sequential))
    found = arms(comparison)
    assert (found["clear"].verdict, found["clear"].size) == ("better", "beyond the margin")
    assert [look.planned for look in found["clear"].looks] == [6]
    assert found["clear"].seeds == (6, 6)
    assert found["clear"].p_value == pytest.approx(2 / 924)
    assert found["clear"].p_value < found["clear"].p_sequential < found["clear"].p_holm < 0.05
    low, high = found["clear"].interval_fixed
    assert found["clear"].interval.low < low < high < found["clear"].interval.high
    assert found["clear"].state == "different"
    result = comparison.sequential
    assert (result.looks, result.live, result.runs) == ((6, 8, 10), 0, 40)
    used = {arm: look.looks[-1].planned for arm, look in found.items()}
    assert result.needed == sum(used.values()) + max(used.values())
    assert f"{result.needed} of 40 runs" in comparison.headline


def test_runs_beyond_a_stop_change_nothing(sequential):
    before = compare(read_study(sequential))
    stopped = {arm: c.looks[-1].planned for arm, c in arms(before).items()}
    for arm, seeds in stopped.items():
        unfinish(sequential, arm, range(seeds, 10))
    unfinish(sequential, "standard", range(max(stopped.values()), 10), status="interrupted")
    after = compare(read_study(sequential))
    assert arms(after) == arms(before)
    assert after.missing == ()
    assert any("went beyond the look" in note for note in before.notes)
    assert not any("went beyond the look" in note for note in after.notes)


@pytest.mark.parametrize(("arm", "seed"), [("standard", 0), ("clear", 5), ("same", 3)])
def test_a_look_waits_for_all_its_runs(sequential, arm, seed):
    unfinish(sequential, arm, [seed])
    comparison = compare(read_study(sequential))
    assert comparison.sequential.taken == 0
    assert {contrast.verdict for contrast in arms(comparison).values()} == {None}
    assert comparison.headline.startswith("No look has been taken yet at the 3 comparisons")
    following = follow_study(read_study(sequential))
    assert set(following.needed().values()) == {6}
    assert set(following.needed(ahead=1).values()) == {8}


def test_between_looks_only_live_comparisons_go_on(sequential):
    for arm in CELLS.values():
        unfinish(sequential, arm, range(6, 10))
    comparison = compare(read_study(sequential))
    assert comparison.sequential.taken == 1
    live = [arm for arm, found in arms(comparison).items() if found.state == "live"]
    assert "clear" not in live
    assert live
    assert f"{len(live)} not decided after look 1 of 3" in comparison.headline
    needed = follow_study(read_study(sequential)).needed()
    assert needed["Pong", "a2c", "clear"] == 6
    assert {needed["Pong", "a2c", arm] for arm in (*live, "standard")} == {8}
    assert {run.key.arm for run in comparison.missing} == {"standard", *live}


def test_given_up_runs_are_missing_and_the_look_is_taken(sequential):
    unfinish(sequential, "clear", [2], status="failed")
    comparison = compare(read_study(sequential))
    found = arms(comparison)["clear"]
    assert found.looks[0].seeds == (5, 6)
    assert found.looks[0].p_rounded >= found.looks[0].p_value
    steps = found.looks[0].p_rounded / (2 / 924)
    assert steps == pytest.approx(round(steps))
    assert [run.key.seed for run in comparison.missing] == [2]


def test_the_order_of_seeds_is_the_order_of_use(sequential):
    record = json.loads((sequential / "study.json").read_text())
    first = compare(read_study(sequential))
    record["runs"] = list(reversed(record["runs"]))
    (sequential / "study.json").write_text(json.dumps(record))
    second = compare(read_study(sequential))
    assert arms(first)["clear"].difference != arms(second)["clear"].difference


def test_an_arm_without_any_run_is_given_up_at_last(sequential):
    unfinish(sequential, "same", range(10), status="failed")
    comparison = compare(read_study(sequential))
    assert arms(comparison)["same"].verdict is None
    assert arms(comparison)["clear"].verdict == "better"
    assert comparison.sequential.live == 0


def test_another_baseline_and_other_folders_are_refused(sequential, tmp_path):
    with pytest.raises(CompareError, match="its declared baseline, standard"):
        compare(read_study(sequential), "same")
    copy = shutil.copytree(sequential, tmp_path / "copy")
    with pytest.raises(CompareError, match="compare its folder alone"):
        read_study(sequential, copy)


@pytest.mark.parametrize(
    ("sequential", "says"),
    [
        ({"looks": [6, 8]}, "has all 10 seeds"),
        ({"looks": [8, 6, 10]}, "rise"),
        ({"looks": [6.5, 10]}, "whole numbers"),
        ({"looks": [6, 10], "futility": 2}, "futility"),
        ({"looks": 3}, "must be a list"),
        (True, "must be an object"),
    ],
)
def test_a_declaration_that_cannot_be(study, sequential, says):
    folder = study(scores_of(), comparison={**LOOKS, "sequential": sequential})
    with pytest.raises(CompareError, match=says):
        read_study(folder)


def test_every_output_shows_the_looks(sequential, capsys):
    compare_runs(sequential)
    written = sequential / "comparison"
    printed = capsys.readouterr().out
    assert "at 6 seeds" in " ".join(printed.split())
    assert "p (1 look)" in printed
    markdown = (written / "comparison.md").read_text()
    assert "## Looks" in markdown
    assert "for the 3 looks that were declared and by Holm's method for 3 comparisons; " in markdown
    assert "stops: different" in markdown
    record = json.loads((written / "comparison.json").read_text())
    [clear] = [c for c in record["groups"][0]["contrasts"] if c["arm"] == "clear"]
    assert clear["looks"][0]["state"] == "different"
    assert clear["looks"][0]["planned"] == 6
    assert clear["p_value"] < clear["p_sequential"] < clear["p_holm"]
    assert record["sequential"]["looks"] == [6, 8, 10]
    with (written / "comparison.csv").open(newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["arm"] == "clear"]
    assert (row["state"], row["look_seeds"]) == ("different", "6")
    page = (written / "report.html").read_text()
    assert '<section id="looks">' in page
    assert "stops: different" in page
    assert "differences that stopped their comparison early are exaggerated" in page
    assert (written / "looks.png").stat().st_size > 5_000
    events = EventAccumulator(str(written / "tensorboard" / "clear")).Reload()
    [event] = events.Scalars("Pong/a2c/looks/p_holm")
    assert (event.step, event.value) == (6, pytest.approx(clear["p_holm"], rel=1e-5))


def test_a_narrow_terminal_cuts_off_no_verdict(study):
    scores = {key: [1000 + 40 * score for score in of_key] for key, of_key in scores_of().items()}
    console = Console(width=80, record=True, file=StringIO())
    compare_runs(study(scores, comparison=LOOKS), console=console)
    table = console.export_text()
    assert "\N{HORIZONTAL ELLIPSIS}" not in table


def test_a_study_without_looks_has_none_of_it(study):
    folder = study({key: values[:4] for key, values in scores_of().items()})
    compare_runs(folder)
    written = folder / "comparison"
    assert not (written / "looks.png").exists()
    assert "## Looks" not in (written / "comparison.md").read_text()
    assert '<section id="looks">' not in (written / "report.html").read_text()
