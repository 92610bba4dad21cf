"""Keypoints: a network whose features are positions, where CoordConv puts positions in."""

from math import log
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn

from coordrl.coord_conv import CoordInit
from coordrl.coordinates import coordinate_grid
from coordrl.extractors import check_nature_images
from coordrl.images import CoordLayers, add_coordinates


class SpatialSoftmax(nn.Module):
    """The expected position of each channel, under the softmax of its map (Levine et al. 2016).

    Positions are linear in [-1, 1], as CoordConv's. A channel that is large at one place gives that
    place; one that is the same everywhere gives the centre. The temperature, by which maps are
    divided, is learned, as in Finn et al. 2016.

    :param temperature: Initial temperature: the lower, the nearer to the place of the maximum
    :raises ValueError: If it is not positive

    >>> maps = torch.zeros(1, 1, 3, 5)
    >>> maps[0, 0, 2, 0] = 99.0
    >>> SpatialSoftmax()(maps)
    tensor([[ 1., -1.]], grad_fn=<ViewBackward0>)
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature={temperature} must be positive")
        self.log_temperature = nn.Parameter(torch.tensor(log(temperature)))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Compute expected positions.

        :param maps: Tensor of shape (N, channels, height, width)
        :return: Tensor of shape (N, 2 * channels): row and column of the first channel, ...
        """
        grid = coordinate_grid(maps.shape[-2:], device=maps.device, dtype=maps.dtype)
        shares = (maps.flatten(2) / self.log_temperature.exp()).softmax(-1)
        return (shares @ grid.flatten(1).t()).flatten(1)


class KeypointCNN(NatureCNN):
    """SB3's NatureCNN with a spatial softmax in place of its last ReLU and of flattening.

    Its dense layer sees two numbers a channel of the last convolution, the position where that
    channel is largest, and nothing else: 66 thousand parameters instead of 1.6 million (on 84x84
    images). With the same seed its convolutions start as NatureCNN's. For coordinates at its input
    beside positions at its output, give ``coord_layers``.

    :param observation_space: Images, channels first (SB3 transposes others by itself)
    :param features_dim: Number of features extracted
    :param normalized_image: Whether images are normalised already, as in NatureCNN
    :param temperature: Initial temperature of the softmax, see :class:`SpatialSoftmax`
    :param coord_layers: Which of the convolutions 0, 1 and 2 get coordinates
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, as in :class:`coordrl.CoordNatureCNN`
    :raises ValueError: If these are no images, or too small, or an argument is unknown

    >>> import numpy as np
    >>> frames = gym.spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
    >>> extractor = KeypointCNN(frames)
    >>> extractor.cnn(torch.rand(8, 4, 84, 84)).shape
    torch.Size([8, 128])
    >>> sum(p.numel() for p in extractor.parameters())
    144033
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        features_dim: int = 512,
        normalized_image: bool = False,
        *,
        temperature: float = 1.0,
        coord_layers: CoordLayers = (),
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "orthogonal",
    ) -> None:
        check_nature_images(observation_space, normalized_image)
        super().__init__(observation_space, features_dim, normalized_image)
        *layers, last_conv, _, _ = self.cnn
        assert isinstance(last_conv, nn.Conv2d)
        self.cnn = nn.Sequential(*layers, last_conv, SpatialSoftmax(temperature))
        dense = nn.Linear(2 * last_conv.out_channels, features_dim)
        self.linear = nn.Sequential(dense, nn.ReLU())
        add_coordinates(
            self.cnn,
            observation_space.shape,
            coord_layers,
            with_r=with_r,
            code=code,
            coord_init=coord_init,
        )
