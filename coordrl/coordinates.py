"""Coordinate grids: one channel an axis, linear in [-1, 1], and the distance from the centre.

Two controls take their place, channel for channel: a constant, which tells no position, and fixed
random maps, which tell positions apart without saying where they are. Sinusoids of the coordinates
are another way to write positions down, in more channels.
"""

from collections.abc import Sequence
from math import pi, prod

import torch

CONSTANT = 3**-0.5
"""The root mean square of a coordinate, and of a random map."""
LEARNED = "learned"
"""The code of a layer that has a free map in place of coordinates, and no channels."""
MOST_BANDS = 12
"""Sinusoids beyond are finer than any image's pixels."""
_MAKE_FX = torch._C._TorchDispatchModeKey.PROXY


def n_coordinates(n_axes: int, with_r: bool = False, code: str = "coordinates") -> int:
    """Count the coordinate channels of an input with ``n_axes`` spatial axes.

    :param n_axes: Number of spatial axes (2 for images)
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the channels hold, see :func:`coordinate_grid`
    :return: ``n_axes``, plus one for the radius; times the channels that each takes

    >>> n_coordinates(2), n_coordinates(2, with_r=True), n_coordinates(2, code="fourier_3")
    (2, 3, 12)
    """
    return (n_axes + int(with_r)) * channels_each(code)


def channels_each(code: str) -> int:
    """Count the channels that each coordinate takes: a sine and a cosine a band, or one."""
    return 2 * (_number(code, "fourier") or 0) or 1


def check_code(code: str) -> None:
    """Check what coordinate channels are to hold.

    :param code: See :func:`coordinate_grid`
    :raises ValueError: If it is unknown

    >>> check_code("random")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: code='random' is unknown: use coordinates, constant, random_SEED (such as ...
    """
    bands = _number(code, "fourier")
    known = code in ("coordinates", "constant", LEARNED) or _number(code, "random") is not None
    if not known and (bands is None or not 1 <= bands <= MOST_BANDS):
        raise ValueError(
            f"code={code!r} is unknown: use coordinates, constant, random_SEED (such as random_0), "
            f"fourier_BANDS (fourier_1 to fourier_{MOST_BANDS}) or {LEARNED}"
        )


def check_code_of_channels(code: str) -> None:
    """Check what channels are to hold that are made without weights of their own.

    :raises ValueError: If the code is unknown, or has no channels
    """
    check_code(code)
    if code == LEARNED:
        raise ValueError(
            f"code={LEARNED!r} is a free map of a CoordConv layer, which has no coordinate channels"
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
        numbers uniform in [-1, 1], the same whenever the size and the seed are the same; or, of
        about the same mean square, ``"fourier_3"`` (or another number of bands up to 12): of each
        coordinate c the sinusoids sin(2^k pi c / 2), cos(2^k pi c / 2), k = 0, 1, 2, in this order
    :param device: Device of the grid
    :param dtype: Floating-point type of the grid, torch's default if None
    :return: Tensor of shape ``(n_coords, *size)``
    :raises ValueError: If ``code`` is unknown, or has no channels

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
    check_code_of_channels(code)
    shape = (n_coordinates(len(size), with_r), *size)
    if code == "constant":
        return torch.full(shape, CONSTANT, device=device, dtype=dtype)
    seed = _number(code, "random")
    if seed is not None:
        return _random_maps(shape, seed, device, exact).to(dtype)
    axes = [_axis(length, device, exact) for length in size]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    if with_r:
        grid = torch.cat([grid, grid.square().sum(0, keepdim=True).sqrt()])
    bands = _number(code, "fourier")
    return (grid if bands is None else _sinusoids(grid, bands)).to(dtype)


def _sinusoids(grid: torch.Tensor, bands: int) -> torch.Tensor:
    """Write each coordinate as sinusoids, of the mean square 1/3 over whole periods.

    Fourier features of NeRF (Mildenhall et al. 2020), from half its lowest frequency on: with that
    one an image's first and last row would look the same.
    """
    waves = [wave(2**k * pi / 2 * grid) for k in range(bands) for wave in (torch.sin, torch.cos)]
    scale: float = (2 / 3) ** 0.5
    return scale * torch.stack(waves, dim=1).flatten(0, 1)


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


def _number(code: str, kind: str) -> int | None:
    """Return the number of a code such as ``random_0``, None for codes of another kind."""
    before, _, digits = str(code).partition("_")
    is_number = before == kind and digits.isdecimal() and len(digits) < 10
    return int(digits) if is_number else None


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
