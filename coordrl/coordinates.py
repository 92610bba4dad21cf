"""Coordinate grids: one channel an axis, linear in [-1, 1], and the distance from the centre."""

from collections.abc import Sequence

import torch


def n_coordinates(n_axes: int, with_r: bool = False) -> int:
    """Count the coordinate channels of an input with ``n_axes`` spatial axes.

    :param n_axes: Number of spatial axes (2 for images)
    :param with_r: Whether the distance from the centre is a channel too
    :return: ``n_axes``, plus one for the radius

    >>> n_coordinates(2), n_coordinates(2, with_r=True)
    (2, 3)
    """
    return n_axes + int(with_r)


def coordinate_grid(
    size: Sequence[int],
    *,
    with_r: bool = False,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Make the coordinate channels of an input of this size.

    Channel k runs linearly from -1 at the first to 1 at the last position along axis k: for
    images, first i (the row), then j (the column). An axis of length 1 gives 0, its centre. The
    radius is taken of the scaled coordinates, sqrt(i^2 + j^2), so it is 0 at the centre (Liu et
    al. 2018, section 3; the released code swaps the scales of i and j when height != width).

    :param size: Spatial size, for images (height, width)
    :param with_r: Whether to append the distance from the centre
    :param device: Device of the grid
    :param dtype: Floating-point type of the grid, torch's default if None
    :return: Tensor of shape (n_coords, *size)

    >>> coordinate_grid((2, 3))
    tensor([[[-1., -1., -1.],
             [ 1.,  1.,  1.]],
    <BLANKLINE>
            [[-1.,  0.,  1.],
             [-1.,  0.,  1.]]])
    """
    dtype = torch.get_default_dtype() if dtype is None else dtype
    # Half precision would round the positions: they are computed in single precision or better.
    exact = torch.promote_types(dtype, torch.float32)
    axes = [_axis(length, device, exact) for length in size]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    if with_r:
        grid = torch.cat([grid, grid.square().sum(0, keepdim=True).sqrt()])
    return grid.to(dtype)


def _axis(length: int, device: torch.device | str | None, dtype: torch.dtype) -> torch.Tensor:
    if length == 1:
        return torch.zeros(1, device=device, dtype=dtype)
    return torch.linspace(-1.0, 1.0, length, device=device, dtype=dtype)
