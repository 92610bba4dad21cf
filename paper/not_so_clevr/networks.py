"""The paper's networks, plain and with CoordConv, as its released code builds them."""

from itertools import pairwise
from math import log2, prod, sqrt
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from coordrl import CoordConv2d


class CoordPainter(nn.Module):
    """Classification with CoordConv: a place to a logit for each pixel.

    The place is repeated over the canvas, beside the coordinates; 1x1 convolutions of 32, 32, 64,
    64 and 1 filters follow. 7,553 parameters.

    :param canvas: height and width of the canvas, in pixels
    """

    def __init__(self, canvas: int) -> None:
        super().__init__()
        self.canvas = canvas
        self.first = CoordConv2d(2, 32, 1)
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True),
            *_with_relu(nn.Conv2d(32, 32, 1), nn.Conv2d(32, 64, 1), nn.Conv2d(64, 64, 1)),
            nn.Conv2d(64, 1, 1),
        )

    def forward(self, place: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (n, canvas, canvas) for places of shape (n, 2)."""
        tiled = place[:, :, None, None].expand(-1, -1, self.canvas, self.canvas)
        logits: torch.Tensor = self.rest(self.first(tiled))
        return logits[:, 0]

    def at(self, place: torch.Tensor, which: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        """Return the logits of some pixels only: 1x1 convolutions see every pixel by itself.

        :param place: Places of shape (n, 2)
        :param which: Indices into them, of shape (m,)
        :param pixels: Indices of pixels, row by row, of shape (m,)
        :return: Logits of shape (m,)
        """
        # The first layer is linear: what it makes of the place, plus what of the coordinates.
        of_place = F.linear(place, self.first.weight[:, :, 0, 0])
        of_coords = self.first(place.new_zeros(1, 2, self.canvas, self.canvas))
        rows = of_place[which] + of_coords[0].flatten(1).t()[pixels]
        logits: torch.Tensor = self.rest(rows.t()[None, :, None])  # a picture of one row
        return logits.flatten()


class DeconvPainter(nn.Module):
    """Classification and rendering without coordinates: a place to a logit for each pixel.

    Transposed convolutions of stride 2, each but the last with batch normalisation and ReLU: for a
    canvas of 64 pixels 64, 64, 64, 32, 32 and 1 filters, times the width.

    :param canvas: height and width of the canvas, in pixels
    :param width: what the number of filters is multiplied by; the paper tried 1, 2 and 3
    :param kernel_size: the paper tried 2, 3 and 4
    """

    def __init__(self, canvas: int, width: int = 1, kernel_size: int = 3) -> None:
        super().__init__()
        n_layers = int(log2(canvas))
        filters = [2, *[64 * width] * (n_layers - 3), 32 * width, 32 * width, 1]
        # Together they make every layer double the size, whatever the kernel's.
        padding, output_padding = (kernel_size - 1) // 2, kernel_size % 2
        layers: list[nn.Module] = []
        for channels, n_filters in pairwise(filters):
            layers.append(
                nn.ConvTranspose2d(channels, n_filters, kernel_size, 2, padding, output_padding)
            )
            layers += [nn.BatchNorm2d(n_filters, eps=1e-5), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-2])

    def forward(self, place: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (n, canvas, canvas) for places of shape (n, 2)."""
        logits: torch.Tensor = self.layers(place[:, :, None, None])
        return logits[:, 0]


class CoordRenderer(nn.Module):
    """Rendering with CoordConv: a place to its pixel, and the pixel to the square's picture.

    The network of classification, a softmax over the pixels, and five 3x3 convolutions of 8, 8, 16,
    16 and 1 filters, times the width. 11,850 parameters.

    :param canvas: height and width of the canvas, in pixels
    :param width: what the number of the later convolutions' filters is multiplied by
    """

    def __init__(self, canvas: int, width: int = 1) -> None:
        super().__init__()
        self.painter = CoordPainter(canvas)
        filters = [1, 8 * width, 8 * width, 16 * width, 16 * width, 1]
        convolutions = [nn.Conv2d(*pair, 3, padding=1) for pair in pairwise(filters)]
        self.draw = nn.Sequential(*_with_relu(*convolutions)[:-1])

    def forward(self, place: torch.Tensor) -> torch.Tensor:
        """Return the picture's logits, of shape (n, canvas, canvas), for places (n, 2)."""
        return self.around(self.painter(place))

    def around(self, centre: torch.Tensor) -> torch.Tensor:
        """Return the picture's logits for the centre's, both of shape (n, canvas, canvas)."""
        sharpened = centre.flatten(1).softmax(dim=1).view_as(centre)
        picture: torch.Tensor = self.draw(sharpened[:, None])
        return picture[:, 0]


class CoordRegressor(nn.Module):
    """Regression with CoordConv: a picture to the square's place.

    1x1 convolutions of 8, 8 and 8 filters, 3x3 ones of 8 and 2, the largest value of each over the
    canvas; no activation anywhere. 906 parameters.

    :param coord_init: initial coordinate weights, see :class:`coordrl.CoordConv2d`
    """

    def __init__(self, coord_init: Literal["default", "zeros"] = "default") -> None:
        super().__init__()
        self.layers = nn.Sequential(
            CoordConv2d(1, 8, 1, coord_init=coord_init),
            nn.Conv2d(8, 8, 1),
            nn.Conv2d(8, 8, 1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 2, 3, padding=1),
        )

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return places of shape (n, 2) for pictures of shape (n, 1, canvas, canvas)."""
        features: torch.Tensor = self.layers(picture)
        return features.amax(dim=(2, 3))


def pooling_regressor(canvas: int) -> nn.Sequential:
    """Return the paper's plain network for regression on the uniform split.

    3x3 convolutions of 16 filters with maximum pooling in between, a layer of 64 units: 72,850
    parameters on a canvas of 64 pixels. It takes pictures (n, 1, canvas, canvas) to places (n, 2).
    """
    layers: list[nn.Module] = []
    for channels in (1, 16, 16, 16):
        layers += [nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    size = canvas // 8
    dense = (nn.Linear(16 * size * size, 64), nn.ReLU(inplace=True), nn.Linear(64, 2))
    return nn.Sequential(*layers[:-1], nn.Flatten(), *dense)


def strided_regressor() -> nn.Sequential:
    """Return the paper's plain network for regression on the quadrant split.

    Nine convolutions, five of stride 2, two batch normalisations and an average over what is left
    of the canvas: 12,914 parameters. It takes pictures (n, 1, canvas, canvas) to places (n, 2).
    """

    def convolution(kernel_size: int, stride: int = 1, channels: int = 16) -> nn.Conv2d:
        return nn.Conv2d(channels, 16, kernel_size, stride, padding=kernel_size // 2)

    return nn.Sequential(
        *_with_relu(convolution(5, 2, channels=1), convolution(1)),
        nn.BatchNorm2d(16, eps=1e-5),
        *_with_relu(convolution(3), convolution(3, 2)),
        convolution(3, 2),
        nn.BatchNorm2d(16, eps=1e-5),
        nn.ReLU(inplace=True),
        *_with_relu(convolution(3, 2), convolution(1), convolution(3, 2)),
        *_with_relu(nn.Conv2d(16, 2, 3, padding=1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


@torch.no_grad()
def initialise(network: nn.Module) -> None:
    """Draw all weights as the released code does: He's normal distribution, and no biases.

    Coordinates count as inputs of their layer. Coordinate weights that start from zero stay so.
    """
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            continue
        n_inputs = prod(layer.weight.shape[1:])
        if isinstance(layer, CoordConv2d):
            n_inputs += prod(layer.coord_weight.shape[1:])
            if layer.coord_init != "zeros":
                layer.coord_weight.normal_(std=sqrt(2 / n_inputs))
        layer.weight.normal_(std=sqrt(2 / n_inputs))
        if layer.bias is not None:
            layer.bias.zero_()


def _with_relu(*layers: nn.Module) -> list[nn.Module]:
    return [module for layer in layers for module in (layer, nn.ReLU(inplace=True))]
