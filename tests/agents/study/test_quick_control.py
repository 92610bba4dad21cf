"""The laboratory's positive control does what it is for."""

from pathlib import Path

import pytest

from agents.run.folder import RunFolder
from agents.study import command as study
from agents.study.config import parse_study, read_study_file
from common.command_line import run_command


def test_the_control_trains_on_other_places_than_it_evaluates_on() -> None:
    configs = parse_study(read_study_file(Path("quick-control")), "quick-control").runs()
    assert len(configs) == 4 * 5
    for config in configs:
        assert config.env_kwargs["part"] == "train"
        assert config.eval_env_kwargs == {"part": "test"}
        assert config.hyperparams.frame_stack == 1


@pytest.mark.slow
def test_coordinates_decide_over_chance_and_near_perfect_play(tmp_path: Path) -> None:
    arms = ["pooled", "coord-pooled"]
    argv = ["quick-control", "--arms", *arms, "--seeds", "1", "-f", str(tmp_path)]
    assert run_command(study.main, argv) == 0
    scores = {
        arm: RunFolder(tmp_path / f"NotSoClevr-v0/ppo/{arm}/seed-0").record["score"]["mean"]
        for arm in arms
    }
    assert 0.15 < scores["pooled"] < 0.35
    assert scores["coord-pooled"] > 0.9
