"""A2C with one pass through the extractor for every image, where SB3 makes two.

SB3 computes what the layers make of an image when it chooses the action, and again in the update,
for the gradient. A2C updates once a rollout, with the weights that chose its actions, so both give
the same. Here the extractor's convolutions and dense layers keep what they compute in a rollout's
passes, and give it back in the update, which goes through the cheap rest alone. (PPO's weights
change from one minibatch to the next.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from agents.acceleration.images import ImageRolloutBuffer
from agents.acceleration.kept_layers import KeptConv, KeptDense, Passes, Phase
from agents.acceleration.networks import convolutions, dense_layers, steady_extractors


class PassRolloutBuffer(ImageRolloutBuffer):
    """An image rollout buffer that hands out a whole rollout in the order of its passes.

    SB3 shuffles it, which changes nothing for an update that takes it as one batch.

    :param args: SB3's
    :param kwargs: SB3's
    """

    def reset(self) -> None:
        """Forget the rollout."""
        super().reset()
        self.n_passes = 0
        self._one_each = True
        self._handed_out: torch.Tensor | None = None

    def add(self, obs: npt.NDArray[np.uint8], *args: Any) -> None:
        """Add a timestep of every environment.

        :param obs: Images of shape (n_envs, channels, height, width), in any memory format
        :param args: SB3's
        """
        super().add(obs, *args)
        self._one_each = self._one_each and self.n_passes == self.pos

    def has_passes_of(self, obs: torch.Tensor) -> bool:
        """Tell whether the policy made one pass for each of these images, in their order.

        It is so once: an update changes the weights.

        :param obs: Images; only the whole rollout's, as handed out, can be those
        """
        known = obs is self._handed_out and self._one_each
        self._handed_out = None
        return known

    def _get_samples(
        self, batch_inds: npt.NDArray[np.integer[Any]], env: VecNormalize | None = None
    ) -> RolloutBufferSamples:
        whole = len(batch_inds) == self.buffer_size * self.n_envs
        if whole:  # SB3 goes through environments
            batch_inds = np.arange(len(batch_inds)).reshape(self.n_envs, self.buffer_size).T.ravel()
        samples = super()._get_samples(batch_inds, env)
        self._handed_out = samples.observations if whole else None
        return samples


class OnePass:
    """Lets the layers of a policy's extractors keep what they compute in a rollout.

    :param policy: The policy
    :param buffer: The rollout buffer of its algorithm
    """

    def __init__(self, policy: ActorCriticPolicy, buffer: PassRolloutBuffer) -> None:
        self._passes = Passes(buffer.buffer_size)
        self._buffer = buffer
        self._choose, self._evaluate = policy.forward, policy.evaluate_actions
        policy.forward = self._forward  # type: ignore[method-assign]
        policy.evaluate_actions = self._evaluate_actions  # type: ignore[assignment,method-assign]
        for extractor in steady_extractors(policy):
            for conv, relu in convolutions(extractor):
                KeptConv(conv, relu, self._passes)
            for dense in dense_layers(extractor):
                KeptDense(dense, self._passes)

    def _forward(self, obs: torch.Tensor, deterministic: bool = False) -> Any:
        """Choose actions as the policy does."""
        self._passes.number = self._buffer.n_passes
        self._buffer.n_passes += 1
        fits = self._passes.number < self._passes.n_steps
        with self._in(Phase.KEEPING if fits else Phase.NOTHING):
            return self._choose(obs, deterministic)

    def _evaluate_actions(self, obs: torch.Tensor, actions: torch.Tensor) -> Any:
        """Evaluate actions as the policy does."""
        known = self._buffer.has_passes_of(obs)
        with self._in(Phase.GIVING_BACK if known else Phase.NOTHING):
            return self._evaluate(obs, actions)

    @contextmanager
    def _in(self, phase: Phase) -> Iterator[None]:
        self._passes.phase = phase
        try:
            yield
        finally:
            self._passes.phase = Phase.NOTHING
