"""The IMPALA ResNet as a feature extractor, with convolutions that know where they are."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import gymnasium as gym
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from coordrl.coord_conv import CoordInit
from coordrl.images import CoordLayers, Pool, add_coordinates, check_images, global_pool

PaddingMode = Literal["zeros", "circular"]


class CoordImpalaCNN(BaseFeaturesExtractor):
    """The 15-layer ResNet of IMPALA (Espeholt et al. 2018, figure 3, right), with CoordConv.

    Three sections, each a 3x3 convolution, a 3x3 max-pooling of stride 2 and two residual blocks
    of two 3x3 convolutions; then ReLU and a dense layer. Its convolutions are numbered in the
    order in which an image passes them, five a section: 0 to 14. With ``coord_layers=()`` it is
    the plain network, and with the same seed both have the same initial values of all parameters
    they share. Take :func:`coordrl.coord_policy_kwargs` for the ``net_arch`` beside it.

    :param observation_space: Images of any size, channels first (SB3 transposes others by itself)
    :param features_dim: Number of features extracted
    :param normalized_image: Whether images are normalised already, as in NatureCNN. SB3 sets it
        with ``normalize_images=False`` for its own extractors only, and ``coord_policy_kwargs``
        for this one
    :param depths: Number of channels of each section
    :param width: Multiplier of these numbers; 2 with ``pool="avg"`` and no coordinates is Impoola
        (Trumpp et al. 2025)
    :param padding_mode: ``"circular"`` hides the borders, which padding with zeros shows to a
        convolution, as a control: what leaves the image on one side, comes in on the other
    :param coord_layers: Which of the convolutions get coordinates
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, as in :class:`coordrl.CoordNatureCNN`
    :param pool: Global pooling, ``"avg"`` or ``"max"``, of the last section's channels in place
        of flattening
    :raises ValueError: If these are no images, or an argument is unknown or out of range

    >>> import numpy as np
    >>> frames = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
    >>> plain = CoordImpalaCNN(frames, coord_layers=())
    >>> sum(p.numel() for p in plain.parameters())
    1089232
    >>> sum(p.numel() for p in CoordImpalaCNN(frames).parameters())
    1096432
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        features_dim: int = 256,
        normalized_image: bool = False,
        *,
        depths: Sequence[int] = (16, 32, 32),
        width: int = 1,
        padding_mode: PaddingMode = "zeros",
        coord_layers: CoordLayers = "all",
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "orthogonal",
        pool: Pool | None = None,
    ) -> None:
        check_images(
            observation_space, "CoordImpalaCNN", normalized_image=normalized_image, min_size=1
        )
        assert isinstance(observation_space, spaces.Box)
        channels = [depth * width for depth in depths]
        if not channels or min(channels) < 1:
            raise ValueError(f"depths={depths} times width={width} must be positive numbers")
        super().__init__(observation_space, features_dim)
        if padding_mode not in get_args(PaddingMode):
            raise ValueError(
                f"padding_mode={padding_mode!r} is unknown: use one of zeros, circular"
            )
        in_channels = [observation_space.shape[0], *channels]
        sections = [
            _section(*pair, padding_mode) for pair in zip(in_channels, channels, strict=False)
        ]
        last = nn.Flatten() if pool is None else global_pool(pool)
        self.cnn = nn.Sequential(*sections, nn.ReLU(), last)
        with torch.no_grad():
            n_flatten = self.cnn(torch.zeros(1, *observation_space.shape)).shape[1]
        self.linear = nn.Sequential(nn.Linear(n_flatten, features_dim), nn.ReLU())
        add_coordinates(
            self.cnn,
            observation_space.shape,
            coord_layers,
            with_r=with_r,
            code=code,
            coord_init=coord_init,
        )

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Extract features.

        :param observations: Images of shape (N, channels, height, width)
        :return: Tensor of shape (N, features_dim)
        """
        features: torch.Tensor = self.linear(self.cnn(observations))
        return features


class _ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x))))."""

    def __init__(self, channels: int, padding_mode: PaddingMode) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding_mode),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding_mode),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual: torch.Tensor = self.residual(x)
        return x + residual


def _section(in_channels: int, channels: int, padding_mode: PaddingMode) -> nn.Sequential:
    pool: nn.Module = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
    if padding_mode == "circular":
        pool = nn.Sequential(nn.CircularPad2d(1), nn.MaxPool2d(kernel_size=3, stride=2))
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 3, padding=1, padding_mode=padding_mode),
        pool,
        _ResidualBlock(channels, padding_mode),
        _ResidualBlock(channels, padding_mode),
    )
