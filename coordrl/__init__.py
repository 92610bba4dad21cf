"""CoordConv layers and feature extractors for Stable-Baselines3."""

from coordrl.convert import Conversion, to_coordconv
from coordrl.coord_conv import CoordInit
from coordrl.coordinates import coordinate_grid
from coordrl.extractors import CoordCombinedExtractor, CoordNatureCNN
from coordrl.hadamax import HadamaxCNN
from coordrl.impala import CoordImpalaCNN
from coordrl.keypoints import KeypointCNN, SpatialSoftmax
from coordrl.layers import (
    AddCoords,
    CoordConv1d,
    CoordConv2d,
    CoordConv3d,
    CoordConvTranspose1d,
    CoordConvTranspose2d,
    CoordConvTranspose3d,
)
from coordrl.policies import (
    CoordActorCriticPolicy,
    CoordActorPolicy,
    CoordDQNPolicy,
    coord_policy_kwargs,
)

__all__ = [
    "AddCoords",
    "Conversion",
    "CoordActorCriticPolicy",
    "CoordActorPolicy",
    "CoordCombinedExtractor",
    "CoordConv1d",
    "CoordConv2d",
    "CoordConv3d",
    "CoordConvTranspose1d",
    "CoordConvTranspose2d",
    "CoordConvTranspose3d",
    "CoordDQNPolicy",
    "CoordImpalaCNN",
    "CoordInit",
    "CoordNatureCNN",
    "HadamaxCNN",
    "KeypointCNN",
    "SpatialSoftmax",
    "coord_policy_kwargs",
    "coordinate_grid",
    "to_coordconv",
]
__version__ = "0.2.0"
