"""CoordConv layers and feature extractors for Stable-Baselines3."""

from coordrl.coord_conv import CoordInit
from coordrl.coordinates import coordinate_grid
from coordrl.extractors import CoordNatureCNN
from coordrl.layers import (
    AddCoords,
    CoordConv1d,
    CoordConv2d,
    CoordConv3d,
    CoordConvTranspose1d,
    CoordConvTranspose2d,
    CoordConvTranspose3d,
)
from coordrl.policies import coord_policy_kwargs

__all__ = [
    "AddCoords",
    "CoordConv1d",
    "CoordConv2d",
    "CoordConv3d",
    "CoordConvTranspose1d",
    "CoordConvTranspose2d",
    "CoordConvTranspose3d",
    "CoordInit",
    "CoordNatureCNN",
    "coord_policy_kwargs",
    "coordinate_grid",
]
__version__ = "0.1.0"
