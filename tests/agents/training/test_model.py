"""The matching of arms, proved on real Pong."""

import random
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from agents.run.arm import Arm, load_arms
from agents.run.config import RunConfig
from agents.training.model import make_model, make_run_env, parameter_counts
from common.errors import UsageError
from coordrl import CoordConv2d
from tests.agents.runs import small_run

Weights = dict[str, torch.Tensor]


def run_of(algo: str, arm: str, extractor_kwargs: dict[str, Any] | None = None) -> RunConfig:
    if extractor_kwargs is None:
        return small_run(algo, arm, env="Pong")
    arm_config = Arm(
        name=arm,
        features_extractor_class="coordrl.CoordNatureCNN",
        features_extractor_kwargs=extractor_kwargs,
    )
    return small_run(algo, env="Pong").model_copy(update={"arm": arm_config})


class FirstActions(BaseCallback):
    """Keeps the actions of the first rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: np.ndarray | None = None

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        if self.actions is None:
            assert isinstance(self.model, OnPolicyAlgorithm)
            self.actions = self.model.rollout_buffer.actions.copy()


def train(
    config: RunConfig, updates: int, *, freeze_coords: bool = False
) -> tuple[Weights, np.ndarray]:
    torch.set_num_threads(1)
    with closing(make_run_env(config)) as env:
        model = make_model(config, env)
        for module in model.policy.modules():
            if freeze_coords and isinstance(module, CoordConv2d):
                module.coord_weight.requires_grad_(False)
        first = FirstActions()
        model.learn(updates * config.hyperparams.rollout, callback=first)
    assert first.actions is not None
    return {k: v.clone() for k, v in model.policy.state_dict().items()}, first.actions


def assert_shared_equal(standard: Weights, other: Weights) -> None:
    for name, parameter in standard.items():
        assert torch.equal(parameter, other[name]), name


@pytest.fixture(scope="module")
def standard() -> dict[str, tuple[Weights, np.ndarray]]:
    return {algo: train(run_of(algo, "standard"), updates=2) for algo in ("a2c", "ppo")}


def test_an_extractor_without_coordinates_trains_bit_for_bit_as_nature_cnn(
    algo: str, standard: dict[str, tuple[Weights, np.ndarray]]
) -> None:
    weights, _ = train(run_of(algo, "plain", {"coord_layers": []}), updates=2)
    assert weights.keys() == standard[algo][0].keys()
    assert_shared_equal(standard[algo][0], weights)


def test_zero_coordinate_weights_take_the_same_actions_in_the_first_rollout(
    algo: str, standard: dict[str, tuple[Weights, np.ndarray]]
) -> None:
    weights, actions = train(run_of(algo, "coord-zero"), updates=2)
    assert np.array_equal(standard[algo][1], actions)
    # They are trainable, so the networks part afterwards.
    assert weights["features_extractor.cnn.0.coord_weight"].abs().max() > 0


def test_frozen_zero_coordinate_weights_train_bit_for_bit_as_nature_cnn(
    algo: str, standard: dict[str, tuple[Weights, np.ndarray]]
) -> None:
    weights, _ = train(run_of(algo, "coord-zero"), updates=2, freeze_coords=True)
    assert_shared_equal(standard[algo][0], weights)


OF_OTHER_SIZE = {"keypoints"}
"""Arms with a dense layer of another size than their control's: it takes other random numbers."""


@pytest.mark.parametrize(
    ("control", "arm"),
    [
        (arm.control, name)
        for name, arm in load_arms().items()
        if arm.control and name not in OF_OTHER_SIZE
    ],
)
def test_arms_start_with_the_same_shared_parameters_and_random_states(
    algo: str, control: str, arm: str
) -> None:
    def start(arm: str) -> tuple[Weights, list[Any]]:
        with closing(make_run_env(config := run_of(algo, arm))) as env:
            model = make_model(config, env)
            # The optimizer's state is part of the start as well.
            groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer(model)]
        numpy_state = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002  (SB3 draws from it)
        states = [torch.get_rng_state().tolist(), numpy_state, random.getstate()]
        return model.policy.state_dict(), [*states, groups]

    def optimizer(model: OnPolicyAlgorithm) -> list[dict[str, Any]]:
        return model.policy.optimizer.param_groups

    control_weights, control_states = start(control)
    weights, states = start(arm)
    assert_shared_equal(control_weights, weights)
    assert states == control_states
    extra = set(weights) - set(control_weights)
    assert extra or arm == "impala-circular"
    assert all(name.endswith("coord_weight") for name in extra)


def test_every_arm_has_no_hidden_layers_between_extractor_and_heads() -> None:
    for arm in ("standard", "coord"):
        with closing(make_run_env(config := run_of("ppo", arm))) as env:
            model = make_model(config, env)
        assert model.policy.net_arch == []
        counts = parameter_counts(model)
        heads = 512 * 6 + 6 + 512 + 1
        assert counts["total"] == counts["extractor"] + heads
        assert counts["coordinates"] == (7296 if arm == "coord" else 0)


def test_the_extractors_of_actor_and_critic_are_both_counted() -> None:
    for arm, coordinates in (("separate", 0), ("coord-actor", 7296)):
        with closing(make_run_env(config := run_of("a2c", arm))) as env:
            counts = parameter_counts(make_model(config, env))
        assert counts["extractor"] == 2 * 1_684_128 + coordinates
        assert counts["coordinates"] == coordinates


@pytest.mark.parametrize("arm", ["coord-actor", "coord-pooled", "coord-impala"])
def test_coordinate_weights_of_every_kind_of_arm_are_trained(arm: str) -> None:
    with closing(make_run_env(config := run_of("a2c", arm))) as env:
        start = make_model(config, env).policy.state_dict()
    weights, _ = train(config, updates=2)
    for name, parameter in weights.items():
        if name.endswith("coord_weight"):
            assert not torch.equal(parameter, start[name]), name


def test_an_arm_whose_policy_is_none_says_so() -> None:
    arm = Arm(
        name="mine",
        features_extractor_class="coordrl.CoordNatureCNN",
        policy="coordrl.CoordDQNPolicy",
    )
    with pytest.raises(UsageError, match=r"arm mine: coordrl\.CoordDQNPolicy is not an SB3 Actor"):
        arm.policy_class()


def test_an_arm_whose_extractor_refuses_its_arguments_says_so_in_its_words() -> None:
    config = run_of("a2c", "mine", {"coord_layers": [5]})
    with (
        closing(make_run_env(config)) as env,
        pytest.raises(UsageError, match=r"arm mine: .*no convolution 5"),
    ):
        make_model(config, env)
