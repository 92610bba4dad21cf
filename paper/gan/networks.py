"""The paper's generators and discriminators, as its released code builds them."""

from itertools import pairwise
from math import log2, prod, sqrt

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from coordrl import CoordConv2d

ARMS = ("plain", "coord-g", "coord-gd")
"""No coordinates; in the generator; in the generator and at the discriminator's input."""
FULL_WIDTH, FULL_Z = 64, 256
"""The paper's."""


class PlainGenerator(nn.Module):
    """DCGAN's: a dense layer, and 5x5 transposed convolutions that double the size.

    6,413,315 parameters at the paper's size.

    :param canvas: height and width of the pictures: 4 times a power of 2
    :param width: filters of the last but one layer; each layer before has twice as many
    :param z: how many random numbers a picture is made from
    """

    def __init__(self, canvas: int, width: int, z: int) -> None:
        super().__init__()
        filters = [*(width * 2**k for k in reversed(range(_doublings(canvas)))), 3]
        self.first = nn.Linear(z, filters[0] * 4 * 4)
        layers: list[nn.Module] = []
        for channels, n_filters in pairwise(filters):
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(channels, n_filters, 5, 2, 2, output_padding=1))
        self.rest = nn.Sequential(*layers)
        _initialise(self)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return pictures before the last tanh, (n, 3, canvas, canvas), for z of shape (n, z)."""
        pictures: torch.Tensor = self.rest(self.first(z).unflatten(1, (-1, 4, 4)))
        return pictures


class CoordGenerator(nn.Module):
    """Random numbers repeated over the canvas beside the coordinates; 1x1 and 3x3 convolutions.

    444,931 parameters at the paper's size. The parameters are those of :class:`PlainGenerator`.
    """

    def __init__(self, canvas: int, width: int, z: int) -> None:
        super().__init__()
        self.canvas = canvas
        filters = [8 * width, 4 * width, 4 * width, 2 * width, width]
        self.first = CoordConv2d(z, filters[0], 1)
        layers: list[nn.Module] = [nn.ReLU(inplace=True)]
        for channels, n_filters in pairwise(filters):
            layers += [nn.Conv2d(channels, n_filters, 1), nn.ReLU(inplace=True)]
        for _ in range(2):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]
        self.rest = nn.Sequential(*layers, nn.Conv2d(width, 3, 1))
        _he(self)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return pictures before the last tanh, (n, 3, canvas, canvas), for z of shape (n, z)."""
        # The first layer is linear: what it makes of the numbers, plus what of the coordinates.
        of_z = F.linear(z, self.first.weight[:, :, 0, 0])[:, :, None, None]
        of_coords = self.first(z.new_zeros(1, z.shape[1], self.canvas, self.canvas))
        pictures: torch.Tensor = self.rest(of_z + of_coords)
        return pictures


class Discriminator(nn.Module):
    """Is a picture one of the data's? 5x5 convolutions of stride 2.

    4,316,545 parameters at the paper's size, 4,319,745 with coordinates at its input.

    :param canvas: height and width of the pictures
    :param width: filters of the first layer; each layer has twice as many as the one before
    :param coords: whether its first layer is told coordinates
    :param outputs: numbers that it returns, more than one as an autoencoder's encoder
    """

    def __init__(self, canvas: int, width: int, *, coords: bool, outputs: int = 1) -> None:
        super().__init__()
        special = CoordConv2d if coords else nn.Conv2d
        filters = [width * 2**k for k in range(_doublings(canvas))]
        layers: list[nn.Module] = [special(3, width, 5, 2, 2), nn.LeakyReLU(0.2)]
        for channels, n_filters in pairwise(filters):
            layers += [nn.Conv2d(channels, n_filters, 5, 2, 2), nn.BatchNorm2d(n_filters)]
            layers.append(nn.LeakyReLU(0.2))
        last = nn.Linear(filters[-1] * 4 * 4, outputs)
        self.layers = nn.Sequential(*layers, nn.Flatten(), last)
        _initialise(self)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return a logit for each picture, shape (n,), or several outputs, (n, outputs)."""
        logits: torch.Tensor = self.layers(pictures)
        return logits.squeeze(dim=1)


def make_generator(arm: str, canvas: int, width: int, z: int) -> nn.Module:
    """Return an arm's generator."""
    kind = PlainGenerator if arm == "plain" else CoordGenerator
    return kind(canvas, width, z)


def _doublings(canvas: int) -> int:
    return int(log2(canvas // 4))


@torch.no_grad()
def _initialise(network: nn.Module) -> None:
    """Draw weights as TensorFlow does by default: Glorot's uniform distribution, and no biases."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                layer.bias.zero_()
        if isinstance(layer, CoordConv2d):
            nn.init.xavier_uniform_(layer.coord_weight)


@torch.no_grad()
def _he(network: nn.Module) -> None:
    """Draw weights from He's normal distribution, coordinates counting as inputs; no biases."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            n_inputs = prod(layer.weight.shape[1:])
            if isinstance(layer, CoordConv2d):
                n_inputs += prod(layer.coord_weight.shape[1:])
                layer.coord_weight.normal_(std=sqrt(2 / n_inputs))
            layer.weight.normal_(std=sqrt(2 / n_inputs))
            if layer.bias is not None:
                layer.bias.zero_()
