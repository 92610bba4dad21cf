"""What a follow-up's controls have shown, by the rule in docs/findings.md."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from agents.study import command as study_command
from agents.study.findings import command
from agents.study.findings.follow_up import (
    CONTROLS,
    controls,
    read_follow_up,
    training,
    what_follows,
)
from agents.study.findings.records import Record, read_records
from common.command_line import run_command
from coordrl.compare.statistics.two_arms import Verdict
from tests.agents.study.findings.made_up import write_study_runs


@pytest.fixture(scope="module")
def followed_up(all_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the records of all runs, PPO's follow-up among them."""
    folder = tmp_path_factory.mktemp("followed") / "atari"
    shutil.copytree(all_runs, folder)
    arms = ["standard", "coord", *CONTROLS]
    games = ["Seaquest", "MsPacman"]
    write_study_runs("atari-ppo", folder / "ppo-follow-up", env=games, arms=arms)
    return folder


def test_controls_are_told_by_the_rule(followed_up: Path) -> None:
    a2c, ppo = read_records(followed_up)
    assert read_follow_up(a2c) is None
    found = read_follow_up(ppo)
    assert found is not None
    assert {(one.group.game, one.arm.arm): one.shared for one in controls(found)} == {
        ("Seaquest", "constant"): "not told from either",
        ("Seaquest", "fixed-code"): "short of the gain",
        ("Seaquest", "coord-zero"): "short of the gain",
        ("MsPacman", "constant"): "fault shared",
        ("MsPacman", "fixed-code"): "fault shared in part",
        ("MsPacman", "coord-zero"): "free of the fault",
    }


@pytest.mark.parametrize(
    ("fault", "standard", "coord", "shared"),
    [
        (True, "inconclusive", "equivalent", "fault shared"),
        (True, "worse", "inconclusive", "fault shared"),
        (True, "better", "better", "free of the fault"),
        (True, "inconclusive", "inconclusive", "not told from either"),
        (False, "inconclusive", "negligible", "gain reached"),
        (False, "better", "inconclusive", "not told from either"),
    ],
)
def test_what_two_verdicts_say(fault: bool, standard: Verdict, coord: Verdict, shared: str) -> None:
    assert what_follows(fault=fault, standard=standard, coord=coord) == shared


@pytest.mark.slow
def test_a_follow_up_is_on_both_pages(root: Path, followed_up: Path) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(followed_up, folder)
    assert command.main([], root) == 0
    told = "`constant`, `fixed-code` worse (PPO, MsPacman)"
    assert told in (root / "README.md").read_text()
    page = (root / "docs" / "findings.md").read_text()
    assert re.search(r"^\| PPO \| MsPacman \| coord-zero \|.* free of the fault \|$", page, re.M)
    assert (root / "docs" / "images" / "findings_follow_up.png").exists()
    assert (folder / "ppo-follow-up" / "comparison" / "report.html").exists()
    assert command.main(["--check"], root) == 0
    shutil.rmtree(folder / "ppo-follow-up" / "MsPacman" / "ppo" / "coord-zero" / "seed-103")
    assert command.main([], root) == 0
    assert "Controls" not in (root / "README.md").read_text()


def test_the_follow_up_is_a_command(
    all_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record: Record = read_records(all_runs)[0]
    words = shlex.split(training(record, ["MsPacman"]))
    assert words[:3] == ["python", "-m", "agents.study"]
    argv = [*words[3:-1], str(tmp_path), "--list"]
    assert run_command(study_command.main, argv) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5 * 8
    declared = json.loads((tmp_path / "study.json").read_text())
    assert declared["comparison"]["outcome"] == "sample_efficiency"
    assert declared["config"]["n_timesteps"] == 400_000
