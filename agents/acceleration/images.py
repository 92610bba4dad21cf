"""A rollout buffer that keeps images in the memory format that convolutions are fastest in."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize


class ImageRolloutBuffer(RolloutBuffer):
    """SB3's rollout buffer for images, which come out channels last (torch's memory format).

    It draws the same random numbers and gives the same values as SB3's, in another memory format;
    ``observations`` has the shape (n_steps, n_envs, height, width, channels).
    """

    def reset(self) -> None:
        """Forget the rollout."""
        super().reset()
        channels, height, width = self.obs_shape
        shape = (self.buffer_size, self.n_envs, height, width, channels)
        self.observations = self.observations.reshape(shape)

    def add(self, obs: npt.NDArray[np.uint8], *args: Any) -> None:
        """Add a timestep of every environment.

        :param obs: Images of shape (n_envs, channels, height, width), in any memory format
        """
        super().add(obs.transpose(0, 2, 3, 1), *args)

    def to_torch(self, array: npt.NDArray[Any], copy: bool = True) -> torch.Tensor:  # noqa: ARG002
        """Make a tensor of a sample, which is a copy already, on the buffer's device."""
        if self.device.type == "cuda":
            return torch.from_numpy(array).pin_memory().to(self.device, non_blocking=True)
        return torch.as_tensor(array, device=self.device)

    def _get_samples(
        self, batch_inds: npt.NDArray[np.integer[Any]], env: VecNormalize | None = None
    ) -> RolloutBufferSamples:
        samples = super()._get_samples(batch_inds, env)
        return samples._replace(observations=samples.observations.permute(0, 3, 1, 2))
