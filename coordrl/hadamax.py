"""The Hadamax encoder (Kooi et al. 2025), a strong network for Atari without coordinates."""

from math import ceil
from typing import Any

import gymnasium as gym
import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from coordrl.coord_conv import CoordInit
from coordrl.images import CoordLayers, add_coordinates, check_images

_EPS = 1e-6  # of flax's layer normalisation


class HadamaxCNN(BaseFeaturesExtractor):
    """The Hadamax encoder: maxima of products of two parallel convolutions.

    Three blocks. In each, two convolutions of stride 1 see the same input; each is normalised over
    its channels and passes a GELU, their product is max-pooled. Channels, kernels and pooling are
    32, 8x8, 4x4; 64, 4x4, 2x2; 64, 3x3, 3x3 with stride 1; then a dense layer, normalised, and a
    GELU. It is that of the paper's PQN code (``purejaxql/networks.py``), with which its Atari-57
    results were made: padding as TensorFlow's "SAME", normalisation over the channels of each
    position, GELU by tanh. The paper's C51 code normalises over channels and positions together,
    pads each side by half a kernel, and leaves the edge out when pooling. Weights start as there,
    Xavier's and He's normal; A2C and PPO draw them again (``ortho_init``).

    Its convolutions are numbered as images pass them, two a block: 0 to 5. With the same seed all
    parameters but ``coord_weight`` start the same with and without coordinates.

    :param observation_space: Images of any size, channels first (SB3 transposes others by itself)
    :param features_dim: Number of features extracted
    :param normalized_image: As in :class:`coordrl.CoordImpalaCNN`
    :param coord_layers: Which of the convolutions get coordinates; none, as published, by default
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, as in :class:`coordrl.CoordNatureCNN`
    :raises ValueError: If these are no images, or an argument is unknown

    >>> import numpy as np
    >>> frames = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
    >>> extractor = HadamaxCNN(frames)
    >>> extractor.cnn(torch.rand(2, 4, 84, 84)).shape  # 64 maps of 11x11
    torch.Size([2, 7744])
    >>> sum(p.numel() for p in extractor.parameters())
    4123072
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        features_dim: int = 512,
        normalized_image: bool = False,
        *,
        coord_layers: CoordLayers = (),
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "orthogonal",
    ) -> None:
        check_images(observation_space, "HadamaxCNN", normalized_image=normalized_image, min_size=1)
        assert isinstance(observation_space, spaces.Box)
        super().__init__(observation_space, features_dim)
        channels, height, width = observation_space.shape
        self.cnn = nn.Sequential(
            _Block(channels, 32, kernel_size=8, pool=4, stride=4),
            _Block(32, 64, kernel_size=4, pool=2, stride=2),
            _Block(64, 64, kernel_size=3, pool=3, stride=1),
            nn.Flatten(),
        )
        n_flatten = 64 * ceil(ceil(height / 4) / 2) * ceil(ceil(width / 4) / 2)
        dense = nn.Linear(n_flatten, features_dim)
        nn.init.kaiming_normal_(dense.weight)
        nn.init.zeros_(dense.bias)
        norm = nn.LayerNorm(features_dim, eps=_EPS)
        self.linear = nn.Sequential(dense, norm, nn.GELU(approximate="tanh"))
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


class _Block(nn.Module):
    """max-pool(gelu(norm(conv(x))) * gelu(norm(conv(x))))."""

    def __init__(
        self, in_channels: int, channels: int, *, kernel_size: int, pool: int, stride: int
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_Branch(in_channels, channels, kernel_size) for _ in range(2))
        self.pool = _MaxPoolSame(pool, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = (branch(x) for branch in self.branches)
        pooled: torch.Tensor = self.pool((first * second).permute(0, 3, 1, 2))
        return pooled


class _Branch(nn.Module):
    """A convolution, normalised over the channels of each position, and a GELU; channels last."""

    def __init__(self, in_channels: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        # An even kernel's padding is one less before than behind: the output's first row and
        # column, which a padding of half a kernel adds, are cut off.
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, padding=kernel_size // 2)
        nn.init.xavier_normal_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        self.first = 1 - kernel_size % 2
        self.norm = nn.LayerNorm(channels, eps=_EPS)
        self.activation = nn.GELU(approximate="tanh")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.conv(x)[..., self.first :, self.first :]
        activated: torch.Tensor = self.activation(self.norm(maps.permute(0, 2, 3, 1)))
        return activated


class _MaxPoolSame(nn.Module):
    """Max-pooling with TensorFlow's padding "SAME": ceil(size / stride) outputs an axis."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads: list[int] = []
        for length in reversed(x.shape[-2:]):
            lacking = max(0, (ceil(length / self.stride) - 1) * self.stride + self.size - length)
            pads += [lacking // 2, lacking - lacking // 2]
        if any(pads):
            x = F.pad(x, pads, value=float("-inf"))
        return F.max_pool2d(x, self.size, self.stride)
