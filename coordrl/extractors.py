"""NatureCNN, SB3's own feature extractor for images, with convolutions that know where they are."""

from typing import Any

import gymnasium as gym
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import CombinedExtractor, NatureCNN
from torch import nn

from coordrl.coord_conv import CoordInit
from coordrl.images import CoordLayers, Pool, add_coordinates, check_images, global_pool

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
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, see :class:`coordrl.CoordConv2d`; the default is
        the scale of SB3's ``ortho_init``, which A2C and PPO apply to the other weights
    :param pool: Global pooling, ``"avg"`` or ``"max"``, of the last convolution's 64 channels:
        the dense layer then sees them and no positions, and has 33 thousand parameters instead of
        1.6 million (on 84x84 images)
    :raises ValueError: If these are no images, or too small, or an argument is unknown

    >>> import numpy as np
    >>> frames = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
    >>> CoordNatureCNN(frames).cnn[0].coord_weight.shape
    torch.Size([32, 2, 8, 8])
    >>> sum(p.numel() for p in CoordNatureCNN(frames, pool="avg").parameters())
    118560
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        features_dim: int = 512,
        normalized_image: bool = False,
        *,
        coord_layers: CoordLayers = (0, 1, 2),
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "orthogonal",
        pool: Pool | None = None,
    ) -> None:
        check_nature_images(observation_space, normalized_image)
        super().__init__(observation_space, features_dim, normalized_image)
        if pool is not None:
            _pool_globally(self, pool)
        add_coordinates(
            self.cnn,
            observation_space.shape,
            coord_layers,
            with_r=with_r,
            code=code,
            coord_init=coord_init,
        )


class CoordCombinedExtractor(CombinedExtractor):
    """SB3's CombinedExtractor, for Dict observations, with CoordConv for the images.

    Each image goes through a :class:`CoordNatureCNN`, the rest is flattened. With the same seed,
    every parameter that it shares with CombinedExtractor has the same initial value. It is for
    ``"MultiInputPolicy"``; the ``net_arch`` that SB3 chooses beside it is CombinedExtractor's.

    :param observation_space: Dict with at least one image
    :param cnn_output_dim: Number of features of each image
    :param normalized_image: Whether images are normalised already, as in CombinedExtractor
    :param coord_layers: Which of the convolutions 0, 1 and 2 get coordinates
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, as in :class:`CoordNatureCNN`
    :param pool: Global pooling, as in :class:`CoordNatureCNN`
    :raises ValueError: If there is no image, or one is too small, or an argument is unknown

    >>> import numpy as np
    >>> camera = spaces.Box(0, 255, shape=(3, 64, 48), dtype=np.uint8)
    >>> speed = spaces.Box(-1, 1, shape=(2,))
    >>> extractor = CoordCombinedExtractor(spaces.Dict({"camera": camera, "speed": speed}))
    >>> extractor.features_dim
    258
    """

    def __init__(
        self,
        observation_space: spaces.Dict,
        cnn_output_dim: int = 256,
        normalized_image: bool = False,
        *,
        coord_layers: CoordLayers = "all",
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "orthogonal",
        pool: Pool | None = None,
    ) -> None:
        for image in _images(observation_space, normalized_image):
            check_nature_images(image, normalized_image)
        super().__init__(observation_space, cnn_output_dim, normalized_image)
        for name, extractor in self.extractors.items():
            if isinstance(extractor, NatureCNN):
                if pool is not None:
                    _pool_globally(extractor, pool)
                add_coordinates(
                    extractor.cnn,
                    observation_space[name].shape,
                    coord_layers,
                    with_r=with_r,
                    code=code,
                    coord_init=coord_init,
                )


def check_nature_images(space: gym.Space[Any], normalized_image: bool) -> None:
    """Say what NatureCNN needs.

    :raises ValueError: If these are not images, or too small
    """
    check_images(
        space, "NatureCNN", normalized_image=normalized_image, min_size=NATURE_CNN_MIN_SIZE
    )


def _images(space: gym.Space[Any], normalized_image: bool) -> list[gym.Space[Any]]:
    if not isinstance(space, spaces.Dict):
        raise ValueError(
            f"CoordCombinedExtractor needs Dict observations, not {space}; "
            f"for images alone use CoordNatureCNN"
        )
    images = [part for part in space.values() if is_image_space(part, False, normalized_image)]
    if not images:
        raise ValueError(
            f"CoordCombinedExtractor needs an image among the observations, a Box of shape "
            f"(channels, height, width) with dtype uint8 and bounds 0 and 255 (or of any values, "
            f"with the policy's normalize_images=False), not {space}"
        )
    return images


def _pool_globally(extractor: NatureCNN, pool: Pool) -> None:
    """Pool in place of flattening, and replace the dense layer by one that fits."""
    last_conv = extractor.cnn[-3]
    assert isinstance(last_conv, nn.Conv2d)
    extractor.cnn[-1] = global_pool(pool)
    dense = nn.Linear(last_conv.out_channels, extractor.features_dim)
    extractor.linear = nn.Sequential(dense, nn.ReLU())
