"""A2C with one pass through the extractor for every image, where SB3 makes two.

SB3 computes what the layers make of an image when it chooses the action, and again in the update,
for the gradient. A2C updates once a rollout, with the weights that chose its actions, so both give
the same. Here the extractor's convolutions and dense layers keep what they compute in a rollout's
passes, and give it back in the update, which goes through the cheap rest alone. (PPO's weights
change from one minibatch to the next.)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from agents.acceleration.gradients import conv_gradient, dense_gradient
from agents.acceleration.images import ImageRolloutBuffer
from agents.acceleration.networks import WeightsFirst

Gradient = Callable[..., tuple[torch.Tensor | None, ...]]


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

    def add(self, obs: npt.NDArray[np.uint8], *args: Any) -> None:
        """Add a timestep of every environment.

        :param obs: Images of shape (n_envs, channels, height, width), in any memory format
        :param args: SB3's
        """
        super().add(obs, *args)
        self._one_each = self._one_each and self.n_passes == self.pos

    @property
    def has_passes(self) -> bool:
        """Whether the policy chose actions once a timestep, and nobody used it in between."""
        return bool(self.full) and self._one_each

    def _get_samples(
        self, batch_inds: npt.NDArray[np.integer[Any]], env: VecNormalize | None = None
    ) -> RolloutBufferSamples:
        if len(batch_inds) == self.buffer_size * self.n_envs:  # SB3 goes through environments
            batch_inds = np.arange(len(batch_inds)).reshape(self.n_envs, self.buffer_size).T.ravel()
        return super()._get_samples(batch_inds, env)


class Phase(Enum):
    """What layers do beside computing."""

    NOTHING = auto()
    KEEPING = auto()
    GIVING_BACK = auto()


class OnePass:
    """Lets the layers of a policy's extractors keep what they compute in a rollout.

    :param policy: The policy
    :param layers: The layers
    :param buffer: The rollout buffer of its algorithm
    """

    def __init__(
        self,
        policy: ActorCriticPolicy,
        layers: list[nn.Conv2d | nn.Linear],
        buffer: PassRolloutBuffer,
    ) -> None:
        self.phase = Phase.NOTHING
        self.buffer = buffer
        self._choose, self._evaluate = policy.forward, policy.evaluate_actions
        policy.forward = self._forward  # type: ignore[method-assign]
        policy.evaluate_actions = self._evaluate_actions  # type: ignore[assignment,method-assign]
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                keeping = _Keeping(self, layer._conv_forward, conv_gradient(layer))
                layer._conv_forward = keeping  # type: ignore[assignment,method-assign]
            elif isinstance(layer.forward, WeightsFirst):
                layer.forward.multiply = _Keeping(self, layer.forward.multiply, dense_gradient)

    def _forward(self, obs: torch.Tensor, deterministic: bool = False) -> Any:
        """Choose actions as the policy does."""
        self.buffer.n_passes += 1
        fits = self.buffer.n_passes <= self.buffer.buffer_size
        with self._in(Phase.KEEPING if fits else Phase.NOTHING):
            return self._choose(obs, deterministic)

    def _evaluate_actions(self, obs: torch.Tensor, actions: torch.Tensor) -> Any:
        """Evaluate actions as the policy does."""
        whole = len(obs) == self.buffer.buffer_size * self.buffer.n_envs
        with self._in(Phase.GIVING_BACK if whole and self.buffer.has_passes else Phase.NOTHING):
            return self._evaluate(obs, actions)

    @contextmanager
    def _in(self, phase: Phase) -> Iterator[None]:
        self.phase = phase
        try:
            yield
        finally:
            self.phase = Phase.NOTHING


class _Keeping:
    """Stands in for what a layer computes of its input, weight and bias."""

    def __init__(
        self, passes: OnePass, compute: Callable[..., torch.Tensor], gradient: Gradient
    ) -> None:
        self._passes = passes
        self._compute = compute
        self._gradient = gradient
        self._outputs = torch.empty(0)

    def __call__(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        if self._passes.phase is Phase.GIVING_BACK:
            given = (x, weight, bias, self._outputs, self._gradient)
            known: torch.Tensor = _Known.apply(*given)  # type: ignore[no-untyped-call]  # torch's
            return known
        output = self._compute(x, weight, bias)
        if self._passes.phase is Phase.KEEPING:
            self._keep(output)
        return output

    def _keep(self, output: torch.Tensor) -> None:
        n_steps, n = self._passes.buffer.buffer_size, len(output)
        shape = (n_steps * n, *output.shape[1:])
        if self._outputs.shape != shape:
            layout = torch.channels_last if output.dim() == 4 else torch.contiguous_format
            self._outputs = torch.empty(
                shape, dtype=output.dtype, device=output.device, memory_format=layout
            )
        first = (self._passes.buffer.n_passes - 1) * n
        self._outputs[first : first + n].copy_(output)


class _Known(torch.autograd.Function):
    """A layer whose output is known already."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        output: torch.Tensor,
        gradient: Gradient,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias, ctx.gradient = bias is not None, gradient
        return output.detach()  # what follows may overwrite it: it is not needed again

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        needed = [*ctx.needs_input_grad[:2], ctx.has_bias]
        return (*ctx.gradient(grad, *ctx.saved_tensors, needed), None, None)
