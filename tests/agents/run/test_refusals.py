"""What cannot be built is refused in one line, before anything is trained."""

from typing import Any

import pytest

from agents import arms, train
from agents.run.arm import Arm
from agents.run.config import resolve_device
from agents.run.hyperparams import load_hyperparams
from agents.training.model import check_arm
from common.command_line import run_command
from common.errors import UsageError
from envs import make_env

NATURE = "coordrl.CoordNatureCNN"


@pytest.mark.parametrize(
    "features_dim", [10**13, 10**18, 10**40, 0, -1, 1.5, float("inf"), "x", [], None]
)
def test_networks_that_cannot_be_built(features_dim: Any) -> None:
    kwargs = {"features_dim": features_dim}
    arm = Arm(name="mine", features_extractor_class=NATURE, features_extractor_kwargs=kwargs)
    with pytest.raises(UsageError, match=r"arm mine: .*\w") as found:
        arms.count_parameters(arm)
    assert "\n" not in str(found.value)
    env = make_env("NotSoClevr-v0")
    with pytest.raises(UsageError, match=r"arm mine: .*\w"):
        check_arm(arm, env)
    env.close()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_envs": 10**6}, "'n_envs' is 1000000"),
        ({"n_envs": 1000, "n_steps": 10**6}, "1,000,000,000 timesteps between two updates"),
        ({"n_steps": 10**12}, "timesteps between two updates"),
        ({"optimizer_class": "Adam", "optimizer_kwargs": {"betas": [0.9]}}, "optimizer_kwargs"),
        ({"optimizer_class": "Adam", "optimizer_kwargs": {"betas": 0.9}}, "optimizer_kwargs"),
        ({"optimizer_kwargs": {"eps": []}}, "optimizer_kwargs"),
        ({"optimizer_kwargs": {"alpha": "x"}}, "optimizer_kwargs"),
    ],
)
def test_hyperparams_that_cannot_be(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as found:
        load_hyperparams("a2c", changes)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("device", ["meta", "cuda:99", "cpu:x", "hpu", "xla", "gpu", ""])
def test_devices_that_are_not_there(device: str) -> None:
    with pytest.raises(UsageError, match="is not to be had here"):
        resolve_device(device)


@pytest.mark.parametrize("arm", [".:x", "a..b", "os.path", "x:y.z", "json.decoder.JSONDecoder"])
def test_arms_that_are_none(arm: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--algo", "a2c", "--env", "Pong", "--arm", arm, "-f", "/proc/nowhere"]
    assert run_command(train.main, argv) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert arm in line
