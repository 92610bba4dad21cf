"""What a run's model gets before it is trained."""

from typing import TypeVar

from stable_baselines3 import A2C
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from agents.acceleration.actions import choose_leanly
from agents.acceleration.images import ImageRolloutBuffer
from agents.acceleration.networks import replace_layers
from agents.acceleration.one_pass import OnePass, PassRolloutBuffer
from agents.acceleration.passes import Passes

_Buffer = TypeVar("_Buffer", bound=RolloutBuffer)


def accelerate(model: OnPolicyAlgorithm) -> None:
    """Make a model of images train faster, in place, to the same results up to rounding.

    :param model: A2C or PPO with CnnPolicy, before its first rollout
    """
    passes = Passes(model.n_steps)
    choose_leanly(model.policy)
    replace_layers(model.policy, passes)
    if isinstance(model, A2C):
        model.rollout_buffer = buffer = _buffer(PassRolloutBuffer, model)
        OnePass(model.policy, buffer, passes)
    else:
        model.rollout_buffer = _buffer(ImageRolloutBuffer, model)


def _buffer(kind: type[_Buffer], model: OnPolicyAlgorithm) -> _Buffer:
    """Make a rollout buffer as SB3 does."""
    return kind(
        model.n_steps,
        model.observation_space,
        model.action_space,
        device=model.device,
        gamma=model.gamma,
        gae_lambda=model.gae_lambda,
        n_envs=model.n_envs,
    )
