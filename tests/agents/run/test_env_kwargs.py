"""Settings of environments, from a command line or a study file to the environment."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from agents import train
from agents.run.config import make_run_config
from agents.run.folder import RunFolder
from agents.study import command as study
from agents.training.model import make_run_env
from common.command_line import run_command
from common.errors import UsageError
from common.files import read_json

CONTROL = {"env": "NotSoClevr-v0", "algo": "a2c", "arm": "pooled", "seed": 0}
TRAIN = ["--algo", "a2c", "--env", "NotSoClevr-v0", "--arm", "pooled", "-n", "32"]
SMALL = ["--hyperparams", "n_envs:2", "n_steps:8"]


def test_settings_reach_an_atari_game() -> None:
    kwargs = {"full_action_space": True, "screen_size": 48, "terminal_on_life_loss": False}
    config = make_run_config(env="Breakout", algo="a2c", arm="coord", seed=0, env_kwargs=kwargs)
    with closing(make_run_env(config, n_envs=1)) as env:
        assert env.action_space.n == 18
        assert env.observation_space.shape == (4, 48, 48)
        assert not env.get_attr("protocol")[0].terminal_on_life_loss


def test_settings_of_evaluations_replace_single_settings_of_the_run() -> None:
    config = make_run_config(
        **CONTROL, env_kwargs={"part": "train", "held_out": 0.5}, eval_env_kwargs={"part": "test"}
    )
    train_rules = make_run_env(config).get_attr("rules")[0]
    test_rules = make_run_env(config, env_kwargs=config.eval_env_kwargs).get_attr("rules")[0]
    assert (train_rules.part, test_rules.part) == ("train", "test")
    assert train_rules.held_out == test_rules.held_out == 0.5


def test_settings_are_part_of_the_configuration() -> None:
    configs = [
        make_run_config(**CONTROL, **settings)
        for settings in (
            {},
            {"env_kwargs": {"part": "train"}},
            {"env_kwargs": {"part": "test"}},
            {"env_kwargs": {"part": "train"}, "eval_env_kwargs": {"part": "test"}},
        )
    ]
    assert len({config.hash for config in configs}) == len(configs)


def test_not_so_clevr_gets_single_frames_unless_others_are_asked_for() -> None:
    assert make_run_config(**CONTROL).hyperparams.frame_stack == 1
    with pytest.raises(UsageError, match="frame_stack must be 1 in NotSoClevr-v0, got 4"):
        make_run_config(**CONTROL, hyperparams={"frame_stack": 4})


def test_a_run_trains_and_is_evaluated_under_its_settings(tmp_path: Path) -> None:
    flags = ["--env-kwargs", "part:train", "reward:distance", "--eval-env-kwargs", "part:test"]
    evaluation = ["--eval-freq", "16", "--eval-episodes", "3"]
    argv = [*TRAIN, *SMALL, *flags, *evaluation, "-f", str(tmp_path)]
    assert run_command(train.main, argv) == 0
    folder = RunFolder(tmp_path / "NotSoClevr-v0/a2c/pooled/seed-0")
    assert folder.config.env_kwargs == {"part": "train", "reward": "distance"}
    assert folder.config.eval_env_kwargs == {"part": "test"}
    assert folder.record["status"] == "finished"
    assert folder.record["score"]["games"] > 0
    [(name, random)] = folder.record["reference_scores"].items()
    assert name == "random"
    assert random == pytest.approx(0.486, abs=0.001)  # nine cells, paid by distance
    assert folder.record["eval_reference_scores"].keys() == {"random"}
    assert np.load(folder.path / "evaluations.npz")["results"].shape == (2, 3)


def test_evaluations_of_other_pictures_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--eval-env-kwargs", "canvas_size:152", "--eval-freq", "16"]
    assert run_command(train.main, [*TRAIN, *SMALL, *flags, "-f", str(tmp_path)]) == 2
    [line] = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error")]
    assert line.startswith("error: eval_env_kwargs give evaluations another observation_space")


@pytest.mark.parametrize(
    ("env", "settings", "says"),
    [
        ("NotSoClevr-v0", {"gird": 3}, "unknown Not-so-Clevr setting 'gird': did you mean grid"),
        ("NotSoClevr-v0", {"part": "tset"}, "part must be all or train or test"),
        ("NotSoClevr-v0", {"canvas_size": 84}, "use canvas_size 104"),
        ("NotSoClevr-v0", {"frame_stack": 1}, "frame_stack is no env_kwarg"),
        ("Pong", {"n_envs": 3}, "n_envs is no env_kwarg"),
        ("Pong", {"screen": 42}, "unknown Atari setting 'screen'"),
        ("Pong", {"screen_size": 0}, "screen_size must be at least 1, got 0"),
        ("Pong", {"screen_size": 10**6}, "screen_size must be at most 1024, got 1000000"),
        ("Pong", {"max_frames": 10**12}, "max_frames must be at most 2147483647"),
        ("Pong", {"screen_size": "big"}, "screen_size must be a whole number, got 'big'"),
        ("Pong", {"full_action_space": "yes"}, "full_action_space must be true or false"),
        ("Pong", {"repeat_action_probability": float("nan")}, "must be at least 0 and below 1"),
    ],
)
@pytest.mark.parametrize("which", ["env_kwargs", "eval_env_kwargs"])
def test_wrong_settings_are_refused_before_anything_is_written(
    env: str,
    settings: dict[str, Any],
    says: str,
    which: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({"env": [env], "algo": ["a2c"], which: settings}))
    assert run_command(study.main, [str(file), "-f", str(tmp_path / "runs")]) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert captured.count("\n") == 1
    assert says in captured
    assert not (tmp_path / "runs").exists()


def test_flags_replace_single_settings_of_a_study_file(tmp_path: Path) -> None:
    values = {
        "env": ["NotSoClevr-v0"],
        "algo": ["a2c"],
        "arms": ["pooled"],
        "seeds": 1,
        "env_kwargs": {"part": "train", "held_out": 0.5},
    }
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({**values, "comparison": {"baseline": "pooled"}}))
    flags = ["--env-kwargs", "held_out:0.25", "--list", "-f", str(tmp_path / "runs")]
    assert run_command(study.main, [str(file), *flags]) == 0
    recorded = read_json(tmp_path / "runs" / "study.json")["config"]["env_kwargs"]
    assert recorded == {"part": "train", "held_out": 0.25}
