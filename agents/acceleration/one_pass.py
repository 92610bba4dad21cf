"""A2C with one pass through the extractor for every image, where SB3 makes two.

SB3 computes what the layers make of an image when it chooses the action, and again in the update,
for the gradient. A2C updates once a rollout, with the weights that chose its actions, so both give
the same. Here the extractor's convolutions and dense layers keep what they compute in a rollout's
passes, and give it back in the update, which goes through the cheap rest alone. (PPO's weights
change from one minibatch to the next.)
"""

import warnings
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
from agents.acceleration.passes import Kept, Passes, Phase


class PassRolloutBuffer(ImageRolloutBuffer):
    """An image rollout buffer that hands out a whole rollout in the order of its passes.

    SB3 shuffles it, which changes nothing for an update that takes it as one batch.
    """

    def _get_samples(
        self, batch_inds: npt.NDArray[np.integer[Any]], env: VecNormalize | None = None
    ) -> RolloutBufferSamples:
        if len(batch_inds) == self.buffer_size * self.n_envs:  # SB3 goes through environments
            batch_inds = np.arange(len(batch_inds)).reshape(self.n_envs, self.buffer_size).T.ravel()
        return super()._get_samples(batch_inds, env)


class OnePass:
    """Tells a policy's fast layers when to keep what they compute, and when to give it back.

    They give it back in an update, for which SB3 puts the policy in training mode, if each of the
    rollout's steps had its pass, the weights are as they were, and the batch holds the very images
    of these passes. The images are compared by value with copies of what the passes saw, at a
    thousandth of an update's time. So it does not matter who has copied or moved the batch on its
    way, and one that was changed, or put in another order, is noticed. It then goes through the
    layers again, as in SB3, with a warning: only time is lost.

    :param passes: What the policy's fast layers look at
    """

    def __init__(
        self, policy: ActorCriticPolicy, buffer: PassRolloutBuffer, passes: Passes
    ) -> None:
        self._policy, self._buffer, self._passes = policy, buffer, passes
        self._images = Kept(passes)
        self._n_kept = 0
        self._versions: list[int] = []
        self._choose, self._evaluate = policy.forward, policy.evaluate_actions
        policy.forward = self._forward  # type: ignore[method-assign]
        policy.evaluate_actions = self._evaluate_actions  # type: ignore[assignment,method-assign]

    def _forward(self, obs: torch.Tensor, deterministic: bool = False) -> Any:
        """Choose actions as the policy does."""
        number = self._buffer.pos
        if number == 0:
            self._n_kept, self._versions = 0, self._weight_versions()
        # Not a second pass at a step, nor one of other images than the environments'.
        keeps = number == self._n_kept < self._passes.n_steps and len(obs) == self._buffer.n_envs
        if keeps:
            self._passes.number = number
            self._n_kept += 1
            self._images.keep(obs)
        with self._in(Phase.KEEPING if keeps else Phase.NOTHING):
            return self._choose(obs, deterministic)

    def _evaluate_actions(self, obs: torch.Tensor, actions: torch.Tensor) -> Any:
        """Evaluate actions as the policy does."""
        updates = self._policy.training and torch.is_grad_enabled()
        known = updates and self._knows(obs)
        if updates:
            self._n_kept = 0
            if not known:
                warnings.warn(
                    "A2C's update did not get the images of its rollout as the policy saw them, "
                    "or the weights have changed since: it computes everything again, which "
                    "takes longer",
                    stacklevel=2,
                )
        with self._in(Phase.GIVING_BACK if known else Phase.NOTHING):
            return self._evaluate(obs, actions)

    def _knows(self, obs: torch.Tensor) -> bool:
        return (
            self._n_kept == self._passes.n_steps
            and self._weight_versions() == self._versions
            # NumPy compares bytes ten times as fast as torch.
            and np.array_equal(obs.numpy(force=True), self._images.tensor.numpy(force=True))
        )

    def _weight_versions(self) -> list[int]:
        """Return how often each parameter was changed in place."""
        return [parameter._version for parameter in self._policy.parameters()]

    @contextmanager
    def _in(self, phase: Phase) -> Iterator[None]:
        self._passes.phase = phase
        try:
            yield
        finally:
            self._passes.phase = Phase.NOTHING
