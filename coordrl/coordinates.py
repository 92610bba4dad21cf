"""Coordinate grids: one channel an axis, linear in [-1, 1], and the distance from the centre.

Two controls take their place, channel for channel: a constant, which tells no position, and fixed
random maps, which tell positions apart without saying where they are.
"""

from collections.abc import Sequence
from math import prod

import torch

CONSTANT = 3**-0.5
"""The root mean square of a coordinate, and of a random map."""
_MAKE_FX = torch._C._TorchDispatchModeKey.PROXY


def n_coordinates(n_axes: int, with_r: bool = False) -> int:
    """Count the coordinate channels of an input with ``n_axes`` spatial axes.

    :param n_axes: Number of spatial axes (2 for images)
    :param with_r: Whether the distance from the centre is a channel too
    :return: ``n_axes``, plus one for the radius

    >>> n_coordinates(2), n_coordinates(2, with_r=True)
    (2, 3)
    """
    return n_axes + int(with_r)


def check_code(code: str) -> None:
    """Check what coordinate channels are to hold.

    :param code: See :func:`coordinate_grid`
    :raises ValueError: If it is unknown

    >>> check_code("random")
    Traceback (most recent call last):
    ValueError: code='random' is unknown: use coordinates, constant or random_SEED, such as random_0
    """
    if code not in ("coordinates", "constant") and _seed(code) is None:
        raise ValueError(
            f"code={code!r} is unknown: use coordinates, constant or random_SEED, such as random_0"
        )


def is_recording() -> bool:
    """Whether operations are recorded, to be run with other numbers and sizes later."""
    return (
        torch.compiler.is_compiling()  # or exporting
        or torch._C._get_tracing_state() is not None  # torch.jit.trace
        or torch._C._get_dispatch_mode(_MAKE_FX) is not None
    )


def coordinate_grid(
    size: Sequence[int],
    *,
    with_r: bool = False,
    code: str = "coordinates",
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
    :param code: ``"coordinates"``; or, to compare them with, as many channels of the same mean
        square: ``"constant"``, all of one value, or ``"random_0"`` (or another seed below 10^9),
        numbers uniform in [-1, 1], the same whenever the size and the seed are the same
    :param device: Device of the grid
    :param dtype: Floating-point type of the grid, torch's default if None
    :return: Tensor of shape ``(n_coords, *size)``
    :raises ValueError: If ``code`` is unknown

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
    check_code(code)
    shape = (n_coordinates(len(size), with_r), *size)
    if code == "constant":
        return torch.full(shape, CONSTANT, device=device, dtype=dtype)
    seed = _seed(code)
    if seed is not None:
        return _random_maps(shape, seed, device, exact).to(dtype)
    axes = [_axis(length, device, exact) for length in size]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    if with_r:
        grid = torch.cat([grid, grid.square().sum(0, keepdim=True).sqrt()])
    return grid.to(dtype)


def _axis(length: int, device: torch.device | str | None, dtype: torch.dtype) -> torch.Tensor:
    if is_recording():
        return _axis_of_any_length(length, device, dtype)
    if length == 1:
        return torch.zeros(1, device=device, dtype=dtype)
    return torch.linspace(-1.0, 1.0, length, device=device, dtype=dtype)


def _axis_of_any_length(
    length: int, device: torch.device | str | None, dtype: torch.dtype
) -> torch.Tensor:
    """Compute the same, up to rounding, where the length may be a symbol.

    ``linspace`` needs a number, and a length that is asked whether it is 1 becomes one.
    """
    positions = torch.arange(length, device=device, dtype=dtype)
    last = positions[-1:]
    return (2 * positions - last) / last.clamp(min=1)


def _seed(code: str) -> int | None:
    """Return the seed of ``random_SEED``, None for every other code."""
    kind, _, digits = str(code).partition("_")
    is_seed = kind == "random" and digits.isdecimal() and len(digits) < 10
    return int(digits) if is_seed else None


def _random_maps(
    shape: tuple[int, ...], seed: int, device: torch.device | str | None, dtype: torch.dtype
) -> torch.Tensor:
    """Draw maps by hashing the positions' numbers.

    Unlike a generator's, the numbers are the same on every device and with every version of
    torch, leave random states alone, and are constants to compilers and exporters.
    """
    first = _hash(torch.full((1,), seed, device=device))
    numbers = _hash(first + torch.arange(1, 1 + prod(shape), device=device))
    return numbers.view(shape).to(dtype) / 2**31 - 1


def _hash(numbers: torch.Tensor) -> torch.Tensor:
    """Scramble whole numbers, to 32 bits: shifts bring high bits down, products low bits up."""
    for _ in range(3):
        numbers = (numbers ^ (numbers >> 16)) * 0x1B56C4E9 & 0xFFFFFFFF
    return numbers ^ (numbers >> 16)
