"""The extractor in real SB3 training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sb3_contrib import QRDQN, TQC, MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.envs import FakeImageEnv
from stable_baselines3.common.torch_layers import NatureCNN

from coordrl import CoordNatureCNN, coord_policy_kwargs

ON_POLICY = {"n_steps": 8}
OFF_POLICY = {"buffer_size": 64, "learning_starts": 8, "train_freq": 4}


def image_env(discrete: bool = True) -> FakeImageEnv:
    return FakeImageEnv(screen_height=40, screen_width=44, n_channels=1, discrete=discrete)


@pytest.mark.parametrize("algorithm", [A2C, PPO, DQN, DDPG, TD3, SAC, TQC, QRDQN])
def test_net_arch_is_the_one_that_nature_cnn_gets(algorithm: type[BaseAlgorithm]) -> None:
    env = image_env(discrete=algorithm in (A2C, PPO, DQN, QRDQN))
    extra: dict[str, Any] = {} if algorithm in (A2C, PPO) else {"buffer_size": 10}
    plain = algorithm("CnnPolicy", env, **extra)
    coord = algorithm("CnnPolicy", env, policy_kwargs=coord_policy_kwargs(algorithm), **extra)
    assert coord.policy.net_arch == plain.policy.net_arch  # type: ignore[union-attr]


@pytest.mark.parametrize("algorithm", [MaskablePPO, RecurrentPPO])
def test_contrib_on_policy_net_arch(algorithm: type[BaseAlgorithm]) -> None:
    assert coord_policy_kwargs(algorithm)["net_arch"] == []


@pytest.mark.parametrize(
    ("algorithm", "kwargs"), [(A2C, ON_POLICY), (PPO, ON_POLICY), (DQN, OFF_POLICY)]
)
def test_trains_saves_and_loads(
    algorithm: type[BaseAlgorithm], kwargs: dict[str, Any], tmp_path: Path
) -> None:
    model = algorithm(
        "CnnPolicy", image_env(), policy_kwargs=coord_policy_kwargs(algorithm), seed=0, **kwargs
    )
    extractors = [m for m in model.policy.modules() if isinstance(m, CoordNatureCNN)]
    before = [m.cnn[0].coord_weight.detach().clone() for m in extractors]  # type: ignore[union-attr]
    model.learn(64)
    after = [m.cnn[0].coord_weight.detach().clone() for m in extractors]  # type: ignore[union-attr]
    assert any(not torch.equal(x, y) for x, y in zip(before, after, strict=True))

    model.save(tmp_path / "model.zip")
    loaded = algorithm.load(tmp_path / "model.zip", env=image_env())
    for name, parameter in model.policy.state_dict().items():
        assert torch.equal(parameter, loaded.policy.state_dict()[name]), name
    observation = np.random.default_rng(0).integers(0, 256, (1, 1, 40, 44), dtype=np.uint8)
    expected, _ = model.predict(observation, deterministic=True)
    got, _ = loaded.predict(observation, deterministic=True)
    assert np.array_equal(expected, got)
    loaded.learn(16)


def test_given_policy_arguments_take_precedence() -> None:
    kwargs = coord_policy_kwargs(
        PPO, {"net_arch": [32], "normalize_images": False}, features_dim=64, with_r=True
    )
    assert kwargs == {
        "features_extractor_class": CoordNatureCNN,
        "features_extractor_kwargs": {"features_dim": 64, "with_r": True},
        "net_arch": [32],
        "normalize_images": False,
    }


def test_a_users_subclass_follows_its_base() -> None:
    class MyTD3(TD3):
        pass

    assert coord_policy_kwargs(MyTD3)["net_arch"] == [256, 256]


def test_an_unknown_algorithm_asks_for_net_arch() -> None:
    class Mine(BaseAlgorithm):
        pass

    with pytest.raises(ValueError, match=r"Mine.*net_arch"):
        coord_policy_kwargs(Mine)
    assert coord_policy_kwargs(Mine, {"net_arch": []})["net_arch"] == []


@pytest.mark.parametrize(("algorithm", "n_updates"), [(A2C, 6), (PPO, 3)])
def test_without_coordinates_it_trains_as_nature_cnn_bit_for_bit(
    algorithm: type[BaseAlgorithm], n_updates: int
) -> None:
    def train(policy_kwargs: dict[str, Any]) -> dict[str, torch.Tensor]:
        env = image_env()
        env.observation_space.seed(0)
        model = algorithm("CnnPolicy", env, policy_kwargs=policy_kwargs, seed=0, n_steps=8)
        return model.learn(8 * n_updates).policy.state_dict()

    plain = train({"features_extractor_class": NatureCNN})
    ours = train(coord_policy_kwargs(algorithm, coord_layers=()))
    assert plain.keys() == ours.keys()
    for name, parameter in plain.items():
        assert torch.equal(parameter, ours[name]), name
