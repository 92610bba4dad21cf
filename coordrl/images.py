"""What the extractors share: which images they take, which convolutions get coordinates."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import gymnasium as gym
import torch
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space
from torch import nn

from coordrl.convert import to_coordconv
from coordrl.coord_conv import CoordInit
from coordrl.coordinates import LEARNED

CoordLayers = Literal["all"] | Sequence[int]
Pool = Literal["avg", "max"]


def check_images(
    space: gym.Space[Any], network: str, *, normalized_image: bool, min_size: int
) -> None:
    """Say what a network needs, where torch or SB3 would complain about something else.

    :param space: The observation space
    :param network: The network's name
    :param normalized_image: Whether any values are images, or only bytes
    :param min_size: Smallest height and width in pixels
    :raises ValueError: If these are not images, or too small
    """
    if not is_image_space(space, normalized_image=normalized_image):
        raise ValueError(
            f"{network} needs images, a Box of shape (channels, height, width) with dtype uint8 "
            f"and bounds 0 and 255 (or of any values, with the policy's normalize_images=False "
            f"and the extractor's normalized_image=True), not {space}; "
            f"for Dict observations use CoordCombinedExtractor"
        )
    assert isinstance(space, spaces.Box)
    _, height, width = space.shape
    if min(height, width) < min_size:
        raise ValueError(
            f"{network} needs images of at least {min_size}x{min_size} pixels, but the "
            f"observations, read as (channels, height, width), are {space.shape}"
        )


def add_coordinates(
    cnn: nn.Module,
    shape: Sequence[int] | None,
    coord_layers: CoordLayers,
    *,
    with_r: bool,
    code: str,
    coord_init: CoordInit,
) -> None:
    """Swap convolutions of an extractor for CoordConv, by number.

    :param cnn: The network, whose convolutions are numbered in its order
    :param shape: Shape of its images, (channels, height, width)
    :param coord_layers: Numbers of the convolutions, or ``"all"``
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights
    :raises ValueError: If a layer does not exist, or an argument is unknown
    """
    names = [name for name, module in cnn.named_modules() if isinstance(module, nn.Conv2d)]
    numbers = range(len(names)) if coord_layers == "all" else coord_layers
    unknown = [number for number in numbers if number not in range(len(names))]
    if unknown:
        raise ValueError(
            f"coord_layers={coord_layers!r}: there is no convolution {unknown[0]!r}, "
            f'they are numbered 0 to {len(names) - 1}, or give "all"'
        )
    chosen = {names[number] for number in numbers}
    if chosen:
        to_coordconv(
            cnn,
            lambda name, _: name in chosen,
            with_r=with_r,
            code=code,
            coord_init=coord_init,
            example=torch.zeros(1, *(shape or ())) if code == LEARNED else None,
        )


def global_pool(pool: Pool) -> nn.Module:
    """Make the module that pools each channel over all positions and flattens.

    :param pool: ``"avg"`` for the mean, ``"max"`` for the largest
    :raises ValueError: If it is neither
    """
    if pool not in get_args(Pool):
        raise ValueError(f"pool={pool!r} is unknown: use one of avg, max, or None")
    layer = nn.AdaptiveAvgPool2d(1) if pool == "avg" else nn.AdaptiveMaxPool2d(1)
    return nn.Sequential(layer, nn.Flatten())
