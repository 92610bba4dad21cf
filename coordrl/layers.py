"""CoordConv layers for PyTorch: convolutions that know where they are (Liu et al. 2018)."""

from collections.abc import Sequence
from typing import Any, NoReturn

import torch
from torch import nn

from coordrl.convolve import cannot_be_scripted, convolve_transposed
from coordrl.coord_conv import CoordConvBase
from coordrl.coordinates import check_code_of_channels, coordinate_grid


class AddCoords(nn.Module):
    """Appends coordinate channels to its input, as the paper draws CoordConv.

    A :class:`CoordConv2d` gives the same result for less; this module is for networks that want
    the coordinates at their input.

    :param with_r: Whether to append the distance from the centre too
    :param code: What the channels hold, see :func:`coordrl.coordinate_grid`; a convolution that
        pads with zeros sees its borders even in constant channels, :class:`CoordConv2d` does not
    :raises ValueError: If ``code`` is unknown, or has no channels

    >>> AddCoords()(torch.zeros(8, 3, 64, 48)).shape
    torch.Size([8, 5, 64, 48])
    """

    def __init__(self, with_r: bool = False, *, code: str = "coordinates") -> None:
        super().__init__()
        check_code_of_channels(code)
        self.with_r = with_r
        self.code = code

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Append the coordinates of each position.

        :param x: Batch of shape (N, C, *size), with any number of spatial axes
        :return: Tensor of shape (N, C + n_coords, *size): x, then i, j, ... and the radius
        """
        return _append_coordinates(x, self.with_r, self.code)

    def __prepare_scriptable__(self) -> NoReturn:
        """Say what TorchScript's compiler would not say in one line."""
        raise cannot_be_scripted(self)

    def extra_repr(self) -> str:
        """Show the arguments in ``print(module)``."""
        return f"with_r={self.with_r}, code={self.code}"


@torch.fx.wrap  # one node of torch.fx
def _append_coordinates(x: torch.Tensor, with_r: bool, code: str) -> torch.Tensor:
    size = x.shape[2:]
    dtype = x.dtype if x.is_floating_point() else None
    grid = coordinate_grid(size, with_r=with_r, code=code, device=x.device, dtype=dtype)
    return torch.cat([x, grid.expand(x.shape[0], -1, *size)], dim=1)


