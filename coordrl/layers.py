"""CoordConv layers for PyTorch: convolutions that know where they are (Liu et al. 2018)."""

from typing import Self

import torch
from torch import nn

from coordrl.coord_conv import CoordConvBase, CoordInit
from coordrl.coordinates import coordinate_grid


class AddCoords(nn.Module):
    """Appends coordinate channels to its input, as the paper draws CoordConv.

    A :class:`CoordConv2d` gives the same result for less; this module is for networks that want
    the coordinates at their input.

    :param with_r: Whether to append the distance from the centre too

    >>> AddCoords()(torch.zeros(8, 3, 64, 48)).shape
    torch.Size([8, 5, 64, 48])
    """

    def __init__(self, with_r: bool = False) -> None:
        super().__init__()
        self.with_r = with_r

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Append the coordinates of each position.

        :param x: Batch of shape (N, C, *size), with any number of spatial axes
        :return: Tensor of shape (N, C + n_coords, *size): x, then i, j, ... and the radius
        """
        size = x.shape[2:]
        dtype = x.dtype if x.is_floating_point() else None
        grid = coordinate_grid(size, with_r=self.with_r, device=x.device, dtype=dtype)
        return torch.cat([x, grid.expand(len(x), -1, *size)], dim=1)

    def extra_repr(self) -> str:
        """Show the arguments in ``print(module)``."""
        return f"with_r={self.with_r}"


class _CoordConv(CoordConvBase):
    """Forward convolutions: ``coord_weight`` is (out, n_coords, *kernel size)."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  (torch's name)
        """Convolve the input with its coordinates.

        :param input: Tensor of shape ([N,] in_channels, *size)
        :return: Tensor of shape ([N,] out_channels, *output size)
        """
        output = self._conv_forward(input, self.weight, self.bias)
        return self._add_map(output, tuple(input.shape[-len(self.kernel_size) :]), self._map_of)

    def _map_of(self, grid: torch.Tensor) -> torch.Tensor:
        if self.groups > 1:  # every group sees all coordinates
            grid = torch.cat([grid] * self.groups, dim=1)
        return self._conv_forward(grid, self.coord_weight, None)

    def _coord_weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.n_coords, *self.kernel_size)

    def _concatenated_shape(self) -> tuple[int, ...]:
        in_channels = self.in_channels // self.groups + self.n_coords
        return (self.out_channels, in_channels, *self.kernel_size)

    def _split_concatenated(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        in_channels = self.in_channels // self.groups
        return weight[:, :in_channels], weight[:, in_channels:]


class CoordConv2d(_CoordConv, nn.Conv2d):
    """A 2-D convolution that also sees the coordinates of each position.

    An ``nn.Conv2d`` with one more parameter, ``coord_weight`` of shape
    (out_channels, n_coords, kernel height, kernel width). It computes exactly what a convolution
    of the input with its coordinate channels appended would compute (Liu et al. 2018), as the
    plain convolution plus one coordinate map for the whole batch. ``coord_weight`` is drawn from a
    private generator: with the same global seed, all other weights of a network are the same with
    and without coordinates.

    :param args: The arguments of ``nn.Conv2d``: in_channels, out_channels, kernel_size, ...
    :param with_r: Whether the distance from the centre is a coordinate too
    :param coord_init: Initial coordinate weights: ``"default"`` as torch would initialise the
        concatenated convolution, ``"orthogonal"`` as SB3's ``ortho_init`` would (the choice for
        A2C and PPO, whose ``ortho_init`` never sees ``coord_weight``), ``"zeros"`` to start as the
        plain convolution
    :raises ValueError: If ``coord_init`` is none of these

    >>> layer = CoordConv2d(3, 16, kernel_size=3, padding=1, with_r=True)
    >>> layer(torch.zeros(8, 3, 48, 64)).shape, layer.coord_weight.shape
    (torch.Size([8, 16, 48, 64]), torch.Size([16, 3, 3, 3]))
    """

    @classmethod
    def from_conv(
        cls, conv: nn.Conv2d, *, with_r: bool = False, coord_init: CoordInit = "default"
    ) -> Self:
        """Give coordinates to a plain convolution, whose parameters the new layer takes over.

        :param conv: The convolution; its ``weight`` and ``bias`` become the new layer's own
        :param with_r: Whether the distance from the centre is a coordinate too
        :param coord_init: Initial coordinate weights; with ``"zeros"`` the function is unchanged
        :return: The layer, on the same device and of the same type

        >>> conv = nn.Conv2d(3, 16, kernel_size=3)
        >>> layer = CoordConv2d.from_conv(conv, coord_init="zeros")
        >>> image = torch.rand(1, 3, 32, 32)
        >>> torch.equal(layer(image), conv(image))
        True
        """
        layer = cls(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            conv.bias is not None,
            conv.padding_mode,
            device="meta",  # draws no random numbers
            dtype=conv.weight.dtype,
            with_r=with_r,
            coord_init=coord_init,
        )
        layer.weight, layer.bias = conv.weight, conv.bias
        layer.coord_weight = nn.Parameter(conv.weight.new_empty(layer.coord_weight.shape))
        layer.reset_coord_parameters()
        return layer.train(conv.training)
