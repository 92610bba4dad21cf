"""Accelerated training against Stable-Baselines3's own, on real games."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecEnvWrapper
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from agents.run.config import RunConfig
from agents.run.hyperparams import ALGORITHMS
from agents.training.model import make_model, make_run_env, policy_kwargs
from tests.agents.runs import small_run

pytestmark = pytest.mark.filterwarnings("error:A2C's update")

LOSSES = {
    "a2c": ("policy_loss", "value_loss", "entropy_loss"),
    "ppo": ("policy_gradient_loss", "value_loss", "entropy_loss", "loss"),
}


class Contiguous(VecEnvWrapper):
    """Hands out images in the memory format of any other environment."""

    def reset(self) -> Any:
        return np.ascontiguousarray(self.venv.reset())

    def step_wait(self) -> Any:
        observations, *others = self.venv.step_wait()
        return np.ascontiguousarray(observations), *others


class Losses(BaseCallback):
    """Keeps what every update logs."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.rows: list[list[float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        values = self.model.logger.name_to_value
        if "train/value_loss" in values:
            self.rows.append([float(values[f"train/{name}"]) for name in self.names])


class Whole(BaseFeaturesExtractor):
    """A NatureCNN whose convolutions cannot be told from the rest, and a layer for tokens."""

    def __init__(self, observation_space: Any) -> None:
        super().__init__(observation_space, features_dim=512)
        self.network = NatureCNN(observation_space)
        self.mixer = nn.Linear(8, 8)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        tokens = self.network(observations).view(-1, 64, 8)
        features: torch.Tensor = self.mixer(tokens).flatten(1)
        return features


def ordinary_model(config: RunConfig, env: Any) -> OnPolicyAlgorithm:
    """Make the run's model as a user of SB3 would."""
    arguments = policy_kwargs(config)
    if config.algo == "a2c":
        arguments["optimizer_class"] = RMSpropTFLike
    algorithm, _ = ALGORITHMS[config.algo]
    model = algorithm(
        config.arm.policy_class(),
        env,
        policy_kwargs=arguments,
        seed=config.seed,
        device="cpu",
        **config.hyperparams.algorithm_kwargs(),
    )
    set_random_seed(config.seed)
    return model


def losses(
    config: RunConfig,
    updates: int,
    *,
    accelerated: bool,
    others: Sequence[BaseCallback] = (),
    contiguous: bool = False,
) -> np.ndarray:
    torch.set_num_threads(1)
    with closing(make_run_env(config)) as env:
        played = env if accelerated and not contiguous else Contiguous(env)
        model = make_model(config, played) if accelerated else ordinary_model(config, played)
        assert (type(model.rollout_buffer) is RolloutBuffer) is not accelerated
        kept = Losses(LOSSES[config.algo])
        model.learn(
            (updates + 1) * config.hyperparams.rollout, callback=[kept, *others], log_interval=100
        )
    assert len(kept.rows) == updates
    return np.array(kept.rows)


@pytest.mark.parametrize(
    ("arm", "updates"),
    [
        *(("standard", 4), ("coord", 4), ("fourier-pooled", 4)),
        *(
            pytest.param(arm, updates, marks=pytest.mark.slow)
            for updates, arms in {
                4: ("coord-actor", "learned", "keypoints"),
                1: ("coord-impala", "impala-circular", "hadamax"),  # these are steep
            }.items()
            for arm in arms
        ),
    ],
)
def test_the_first_updates_have_the_losses_of_an_ordinary_run(
    algo: str, arm: str, updates: int
) -> None:
    config = small_run(algo, arm)
    ours = losses(config, updates, accelerated=True)
    theirs = losses(config, updates, accelerated=False)
    assert_losses_agree(ours, theirs)


def computed_again() -> AbstractContextManager[Any]:
    return pytest.warns(UserWarning, match="A2C's update did not get .* it computes everything")


@contextmanager
def before_an_update(arm: str) -> Iterator[OnPolicyAlgorithm]:
    """Train A2C for a rollout and let it collect the next one."""
    config = small_run("a2c", arm)
    with closing(make_run_env(config)) as env:
        model = make_model(config, env)
        model.learn(config.hyperparams.rollout)
        callback = NoCallback()
        callback.init_callback(model)
        assert model.collect_rollouts(env, callback, model.rollout_buffer, model.n_steps)
        yield model


def operations(compute: Callable[[], None]) -> set[Any]:
    with FlopCounterMode(display=False) as counter:
        compute()
    return set(counter.get_flop_counts()["Global"])


@pytest.mark.parametrize(
    "arm",
    ["standard", "coord", "coord-actor", "coord-impala", "learned", "keypoints", "hadamax"],
)
def test_an_update_of_a2c_computes_no_convolution_again(arm: str) -> None:
    with before_an_update(arm) as model:
        counted = operations(model.train)
    assert torch.ops.aten.convolution_backward in counted
    assert torch.ops.aten.convolution not in counted


