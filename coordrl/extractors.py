"""Feature extractors for Stable-Baselines3 whose convolutions know where they are."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn

from coordrl.coord_conv import CoordInit
from coordrl.layers import CoordConv2d

NATURE_CNN_MIN_SIZE = 36
"""Smallest height and width, in pixels, that NatureCNN's three convolutions leave a pixel of."""


class CoordNatureCNN(NatureCNN):
    """SB3's NatureCNN with CoordConv in place of some or all of its three convolutions.

    With the same seed, every parameter that it shares with NatureCNN has the same initial value,
    and with ``coord_layers=()`` it is NatureCNN. Pass ``net_arch=[]`` beside it, or take
    :func:`coordrl.coord_policy_kwargs`: SB3 leaves out its two 64-64 heads only for NatureCNN
    itself.

    :param observation_space: Images, channels first (SB3 transposes others by itself)
    :param features_dim: Number of features extracted
    :param normalized_image: Whether images are normalised already, as in NatureCNN
    :param coord_layers: Which of the convolutions 0, 1 and 2 get coordinates
    :param with_r: Whether the distance from the centre is a coordinate too
    :param coord_init: Initial coordinate weights, see :class:`coordrl.CoordConv2d`; the default is
        the scale of SB3's ``ortho_init``, which A2C and PPO apply to the other weights
    :raises ValueError: If the images are too small, or a layer does not exist

    >>> import numpy as np
    >>> frames = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
    >>> CoordNatureCNN(frames).cnn[0].coord_weight.shape
    torch.Size([32, 2, 8, 8])
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        features_dim: int = 512,
        normalized_image: bool = False,
        *,
        coord_layers: Sequence[int] = (0, 1, 2),
        with_r: bool = False,
        coord_init: CoordInit = "orthogonal",
    ) -> None:
        _check_image_size(observation_space)
        super().__init__(observation_space, features_dim, normalized_image)
        convolutions = [i for i, module in enumerate(self.cnn) if isinstance(module, nn.Conv2d)]
        for layer in _checked_layers(coord_layers, len(convolutions)):
            conv = self.cnn[convolutions[layer]]
            assert isinstance(conv, nn.Conv2d)
            self.cnn[convolutions[layer]] = CoordConv2d.from_conv(
                conv, with_r=with_r, coord_init=coord_init
            )


def _check_image_size(observation_space: gym.Space[Any]) -> None:
    """Name the size that fits, where torch would complain about a kernel."""
    if isinstance(observation_space, spaces.Box) and len(observation_space.shape) == 3:
        _, height, width = observation_space.shape
        if min(height, width) < NATURE_CNN_MIN_SIZE:
            raise ValueError(
                f"NatureCNN needs images of at least {NATURE_CNN_MIN_SIZE}x{NATURE_CNN_MIN_SIZE} "
                f"pixels, but the observations, read as (channels, height, width), are "
                f"{observation_space.shape}"
            )


def _checked_layers(coord_layers: Sequence[int], n_layers: int) -> list[int]:
    unknown = [layer for layer in coord_layers if layer not in range(n_layers)]
    if unknown:
        raise ValueError(
            f"coord_layers={tuple(coord_layers)}: there is no convolution {unknown[0]!r}, "
            f"they are numbered 0 to {n_layers - 1}"
        )
    return sorted(set(coord_layers))
