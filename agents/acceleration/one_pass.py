"""A2C with one pass through the convolutions for every image, where SB3 makes two.

SB3 computes what the convolutions make of an image when it chooses the action, and again in the
update, for the gradient. A2C updates once a rollout, with the weights that chose its actions, so
both passes give the same. Here the first keeps its graph, and the update goes on from there. (PPO's
weights change from one minibatch to the next.)
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from coordrl.coord_conv import CoordConvBase


class PassRolloutBuffer(RolloutBuffer):
    """SB3's rollout buffer without the images: a sample's observations are numbers of passes.

    The images of a rollout are numbered timestep by timestep.

    :param args: SB3's
    :param kwargs: SB3's
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obs_shape = ()
        self.numbers = torch.empty(0)
        self.reset()

    def add(self, obs: npt.NDArray[np.uint8], *args: Any) -> None:
        """Add a timestep of every environment.

        :param obs: Images, which are not kept
        :param args: SB3's
        """
        super().add(np.zeros(len(obs), dtype=obs.dtype), *args)

    def _get_samples(
        self, batch_inds: npt.NDArray[np.integer[Any]], env: VecNormalize | None = None
    ) -> RolloutBufferSamples:
        samples = super()._get_samples(batch_inds, env)
        env_index, step = np.divmod(batch_inds, self.buffer_size)  # SB3 goes through environments
        self.numbers = torch.from_numpy(step * self.n_envs + env_index).to(self.device)
        return samples._replace(observations=self.numbers)


class KeptPasses:
    """Stands before convolutions, whose passes in a rollout it keeps for the update.

    :param layers: The convolutions
    :param buffer: The buffer that numbers the passes
    """

    def __init__(self, layers: nn.Module, buffer: PassRolloutBuffer) -> None:
        self.buffer = buffer
        self.keeping = False
        self._passes: list[torch.Tensor] = []
        self._coord_layers = [m for m in layers.modules() if isinstance(m, CoordConvBase)]
        self._forward: Callable[[torch.Tensor], torch.Tensor] = layers.forward
        layers.forward = self

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Compute what the convolutions make of images, or look it up for numbers of passes.

        :param x: Images, or a vector: the numbers in the buffer's last sample
        :raises RuntimeError: If there is not one pass for every timestep of the rollout
        """
        if x.dim() == 1:
            return self._kept()
        if not self.keeping:
            return self._forward(x)
        if self.buffer.pos == 0:
            self._passes = []  # of a rollout that was broken off
            self._share_maps(True)
        with torch.enable_grad():
            output = self._forward(x)
        self._passes.append(output)
        return output.detach()

    def _kept(self) -> torch.Tensor:
        if len(self._passes) != self.buffer.buffer_size:
            raise RuntimeError(
                f"the policy chose actions {len(self._passes)} times in a rollout of "
                f"{self.buffer.buffer_size} timesteps: callbacks are to use predict() instead"
            )
        outputs, self._passes = torch.cat(self._passes), []
        self._share_maps(False)
        return outputs[self.buffer.numbers]

    def _share_maps(self, sharing: bool) -> None:
        for layer in self._coord_layers:
            layer.share_map(sharing)


class OnePass:
    """Lets a policy keep the passes in which it chooses actions.

    :param policy: The policy
    :param convolutions: Its convolutions: one part, or the actor's and the critic's
    :param buffer: The rollout buffer of its algorithm
    """

    def __init__(
        self, policy: ActorCriticPolicy, convolutions: list[nn.Module], buffer: PassRolloutBuffer
    ) -> None:
        self._kept = [KeptPasses(layers, buffer) for layers in convolutions]
        self._forward = policy.forward
        policy.forward = self  # type: ignore[method-assign]

    def __call__(self, obs: torch.Tensor, deterministic: bool = False) -> Any:
        """Choose actions as the policy does."""
        self._keep(True)
        try:
            return self._forward(obs, deterministic)
        finally:
            self._keep(False)

    def _keep(self, keeping: bool) -> None:
        for passes in self._kept:
            passes.keeping = keeping
