"""A study may declare that it is about the whole curve; then the score is secondary."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from coordrl.compare import CompareError, compare_runs
from coordrl.compare.statistics.permutation import permutation_p
from coordrl.compare.statistics.two_arms import welch
from tests.compare.run_folders import PONG, VERDICTS, episodes_of, write_run, write_study

BASE, BETTER = VERDICTS["Better"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Runs of one final score that differ in how early they rise."""
    scores = {("Pong", "ppo", "standard"): BASE, ("Pong", "ppo", "coord"): BASE}
    comparison = {"baseline": "standard", "outcome": "sample_efficiency"}
    folder = write_study(tmp_path, scores, comparison=comparison)
    for seed, score in enumerate(BASE):
        late = episodes_of(score).splitlines()
        early = [late[0]] + [
            ",".join([cells[0], cells[1], cells[2], repr(score + 5 * (k < 20)), cells[4]])
            for k, cells in enumerate(line.split(",") for line in late[1:])
        ]
        text = "\n".join(early) + "\n"
        write_run(folder, "Pong", "ppo", "coord", seed, score, episodes=text)
    return folder


def test_tests_and_margin_are_of_the_curves_mean(study: Path) -> None:
    comparison = compare_runs(study)
    [group] = comparison.groups
    standard, coord = group.arms
    [found] = group.contrasts
    mine, theirs = ([seed.sample_efficiency for seed in arm.seeds] for arm in (coord, standard))
    assert coord.outcomes == mine
    assert found.difference == pytest.approx(np.mean(mine) - np.mean(theirs))
    assert found.p_value == permutation_p(mine, theirs)
    expected = welch(mine, theirs)
    assert expected is not None
    assert found.interval == expected.interval()
    assert found.margin == pytest.approx(0.1 * (np.mean(theirs) - PONG["random"]))
    assert found.verdict == "better"


def test_the_score_is_secondary(study: Path) -> None:
    [found] = compare_runs(study).groups[0].contrasts
    assert found.secondary is not None
    assert found.secondary.difference == pytest.approx(0, abs=0.5)
    assert found.secondary.p_value is not None
    assert found.secondary.p_value > 0.5
    assert found.secondary.verdict is None


def test_every_output_says_what_is_compared(study: Path) -> None:
    comparison = compare_runs(study)
    assert "over its whole run averaged" in comparison.headline
    output = study / "comparison"
    assert "mean of the curve" in (output / "comparison.md").read_text()
    assert "Mean of<br>the curve" in (output / "report.html").read_text()
    with (output / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1]["outcome"] == "sample_efficiency"
    assert abs(float(rows[1]["score_difference"])) < 0.5 < float(rows[1]["difference"])
    record = json.loads((output / "comparison.json").read_text())
    assert record["plan"]["outcome"] == "sample_efficiency"


def test_an_unknown_outcome_is_refused(study: Path) -> None:
    record = json.loads((study / "study.json").read_text())
    record["comparison"]["outcome"] = "luck"
    (study / "study.json").write_text(json.dumps(record))
    with pytest.raises(CompareError, match='"outcome" must be "score" or "sample_efficiency"'):
        compare_runs(study)
