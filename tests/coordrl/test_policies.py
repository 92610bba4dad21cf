"""The extractors and policies in real SB3 training."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import QRDQN, TQC, MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN

from coordrl import (
    CoordActorCriticPolicy,
    CoordActorPolicy,
    CoordCombinedExtractor,
    CoordDQNPolicy,
    CoordImpalaCNN,
    CoordNatureCNN,
    HadamaxCNN,
    KeypointCNN,
    coord_policy_kwargs,
)
from coordrl.contrib import (
    CoordMaskableActorCriticPolicy,
    CoordMaskableActorPolicy,
    CoordQRDQNPolicy,
    CoordRecurrentActorCriticPolicy,
    CoordRecurrentActorPolicy,
)
from coordrl.inspect import coord_layers
from tests.coordrl.networks import CameraAndSpeed, FloatImages, MaskedImages, image_env

PPO_LIKE = {"n_steps": 8, "batch_size": 8, "n_epochs": 1}
DQN_LIKE = {"buffer_size": 64, "learning_starts": 4, "train_freq": 4, "batch_size": 4}
SETTINGS: dict[type[BaseAlgorithm], dict[str, Any]] = {
    A2C: {"n_steps": 8},
    PPO: PPO_LIKE,
    MaskablePPO: PPO_LIKE,
    RecurrentPPO: PPO_LIKE,
    DQN: DQN_LIKE,
    QRDQN: DQN_LIKE,
}
ALGORITHMS = list(SETTINGS)
SEPARATE: dict[str, Any] = {"share_features_extractor": False}


def env_of(algorithm: type[BaseAlgorithm]) -> gym.Env[Any, Any]:
    return MaskedImages() if algorithm is MaskablePPO else image_env()


def make_model(
    algorithm: type[BaseAlgorithm],
    policy: str | type[BasePolicy] = "CnnPolicy",
    env: gym.Env[Any, Any] | None = None,
    **policy_kwargs: Any,
) -> BaseAlgorithm:
    if algorithm is RecurrentPPO:
        policy = "CnnLstmPolicy" if policy == "CnnPolicy" else policy
        policy_kwargs["lstm_hidden_size"] = 8
    return algorithm(
        policy,
        env or env_of(algorithm),
        policy_kwargs=policy_kwargs,
        seed=0,
        **SETTINGS[algorithm],
    )


def coord_weights(model: BaseAlgorithm) -> dict[str, torch.Tensor]:
    return {
        name: parameter.detach().clone()
        for name, parameter in model.policy.named_parameters()
        if name.endswith("coord_weight")
    }


def check_trains_saves_loads_and_continues(model: BaseAlgorithm, folder: Path) -> None:
    before = coord_weights(model)
    model.learn(16)
    after = coord_weights(model)
    assert before
    for name, weight in before.items():
        if "_target" not in name:
            assert not torch.equal(weight, after[name]), name

    model.save(folder / "model.zip")
    env = model.get_env()
    loaded = type(model).load(folder / "model.zip", env=env)
    for name, parameter in model.policy.state_dict().items():
        assert torch.equal(parameter, loaded.policy.state_dict()[name]), name
    assert env is not None
    observation = env.reset()
    expected, _ = model.predict(observation, deterministic=True)  # type: ignore[arg-type]  # no tuples
    got, _ = loaded.predict(observation, deterministic=True)  # type: ignore[arg-type]  # no tuples
    assert np.array_equal(expected, got)
    loaded.learn(8, reset_num_timesteps=False)
    assert loaded.num_timesteps == 24
    assert any(
        not torch.equal(weight, after[name]) for name, weight in coord_weights(loaded).items()
    )


@pytest.mark.parametrize("algorithm", [A2C, PPO, DQN, DDPG, TD3, SAC, TQC, QRDQN])
def test_net_arch_is_the_one_that_nature_cnn_gets(algorithm: type[BaseAlgorithm]) -> None:
    env = image_env(discrete=algorithm in (A2C, PPO, DQN, QRDQN))
    extra: dict[str, Any] = {} if algorithm in (A2C, PPO) else {"buffer_size": 10}
    plain = algorithm("CnnPolicy", env, **extra)
    coord = algorithm("CnnPolicy", env, policy_kwargs=coord_policy_kwargs(algorithm), **extra)
    assert coord.policy.net_arch == plain.policy.net_arch


@pytest.mark.parametrize("algorithm", [MaskablePPO, RecurrentPPO])
def test_contrib_on_policy_net_arch(algorithm: type[BaseAlgorithm]) -> None:
    assert coord_policy_kwargs(algorithm)["net_arch"] == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("extractor", "kwargs"),
    [
        (CoordNatureCNN, {"with_r": True}),
        (CoordNatureCNN, {"pool": "avg"}),
        (CoordImpalaCNN, {"depths": (4, 4, 4), "pool": "max"}),
    ],
)
def test_every_extractor_with_every_algorithm(
    algorithm: type[BaseAlgorithm],
    extractor: type[BaseFeaturesExtractor],
    kwargs: dict[str, Any],
    tmp_path: Path,
) -> None:
    policy_kwargs = coord_policy_kwargs(
        algorithm, features_extractor_class=extractor, features_dim=16, **kwargs
    )
    model = make_model(algorithm, **policy_kwargs)
    assert model.policy.net_arch == []
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize("algorithm", [A2C, PPO, DQN])
@pytest.mark.parametrize(
    ("extractor", "kwargs"),
    [
        (CoordNatureCNN, {"code": "fourier_2"}),
        (CoordNatureCNN, {"code": "learned"}),
        (CoordImpalaCNN, {"depths": (4, 4), "pool": "avg", "padding_mode": "circular"}),
        (KeypointCNN, {"coord_layers": (2,), "temperature": 0.5}),
        (HadamaxCNN, {"coord_layers": "all"}),
    ],
)
def test_every_other_way_to_tell_positions(
    algorithm: type[BaseAlgorithm],
    extractor: type[BaseFeaturesExtractor],
    kwargs: dict[str, Any],
    tmp_path: Path,
) -> None:
    policy_kwargs = coord_policy_kwargs(
        algorithm, features_extractor_class=extractor, features_dim=16, **kwargs
    )
    model = make_model(algorithm, **policy_kwargs)
    assert model.policy.net_arch == []
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize("algorithm", [A2C, PPO, RecurrentPPO, MaskablePPO])
def test_separate_extractors(algorithm: type[BaseAlgorithm], tmp_path: Path) -> None:
    model = make_model(algorithm, **coord_policy_kwargs(algorithm, SEPARATE, features_dim=16))
    assert len(coord_weights(model)) == 6
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize(
    ("algorithm", "policy", "n_coord_layers"),
    [
        (A2C, CoordActorCriticPolicy, 3),
        (PPO, CoordActorCriticPolicy, 3),
        (A2C, CoordActorPolicy, 3),
        (PPO, CoordActorPolicy, 3),
        (DQN, CoordDQNPolicy, 6),
        (QRDQN, CoordQRDQNPolicy, 6),
        (RecurrentPPO, CoordRecurrentActorCriticPolicy, 3),
        (RecurrentPPO, CoordRecurrentActorPolicy, 3),
        (MaskablePPO, CoordMaskableActorCriticPolicy, 3),
        (MaskablePPO, CoordMaskableActorPolicy, 3),
    ],
)
def test_ready_policies(
    algorithm: type[BaseAlgorithm],
    policy: type[BasePolicy],
    n_coord_layers: int,
    tmp_path: Path,
) -> None:
    model = make_model(algorithm, policy, features_extractor_kwargs={"features_dim": 16})
    assert model.policy.net_arch == []
    assert len(coord_weights(model)) == n_coord_layers
    assert not any("vf_features_extractor" in name for name in coord_weights(model))
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize("algorithm", [A2C, DQN])
@pytest.mark.parametrize(
    ("extractor", "kwargs"),
    [
        (CoordNatureCNN, {}),
        (CoordImpalaCNN, {"depths": (4, 4, 4)}),
        (HadamaxCNN, {"coord_layers": (0,)}),
        (KeypointCNN, {"coord_layers": (0,)}),
    ],
)
def test_images_that_are_normalised_already(
    algorithm: type[BaseAlgorithm],
    extractor: type[BaseFeaturesExtractor],
    kwargs: dict[str, Any],
    tmp_path: Path,
) -> None:
    policy_kwargs = coord_policy_kwargs(
        algorithm, {"normalize_images": False}, features_extractor_class=extractor, **kwargs
    )
    model = make_model(algorithm, env=FloatImages(), **policy_kwargs)
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize("channel_first", [True, False])
def test_the_extractor_sees_channels_first_whatever_the_environment_gives(
    channel_first: bool, tmp_path: Path
) -> None:
    env = image_env(channel_first=channel_first)
    model = make_model(A2C, CoordActorCriticPolicy, env)
    assert model.policy.observation_space.shape == (1, 40, 44)
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize("algorithm", [A2C, DQN])
def test_dict_observations(algorithm: type[BaseAlgorithm], tmp_path: Path) -> None:
    policy_kwargs = coord_policy_kwargs(
        algorithm, features_extractor_class=CoordCombinedExtractor, cnn_output_dim=16
    )
    model = make_model(algorithm, "MultiInputPolicy", CameraAndSpeed(), **policy_kwargs)
    plain = make_model(algorithm, "MultiInputPolicy", CameraAndSpeed())
    assert model.policy.net_arch == plain.policy.net_arch
    check_trains_saves_loads_and_continues(model, tmp_path)


@pytest.mark.parametrize(
    ("algorithm", "policy"),
    [
        (A2C, CoordActorPolicy),
        (PPO, CoordActorPolicy),
        (RecurrentPPO, CoordRecurrentActorPolicy),
        (MaskablePPO, CoordMaskableActorPolicy),
    ],
)
def test_coordinates_for_the_actor_only_start_as_the_control_with_separate_extractors(
    algorithm: type[BaseAlgorithm], policy: type[BasePolicy]
) -> None:
    control = make_model(algorithm, **SEPARATE)
    after_control = torch.rand(5)
    coord = make_model(algorithm, policy)
    after_coord = torch.rand(5)
    plain, ours = control.policy.state_dict(), coord.policy.state_dict()
    assert {name.split(".", 1)[0] for name in set(ours) - set(plain)} == {
        "features_extractor",
        "pi_features_extractor",
    }
    assert all(name.endswith("coord_weight") for name in set(ours) - set(plain))
    for name, parameter in plain.items():
        assert torch.equal(parameter, ours[name]), name
    assert torch.equal(after_control, after_coord)


def test_an_actor_without_coordinates_trains_as_the_control_bit_for_bit() -> None:
    def train(policy: str | type[BasePolicy], **policy_kwargs: Any) -> dict[str, torch.Tensor]:
        env = image_env()
        env.observation_space.seed(0)
        return make_model(A2C, policy, env, **policy_kwargs).learn(32).policy.state_dict()

    plain = train("CnnPolicy", **SEPARATE)
    ours = train(CoordActorPolicy, features_extractor_kwargs={"coord_layers": ()})
    assert plain.keys() == ours.keys()
    for name, parameter in plain.items():
        assert torch.equal(parameter, ours[name]), name


def test_an_actor_and_a_critic_that_share_cannot_differ() -> None:
    with pytest.raises(ValueError, match=r"CoordActorPolicy .* cannot share"):
        make_model(A2C, CoordActorPolicy, share_features_extractor=True)


def test_a_ready_policy_is_the_one_of_coord_policy_kwargs() -> None:
    ready = make_model(PPO, CoordActorCriticPolicy).policy.state_dict()
    by_hand = make_model(PPO, **coord_policy_kwargs(PPO)).policy.state_dict()
    assert ready.keys() == by_hand.keys()
    for name, parameter in ready.items():
        assert torch.equal(parameter, by_hand[name]), name


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


@pytest.mark.parametrize("code", ["constant", "random_3"])
def test_a_saved_model_remembers_what_it_has_in_place_of_coordinates(
    code: str, tmp_path: Path
) -> None:
    policy_kwargs = coord_policy_kwargs(A2C, code=code)
    model = A2C("CnnPolicy", image_env(), policy_kwargs=policy_kwargs, n_steps=8)
    model.learn(8)
    model.save(tmp_path / "model.zip")
    loaded = A2C.load(tmp_path / "model.zip")
    images = torch.rand(4, 1, 40, 44)
    expected = model.policy.extract_features(images)
    assert torch.equal(loaded.policy.extract_features(images), expected)
    assert {layer.code for layer in coord_layers(loaded.policy).values()} == {code}
