import json
from pathlib import Path

import pytest
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

from agents.run.arm import load_arms
from agents.run.config import RunConfig, make_run_config
from agents.run.hyperparams import ALGORITHMS, load_hyperparams
from common.errors import UsageError


def test_hyperparams_are_the_zoos() -> None:
    a2c, a2c_timesteps = load_hyperparams("a2c")
    ppo, ppo_timesteps = load_hyperparams("ppo")
    assert a2c_timesteps == ppo_timesteps == 10_000_000
    assert (a2c.n_envs, a2c.n_steps, ppo.n_envs, ppo.n_steps) == (16, 5, 8, 128)
    kwargs = ppo.algorithm_kwargs()
    assert kwargs["learning_rate"](1.0) == 2.5e-4
    assert kwargs["learning_rate"](0.0) == 0.0
    assert kwargs["clip_range"](0.5) == pytest.approx(0.05)
    assert a2c.algorithm_kwargs()["vf_coef"] == 0.25
    assert a2c.optimizer()["optimizer_class"] is RMSpropTFLike
    assert ppo.optimizer()["optimizer_kwargs"] == {"eps": 1e-5, "fused": True}


@pytest.mark.parametrize("algo", list(ALGORITHMS))
@pytest.mark.parametrize("n_timesteps", [1, 999, 1000, 123_457])
def test_timesteps_are_whole_rollouts_rounded_up(algo: str, n_timesteps: int) -> None:
    config = make_run_config(env="Pong", algo=algo, arm="coord", seed=0, n_timesteps=n_timesteps)
    rollout = config.hyperparams.rollout
    assert config.n_timesteps % rollout == 0
    assert 0 <= config.n_timesteps - n_timesteps < rollout


@pytest.mark.parametrize("name", ["Pong", "pong", "PongNoFrameskip-v4", "ALE/Pong-v5"])
def test_a_game_has_one_folder_and_hash_under_all_its_names(name: str) -> None:
    config = make_run_config(env=name, algo="a2c", arm="coord", seed=3)
    assert config.relative_folder == Path("Pong/a2c/coord/seed-3")
    assert config.hash == make_run_config(env="Pong", algo="a2c", arm="coord", seed=3).hash


def test_the_hash_tells_configurations_apart() -> None:
    configs = [
        make_run_config(env="Pong", algo="a2c", arm="coord", seed=0),
        make_run_config(env="Pong", algo="a2c", arm="coord", seed=1),
        make_run_config(env="Pong", algo="a2c", arm="coord", seed=0, hyperparams={"gamma": 0.98}),
        make_run_config(env="Pong", algo="a2c", arm="coord-zero", seed=0),
        make_run_config(env="Pong", algo="a2c", arm="coord", seed=0, protocol="sticky"),
    ]
    assert len({config.hash for config in configs}) == len(configs)


def test_a_minibatch_of_one_timestep_is_refused() -> None:
    with pytest.raises(UsageError, match="minibatch of one timestep"):
        load_hyperparams("ppo", {"n_envs": 1, "n_steps": 257})


def test_every_arm_can_be_imported_and_is_described() -> None:
    for arm in load_arms().values():
        assert arm.description
        arm.extractor_class()


@pytest.mark.parametrize("algo", ["a2c", "ppo"])
def test_runs_written_by_an_earlier_version_are_the_same_runs(algo: str) -> None:
    record = json.loads(Path(__file__).with_name("written_before.json").read_text())[algo]
    config = RunConfig.model_validate(record["config"])
    assert config.hash == record["config_hash"]
    assert config.model_dump(mode="json") == record["config"]
