"""Conversion of SB3 policies, which are then really trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
from sb3_contrib import QRDQN, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from torch.nn.modules.conv import _ConvNd

from coordrl import coord_policy_kwargs, to_coordconv
from coordrl.coord_conv import CoordConvBase
from tests.coordrl.networks import CameraAndSpeed, image_env

ON_POLICY: dict[str, Any] = {"n_steps": 8}
PPO_LIKE: dict[str, Any] = {**ON_POLICY, "batch_size": 8, "n_epochs": 1}
OFF_POLICY: dict[str, Any] = {
    "buffer_size": 64,
    "learning_starts": 4,
    "train_freq": 4,
    "batch_size": 4,
}
DQN_LIKE: dict[str, Any] = {**OFF_POLICY, "target_update_interval": 4}

SEPARATE = {"share_features_extractor": False}
SHARED = {"share_features_extractor": True}
LSTM = {"lstm_hidden_size": 8}
CASES = [
    (A2C, ON_POLICY, {}, 1),
    (A2C, ON_POLICY, SEPARATE, 2),
    (PPO, PPO_LIKE, {}, 1),
    (RecurrentPPO, PPO_LIKE, LSTM, 1),
    (DQN, DQN_LIKE, {}, 2),
    (QRDQN, DQN_LIKE, {}, 2),
    (SAC, OFF_POLICY, {}, 3),
    (SAC, OFF_POLICY, SHARED, 2),
    (TD3, OFF_POLICY, {}, 4),
    (TD3, OFF_POLICY, SHARED, 2),
]


def make_model(
    algorithm: type[BaseAlgorithm], settings: dict[str, Any], policy_kwargs: dict[str, Any]
) -> BaseAlgorithm:
    small = {"net_arch": [8], "features_extractor_kwargs": {"features_dim": 8}}
    return algorithm(
        "CnnLstmPolicy" if algorithm is RecurrentPPO else "CnnPolicy",
        image_env(discrete=algorithm not in (SAC, TD3)),
        policy_kwargs={**small, **policy_kwargs},
        seed=0,
        **settings,
    )


def coord_layers(model: BaseAlgorithm) -> dict[str, CoordConvBase]:
    modules = model.policy.named_modules(remove_duplicate=False)
    return {name: part for name, part in modules if isinstance(part, CoordConvBase)}


@pytest.mark.parametrize(("algorithm", "settings", "policy_kwargs", "n_extractors"), CASES)
def test_a_converted_policy_trains_its_coordinate_weights_and_can_be_loaded(
    algorithm: type[BaseAlgorithm],
    settings: dict[str, Any],
    policy_kwargs: dict[str, Any],
    n_extractors: int,
    tmp_path: Path,
) -> None:
    model = make_model(algorithm, settings, policy_kwargs)
    result = to_coordconv(model.policy, coord_init="orthogonal")
    assert len(result.layers) == n_extractors
    layers = coord_layers(model)
    for name, layer in layers.items():
        if "_target." in name:
            followed = layers[name.replace("_target.", ".")]
            assert torch.equal(layer.coord_weight, followed.coord_weight)
    before = {name: layer.coord_weight.detach().clone() for name, layer in layers.items()}
    model.learn(16)
    for name, layer in layers.items():
        assert not torch.equal(layer.coord_weight, before[name]), name

    model.save(tmp_path / "model.zip")
    again = make_model(algorithm, settings, policy_kwargs)
    to_coordconv(again.policy)
    again.set_parameters(str(tmp_path / "model.zip"))
    for name, parameter in model.policy.state_dict().items():
        assert torch.equal(parameter, again.policy.state_dict()[name]), name
    again.learn(8)


@pytest.mark.parametrize("algorithm", [A2C, DQN])
def test_the_optimizer_is_the_one_of_a_policy_made_with_coordinates(
    algorithm: type[BaseAlgorithm],
) -> None:
    """So a converted policy's file can be loaded as one with CoordNatureCNN."""
    settings: dict[str, Any] = {"buffer_size": 10} if algorithm is DQN else {}
    converted = algorithm("CnnPolicy", image_env(), **settings)
    to_coordconv(converted.policy, "all")
    made = algorithm(
        "CnnPolicy", image_env(), policy_kwargs=coord_policy_kwargs(algorithm), **settings
    )

    def shapes(model: BaseAlgorithm) -> list[list[torch.Size]]:
        groups = model.policy.optimizer.param_groups
        return [[parameter.shape for parameter in group["params"]] for group in groups]

    assert shapes(converted) == shapes(made)
    assert converted.policy.state_dict().keys() == made.policy.state_dict().keys()


def test_all_extractors_of_an_actor_critic_see_the_swap() -> None:
    policy = make_model(PPO, {}, {}).policy
    result = to_coordconv(policy, "all")
    assert result.layers[0].names == (
        "features_extractor.cnn.0",
        "pi_features_extractor.cnn.0",
        "vf_features_extractor.cnn.0",
    )
    params = policy.optimizer.param_groups[0]["params"]
    assert [id(p) for p in params] == [id(p) for p in policy.parameters()]


@pytest.mark.parametrize(("algorithm", "online"), [(DQN, "q_net"), (SAC, "critic")])
def test_a_predicate_is_not_asked_about_target_networks_which_follow(
    algorithm: type[BaseAlgorithm], online: str
) -> None:
    policy = make_model(algorithm, OFF_POLICY, {}).policy
    asked: list[str] = []

    def where(name: str, conv: _ConvNd) -> bool:
        asked.append(name)
        return name == f"{online}.features_extractor.cnn.2"

    result = to_coordconv(policy, where)
    assert asked
    assert not any("target" in name for name in asked)
    assert [layer.names[0] for layer in result.layers] == [
        f"{net}.features_extractor.cnn.2" for net in (online, f"{online}_target")
    ]


@pytest.mark.parametrize("hooked", ["q_net", "q_net_target"])
def test_a_network_and_its_target_are_swapped_together_or_not_at_all(hooked: str) -> None:
    model = make_model(DQN, DQN_LIKE, {})
    conv = model.policy.get_submodule(f"{hooked}.features_extractor.cnn.0")
    conv.register_forward_hook(lambda *_: None)
    result = to_coordconv(model.policy, "all")
    assert {name.split(".")[0] for name in result.left} == {"q_net", "q_net_target"}
    assert len(result.layers) == 4
    model.learn(8)


def test_a_dict_policy() -> None:
    model = PPO("MultiInputPolicy", CameraAndSpeed(), **PPO_LIKE)
    result = to_coordconv(model.policy)
    before = result.layers[0].layer.coord_weight.detach().clone()
    model.learn(8)
    assert not torch.equal(result.layers[0].layer.coord_weight, before)


def test_an_example_for_a_policy() -> None:
    policy = make_model(DQN, DQN_LIKE, {}).policy
    result = to_coordconv(policy, "all", example=torch.zeros(1, 1, 40, 44))
    assert not result.left
    assert len(result.layers) == 6
