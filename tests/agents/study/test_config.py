"""What a study file says, read."""

from pathlib import Path

import pytest

from agents.study import command
from agents.study.config import parse_study
from common.errors import UsageError
from tests.agents.runs import refused, write_study


def test_a_suite_stands_for_its_games() -> None:
    study = parse_study({"env": ["Pong", "suite:fast-a2c"], "algo": ["a2c"]}, "study")
    assert study.env == ["Pong", "MsPacman", "Seaquest"]
    assert len(study.runs()) == 3 * 2 * 5
    assert study.hash == parse_study({"env": study.env, "algo": ["a2c"]}, "study").hash


@pytest.mark.parametrize(
    ("env", "says"),
    [
        (["suite:fast-a2"], "unknown suite 'fast-a2': did you mean fast-a2c"),
        (["suite:"], "unknown suite '': did you mean atari-57"),
        (["Seaquest", "suite:fast-a2c"], "env names Seaquest twice"),
    ],
)
def test_a_wrong_suite_is_refused(env: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_study({"env": env}, "study")


def test_a_gpu_of_another_machine_is_not_looked_for_here() -> None:
    study = parse_study({"env": ["Pong"], "algo": ["a2c"], "device": "cuda"}, "study")
    assert {run.device for run in study.runs(elsewhere=True)} == {"cuda"}
    with pytest.raises(UsageError, match="device 'cuda:99'"):
        study.model_copy(update={"device": "cuda:99"}).runs(elsewhere=True)


EVALUATED = {"env": ["Pong"], "algo": ["a2c"], "comparison": {"source": "evaluations"}}


def test_a_study_of_evaluations_needs_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says = "comparison: the source evaluations needs some, give an eval_freq"
    for more in ({}, {"eval_freq": 0}):
        with pytest.raises(UsageError, match=says):
            parse_study({**EVALUATED, **more}, "study").runs()
    file = write_study(tmp_path / "study.yaml", **EVALUATED, eval_freq=100)
    argv = [file, "-f", str(tmp_path / "runs"), "--eval-freq", "0", "--list"]
    assert says in refused(command.main, argv, capsys)
    with pytest.raises(UsageError, match="Input should be 'runs' or 'evaluations'"):
        parse_study({**EVALUATED, "comparison": {"source": "luck"}}, "study")


@pytest.mark.parametrize(
    ("n_timesteps", "eval_freq", "window", "enough"),
    [
        (8_000, 2_000, 0.1, True),
        (8_000, 3_000, 0.1, False),
        (8_000, 3_000, 0.3, True),
        (8_000, 7_250, 0.1, True),
        (8_000, 9_000, 1.0, False),
        (8_000, 1, 0.001, True),
    ],
)
def test_they_have_to_come_where_scores_are_taken(
    n_timesteps: int, eval_freq: int, window: float, enough: bool
) -> None:
    comparison = {"source": "evaluations", "window": window}
    values = {"n_timesteps": n_timesteps, "eval_freq": eval_freq, "comparison": comparison}
    study = parse_study({**EVALUATED, **values}, "study")
    if enough:
        assert study.runs()
    else:
        with pytest.raises(UsageError, match=f"no evaluation falls into the last {100 * window:g}"):
            study.runs()


def test_what_is_compared_is_part_of_the_studys_hash() -> None:
    hashes = [
        parse_study({**EVALUATED, "eval_freq": 100, "comparison": comparison}, "study").hash
        for comparison in ({}, {"source": "runs"}, {"source": "evaluations"})
    ]
    assert hashes[0] == hashes[1] != hashes[2]