class _CoordConv(CoordConvBase):
    """Forward convolutions: ``coord_weight`` is (out, n_coords, *kernel size)."""

    _coord_axis = 1

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  (torch's name)
        """Convolve the input with its coordinates.

        :param input: Tensor of shape ([N,] in_channels, *size)
        :return: Tensor of shape ([N,] out_channels, *output size)
        """
        return self.add_map(input, self._conv_forward(input, self.weight, self.bias))

    def add_map(self, input: torch.Tensor, output: torch.Tensor) -> torch.Tensor:  # noqa: A002
        """Add the coordinate map, in place, to an output of the plain convolution.

        :param input: The layer's input, of which only the size matters
        :param output: Tensor of shape ([N,] out_channels, *output size)
        :return: The output
        """
        return self._add_map(input, output, self._settings())

    def _settings(self) -> tuple[Any, ...]:
        pads = self._reversed_padding_repeated_twice
        return (self.stride, self.dilation, self.padding, self.padding_mode, pads)

    def _filters(self, weight: torch.Tensor) -> torch.Tensor:
        return weight

    def _coord_weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.n_coords, *self.kernel_size)

    def _join(self, weight: torch.Tensor, coord_weight: torch.Tensor) -> torch.Tensor:
        return torch.cat([weight, coord_weight], dim=1)

    def _split(self, concatenated: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        in_channels = self.in_channels // self.groups
        return concatenated[:, :in_channels], concatenated[:, in_channels:]


class _CoordConvTranspose(CoordConvBase):
    """Transposed convolutions: ``coord_weight`` is (n_coords, out, *kernel size)."""

    _coord_axis = 0

    def forward(
        self,
        input: torch.Tensor,  # noqa: A002  (torch's name)
        output_size: Sequence[int] | None = None,
    ) -> torch.Tensor:
        """Convolve the input with its coordinates, transposed.

        :param input: Tensor of shape ([N,] in_channels, *size)
        :param output_size: Spatial size of the output where the stride leaves a choice
        :return: Tensor of shape ([N,] out_channels, *output size)
        """
        output_padding = self._output_padding(  # type: ignore[operator]  # of torch's transposed classes
            input,
            None if output_size is None else list(output_size),
            self.stride,
            self.padding,
            self.kernel_size,
            len(self.kernel_size),
            self.dilation,
        )
        settings = self._settings(tuple(output_padding))
        output = convolve_transposed(
            input, self.weight, *settings, bias=self.bias, groups=self.groups
        )
        return self._add_map(input, output, settings)

    def _settings(self, output_padding: tuple[int, ...] | None = None) -> tuple[Any, ...]:
        output_padding = self.output_padding if output_padding is None else output_padding
        return (self.stride, self.padding, output_padding, self.dilation)

    def _filters(self, weight: torch.Tensor) -> torch.Tensor:
        return torch.unflatten(weight, 0, (self.groups, -1)).transpose(1, 2).flatten(0, 1)

    def _coord_weight_shape(self) -> tuple[int, ...]:
        return (self.n_coords, self.out_channels, *self.kernel_size)

    def _join(self, weight: torch.Tensor, coord_weight: torch.Tensor) -> torch.Tensor:
        inputs = torch.unflatten(weight, 0, (self.groups, -1))
        coords = torch.unflatten(coord_weight, 1, (self.groups, -1)).transpose(0, 1)
        return torch.cat([inputs, coords], dim=1).flatten(0, 1)

    def _split(self, concatenated: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        in_channels = self.in_channels // self.groups
        groups = torch.unflatten(concatenated, 0, (self.groups, -1))
        coords = groups[:, in_channels:].transpose(0, 1).flatten(1, 2)
        return groups[:, :in_channels].flatten(0, 1), coords


class CoordConv1d(_CoordConv, nn.Conv1d):
    """A 1-D convolution that also sees the position: see :class:`CoordConv2d`.

    >>> CoordConv1d(3, 16, kernel_size=3)(torch.zeros(8, 3, 64)).shape
    torch.Size([8, 16, 62])
    """

    plain_class = nn.Conv1d


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
    :param code: What the coordinate channels hold: ``"coordinates"``; or, for a control with as
        many parameters, ``"constant"``, the same value everywhere (beyond the borders too), or
        ``"random_0"``, fixed random maps of this or another seed, which tell positions apart
        without geometry; or ``"fourier_3"``, sinusoids of the coordinates in so many bands; or
        ``"learned"``, no channels but a free map a filter, the most that any of these could give:
        ``coord_weight`` of shape ``(out_channels, *output size)``, which starts as what coordinates
        would add
    :param coord_init: Initial coordinate weights: ``"default"`` as torch would initialise the
        concatenated convolution, ``"orthogonal"`` as SB3's ``ortho_init`` would (the choice for
        A2C and PPO, whose ``ortho_init`` never sees ``coord_weight``), ``"zeros"`` to start as the
        plain convolution
    :param input_size: For ``code="learned"``, the spatial size of the layer's inputs, then fixed
    :raises ValueError: If ``code`` or ``coord_init`` is none of these, or ``input_size`` is missing

    >>> layer = CoordConv2d(3, 16, kernel_size=3, padding=1, with_r=True)
    >>> layer(torch.zeros(8, 3, 48, 64)).shape, layer.coord_weight.shape
    (torch.Size([8, 16, 48, 64]), torch.Size([16, 3, 3, 3]))
    """

    plain_class = nn.Conv2d


class CoordConv3d(_CoordConv, nn.Conv3d):
    """A 3-D convolution that also sees the coordinates: see :class:`CoordConv2d`.

    >>> CoordConv3d(3, 16, kernel_size=3)(torch.zeros(2, 3, 8, 8, 8)).shape
    torch.Size([2, 16, 6, 6, 6])
    """

    plain_class = nn.Conv3d


class CoordConvTranspose1d(_CoordConvTranspose, nn.ConvTranspose1d):
    """A transposed 1-D convolution that also sees the position of each of its inputs.

    See :class:`CoordConvTranspose2d`.

    >>> CoordConvTranspose1d(3, 16, kernel_size=4, stride=2)(torch.zeros(8, 3, 32)).shape
    torch.Size([8, 16, 66])
    """

    plain_class = nn.ConvTranspose1d


class CoordConvTranspose2d(_CoordConvTranspose, nn.ConvTranspose2d):
    """A transposed 2-D convolution that also sees the coordinates of each of its inputs.

    An ``nn.ConvTranspose2d`` with one more parameter, ``coord_weight`` of shape
    (n_coords, out_channels, kernel height, kernel width); otherwise as :class:`CoordConv2d`.

    :param args: The arguments of ``nn.ConvTranspose2d``
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, as in :class:`CoordConv2d`
    :param coord_init: Initial coordinate weights, as in :class:`CoordConv2d`
    :raises ValueError: If ``code`` or ``coord_init`` is unknown

    >>> layer = CoordConvTranspose2d(3, 16, kernel_size=3, stride=2)
    >>> layer(torch.zeros(8, 3, 7, 7), output_size=(16, 15)).shape
    torch.Size([8, 16, 16, 15])
    """

    plain_class = nn.ConvTranspose2d


class CoordConvTranspose3d(_CoordConvTranspose, nn.ConvTranspose3d):
    """A transposed 3-D convolution that also sees the coordinates of each of its inputs.

    See :class:`CoordConvTranspose2d`.

    >>> CoordConvTranspose3d(3, 16, kernel_size=2, stride=2)(torch.zeros(2, 3, 4, 4, 4)).shape
    torch.Size([2, 16, 8, 8, 8])
    """

    plain_class = nn.ConvTranspose3d