@pytest.mark.parametrize("copy", [torch.clone, torch.Tensor.contiguous, torch.Tensor.float])
def test_nor_if_somebody_copies_its_images(
    copy: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    with before_an_update("coord") as model:
        evaluate = model.policy.evaluate_actions
        model.policy.evaluate_actions = lambda obs, actions: evaluate(copy(obs), actions)  # type: ignore[method-assign]
        assert torch.ops.aten.convolution not in operations(model.train)


def darken(obs: torch.Tensor, model: OnPolicyAlgorithm) -> torch.Tensor:
    obs[3, 0, 40:50] //= 2  # in place, of the batch that was handed out
    return obs


def reverse(obs: torch.Tensor, model: OnPolicyAlgorithm) -> torch.Tensor:
    return obs.flip(0)


@torch.no_grad()
def disturb(obs: torch.Tensor, model: OnPolicyAlgorithm) -> torch.Tensor:
    model.policy.features_extractor.get_submodule("cnn.2").weight.mul_(0.5)
    return obs


def leave(obs: torch.Tensor, model: OnPolicyAlgorithm) -> torch.Tensor:
    return obs


@pytest.mark.parametrize("change", [darken, reverse, disturb])
def test_what_is_not_as_the_rollout_saw_it_is_computed_again_with_a_warning(
    change: Callable[[torch.Tensor, OnPolicyAlgorithm], torch.Tensor],
) -> None:
    with before_an_update("coord") as model:
        values = updated_values(model, leave)
    with before_an_update("coord") as model, computed_again():
        changed = updated_values(model, change)
    assert not torch.allclose(changed[0], values[0])
    for found, expected in (values, changed):
        torch.testing.assert_close(found, expected)


def updated_values(
    model: OnPolicyAlgorithm, change: Callable[[torch.Tensor, OnPolicyAlgorithm], torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the values that an update sees, and those of a pass by itself."""
    model.policy.set_training_mode(True)
    (batch,) = model.rollout_buffer.get(batch_size=None)
    images = change(batch.observations, model)
    values, _, _ = model.policy.evaluate_actions(images, batch.actions.flatten())
    return values, model.policy.predict_values(images)


def test_what_was_kept_is_given_back_once() -> None:
    with before_an_update("coord") as model:
        updated_values(model, leave)
        with computed_again():
            updated_values(model, leave)


def test_images_may_come_channels_first(algo: str) -> None:
    config = small_run(algo, "coord")
    ours = losses(config, 2, accelerated=True, contiguous=True)
    theirs = losses(config, 2, accelerated=False)
    assert_losses_agree(ours, theirs)


def test_an_extractor_of_another_build_is_trained_too(algo: str) -> None:
    config = small_run(algo, "tests.agents.acceleration.test_accelerate.Whole")
    ours = losses(config, 2, accelerated=True)
    theirs = losses(config, 2, accelerated=False)
    assert_losses_agree(ours, theirs)


def assert_losses_agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    # PPO's loss of the policy is a sum of terms of size 1 that cancel, down to their rounding.
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


class NoCallback(BaseCallback):
    """Does nothing."""

    def _on_step(self) -> bool:
        return True


class Stop(BaseCallback):
    """Stops training in the middle of a rollout."""

    def _on_step(self) -> bool:
        return self.n_calls % 3 != 0


def test_a_rollout_that_was_broken_off_leaves_nothing_behind() -> None:
    config = small_run("a2c", "coord")
    with closing(make_run_env(config)) as env:
        model = make_model(config, env)
        model.learn(config.hyperparams.rollout, callback=Stop())
        model.learn(2 * config.hyperparams.rollout)
        assert model._n_updates == 2


class Chooser(BaseCallback):
    """Uses the policy behind the training's back, at the first steps or at all."""

    def __init__(self, calls: int | None) -> None:
        super().__init__()
        self.calls = calls

    def _on_step(self) -> bool:
        if self.calls is None or self.n_calls <= self.calls:
            with torch.no_grad():
                self.model.policy(torch.zeros(2, 4, 84, 84, dtype=torch.uint8))
        return True

    def _on_rollout_end(self) -> None:
        size = self.model.rollout_buffer.buffer_size * self.model.n_envs
        images = torch.randint(0, 256, (size, 4, 84, 84), dtype=torch.uint8)
        with torch.no_grad():
            self.model.policy.evaluate_actions(images, torch.zeros(size))


@pytest.mark.parametrize("calls", [0, 1, 3, None])
def test_a_callback_that_uses_the_policy_mixes_up_no_passes(calls: int | None) -> None:
    config = small_run("a2c", "coord")
    with nullcontext() if calls == 0 else computed_again():
        ours = losses(config, 2, accelerated=True, others=[Chooser(calls)])
    theirs = losses(config, 2, accelerated=False, others=[Chooser(calls)])
    assert_losses_agree(ours, theirs)
