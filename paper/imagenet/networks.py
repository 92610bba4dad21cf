"""ResNet-50 and a small ResNet, with what the paper puts in front of them."""

from collections.abc import Callable

import torch
from torch import nn

from coordrl import to_coordconv

ARMS = ("plain", "conv8", "coordconv8")
"""Nothing in front; as a control, a 1x1 convolution of 8 filters; the same with i, j and r."""
FRONT = 8


class Bottleneck(nn.Module):
    """ResNet-50's block: 1x1, 3x3 (with the stride, as in version 1.5) and 1x1 convolutions."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.rest = nn.Sequential(
            *_normed(channels, width, 1),
            nn.ReLU(inplace=True),
            *_normed(width, width, 3, stride),
            nn.ReLU(inplace=True),
            *_normed(width, 4 * width, 1),
        )
        self.shortcut = _shortcut(channels, 4 * width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of shape (n, 4 * width, height / stride, width / stride)."""
        return torch.relu(self.rest(x) + self.shortcut(x))


class Basic(nn.Module):
    """The block of small ResNets: two 3x3 convolutions."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.rest = nn.Sequential(
            *_normed(channels, width, 3, stride),
            nn.ReLU(inplace=True),
            *_normed(width, width, 3),
        )
        self.shortcut = _shortcut(channels, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of shape (n, width, height / stride, width / stride)."""
        return torch.relu(self.rest(x) + self.shortcut(x))


def resnet50(arm: str, n_classes: int = 1000) -> nn.Module:
    """Return the network for pictures of shape (n, 3, height, width).

    25,557,032 parameters for 1,000 classes, 25,572,744 with 8 filters in front, 25,572,768 with
    coordinates.
    """

    def body(channels: int) -> nn.Module:
        first = (*_normed(channels, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        layers: list[nn.Module] = [*first]
        channels = 64
        for width, n_blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for k in range(n_blocks):
                layers.append(Bottleneck(channels, width, stride if k == 0 else 1))
                channels = 4 * width
        return nn.Sequential(*layers, *_head(channels, n_classes))

    return _with_front(arm, 3, body)


def small_resnet(arm: str, n_classes: int = 10) -> nn.Module:
    """Return a network of three blocks for pictures of shape (n, 1, height, width)."""

    def body(channels: int) -> nn.Module:
        layers: list[nn.Module] = [*_normed(channels, 16, 3), nn.ReLU(inplace=True)]
        channels = 16
        for width, stride in ((16, 1), (32, 2), (64, 2)):
            layers.append(Basic(channels, width, stride))
            channels = width
        return nn.Sequential(*layers, *_head(channels, n_classes))

    return _with_front(arm, 1, body)


def _with_front(arm: str, channels: int, body: Callable[[int], nn.Module]) -> nn.Module:
    if arm == "plain":
        network = body(channels)
    else:
        network = nn.Sequential(body(FRONT))
        network.insert(0, nn.Conv2d(channels, FRONT, 1))
    _initialise(network)
    # Coordinate weights draw no global random numbers: both arms of a seed share all others.
    return to_coordconv(network, with_r=True).module if arm == "coordconv8" else network


def _normed(channels: int, n_filters: int, size: int, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(channels, n_filters, size, stride, size // 2, bias=False)
    return convolution, nn.BatchNorm2d(n_filters)


def _shortcut(channels: int, n_filters: int, stride: int) -> nn.Module:
    if channels == n_filters and stride == 1:
        return nn.Identity()
    return nn.Sequential(*_normed(channels, n_filters, 1, stride))


def _head(channels: int, n_classes: int) -> tuple[nn.Module, ...]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes)


def _initialise(network: nn.Module) -> None:
    """Draw the convolutions' weights as torchvision does: He's normal distribution, of outputs."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
