"""What a study file says, read."""

import pytest

from agents.study.config import parse_study
from common.errors import UsageError


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
