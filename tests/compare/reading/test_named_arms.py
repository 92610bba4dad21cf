"""Arms by what the runs were made with."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.runs import UNSTATED
from coordrl.compare.reading.study import Request, read_study
from tests.compare.run_folders import write_run, write_study


@pytest.fixture
def two_algorithms(zoo_logs: Callable[[str], Path], tmp_path: Path) -> Path:
    """Return RL Zoo's log folder: ``logs/ppo/CartPole-v1_1`` and so on, and the same of A2C."""
    logs = tmp_path / "logs"
    for arm, algorithm in (("standard", "ppo"), ("coord", "a2c")):
        shutil.move(zoo_logs(arm) / "ppo", logs / algorithm)
        for path in (logs / algorithm).rglob("args.yml"):
            path.write_text(path.read_text().replace("- ppo", f"- {algorithm}"))
    return logs


def replace_in(logs: Path, name: str, old: str, new: str) -> None:
    for path in logs.rglob(name):
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def test_algorithms_of_rl_zoos_logs(two_algorithms: Path):
    study = read_study(two_algorithms, request=Request(arm="algorithm"))
    assert sorted({run.key[1:3] for run in study.runs}) == [(UNSTATED, "a2c"), (UNSTATED, "ppo")]
    assert "arms are named by the algorithm of the runs" in study.notes
    assert study.declared.arguments == ("logs", "--arm", "algorithm")
    (group,) = compare(study, "ppo").groups
    assert [contrast.arm for contrast in group.contrasts] == ["a2c"]


def test_algorithms_that_were_trained_for_different_lengths(two_algorithms: Path):
    replace_in(two_algorithms / "a2c", "config.yml", "1000.0", "512.0")
    study = read_study(two_algorithms, request=Request(arm="algorithm"))
    assert {run.n_timesteps for run in study.runs} == {512}
    assert any("compared over the first 512 timesteps" in note for note in study.notes)


def test_a_hyper_parameter_of_rl_zoos_config(two_algorithms: Path):
    replace_in(two_algorithms / "a2c", "args.yml", "- a2c", "- ppo")
    replace_in(two_algorithms / "a2c", "config.yml", "lin_0.2", "0.1")
    study = read_study(two_algorithms, request=Request(arm="clip_range"))
    assert {run.key[1:3] for run in study.runs} == {
        ("ppo", "clip_range=0.1"),
        ("ppo", "clip_range=lin_0.2"),
    }


def test_a_pattern_need_not_name_the_arm_then(logs: Path):
    request = Request(pattern="{algorithm}/seed-{seed}", arm="algorithm")
    study = read_study(logs, request=request)
    assert {run.key.arm for run in study.runs} == {"coord", "standard"}
    with pytest.raises(CompareError, match=r"must name \{arm\}"):
        read_study(logs, request=Request(pattern="{algorithm}/seed-{seed}"))


def test_what_nothing_says_is_missing(two_algorithms: Path):
    replace_in(two_algorithms / "a2c", "config.yml", "clip_range", "other")
    study = read_study(two_algorithms, request=Request(arm="clip_range"))
    assert {run.key.arm for run in study.runs} == {"clip_range=lin_0.2"}
    assert [missing.reason for missing in study.missing] == ["nothing says its clip_range"] * 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2]", "its clip_range is not a single value"),
        ("x" * 101, "its clip_range is too long to name an arm"),
    ],
)
def test_what_cannot_name_an_arm_is_missing(text: str, reason: str, two_algorithms: Path):
    replace_in(two_algorithms / "a2c", "config.yml", "lin_0.2", text)
    study = read_study(two_algorithms, request=Request(arm="clip_range"))
    assert [missing.reason for missing in study.missing] == [reason] * 2


def test_arms_of_a_study_stay_apart(tmp_path: Path):
    scores = {("Pong", algo, arm): [1.0, 2.0] for algo in ("a2c", "ppo") for arm in ("coord", "x")}
    write_study(tmp_path, scores)
    study = read_study(tmp_path, request=Request(arm="algorithm"))
    assert {run.key.arm for run in study.runs} == {"a2c coord", "a2c x", "ppo coord", "ppo x"}
    assert study.declared.baseline is None


def test_a_hyper_parameter_of_run_folders(tmp_path: Path):
    for seed, rate in enumerate((1e-4, 3e-4)):
        config = {"env": "Pong", "hyperparams": {"learning_rate": rate}}
        write_run(tmp_path, "Pong", "ppo", "coord", seed, 1.0, config=config)
    study = read_study(tmp_path, request=Request(arm="learning_rate"))
    assert [run.key.arm for run in study.runs] == ["learning_rate=0.0001", "learning_rate=0.0003"]
