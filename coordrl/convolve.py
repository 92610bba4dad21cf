"""Convolutions as functions, of a layer's input and of the coordinates, also in graphs.

A graph, compiled, exported or traced, outlives the call that makes it. So nothing in it is kept,
and nothing depends on numbers that may differ in another call: not on the batch, on the size of
images, on strides in memory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn
from torch.fx import Proxy

from coordrl.coordinates import CONSTANT, LEARNED, coordinate_grid, is_recording


class Geometry(NamedTuple):
    """What decides a coordinate map besides the weights and the type and layout of the output.

    :param size: Spatial size of the layer's input
    :param output_size: Spatial size of its output
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :func:`coordrl.coordinate_grid`
    :param transposed: Whether the layer is transposed, with weights (n_coords, out, *kernel), not
        (out, n_coords, *kernel)
    :param settings: The layer's stride, padding and so on, as :func:`convolve` or
        :func:`convolve_transposed` takes them
    """

    size: tuple[int, ...]
    output_size: tuple[int, ...]
    with_r: bool
    code: str
    transposed: bool
    settings: tuple[Any, ...]


def convolve(
    x: torch.Tensor,
    weight: torch.Tensor,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: str | tuple[int, ...],
    padding_mode: str,
    pads: list[int],
) -> torch.Tensor:
    """Convolve as torch's layers with these settings do, without groups."""
    if padding_mode != "zeros":
        x, padding = F.pad(x, pads, mode=padding_mode), (0,) * len(stride)
    function: Callable[..., torch.Tensor] = (F.conv1d, F.conv2d, F.conv3d)[len(stride) - 1]
    return function(x, weight, None, stride, padding, dilation)


def convolve_transposed(
    x: torch.Tensor,
    weight: torch.Tensor,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_padding: tuple[int, ...],
    dilation: tuple[int, ...],
    *,
    bias: torch.Tensor | None = None,
    groups: int = 1,
) -> torch.Tensor:
    """Convolve as torch's transposed layers with these settings do."""
    functions = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
    function: Callable[..., torch.Tensor] = functions[len(stride) - 1]
    return function(x, weight, bias, stride, padding, output_padding, groups, dilation)


def convolve_grid(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Convolve what the coordinate channels hold; a learned map is there already.

    :return: Tensor of shape (1, out, *output size); where it is the same everywhere, of size 1
    """
    if geometry.code == LEARNED:
        return weight[None]
    if geometry.code == "constant":
        # Padding with zeros would show the borders, and a transposed layer's stride its phase.
        sums = CONSTANT * as_matrix(weight, geometry).sum(1)
        return sums.view(1, -1, *[1] * len(geometry.size))
    grid = coordinate_grid(
        geometry.size,
        with_r=geometry.with_r,
        code=geometry.code,
        device=weight.device,
        dtype=weight.dtype,
    )
    function = convolve_transposed if geometry.transposed else convolve
    return function(grid[None], weight, *geometry.settings)


def as_matrix(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Arrange coordinate weights as one row a filter."""
    return (weight.transpose(0, 1) if geometry.transposed else weight).flatten(1)


def is_tracing(tensor: Any) -> bool:
    """Whether an operation of this tensor would be recorded, not run."""
    return is_recording() or isinstance(tensor, Proxy)  # torch.fx


def add_traced_map(output: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Add the coordinate map, by operations that a graph can hold.

    :param output: Output of the plain convolution, of shape ([N,] out, *output size)
    :param weight: The coordinate weights
    :param geometry: What else decides the map; its output size is not looked at
    :return: The sum
    """
    # Types that nodes of torch.fx may have as arguments.
    settings = (geometry.with_r, geometry.code, geometry.transposed, geometry.settings)
    return _add_convolved(output, weight, geometry.size, *settings)


def cannot_be_scripted(module: nn.Module) -> TypeError:
    """Make the error that TorchScript's compiler would not tell in one line."""
    return TypeError(
        f"torch.jit.script cannot compile a {type(module).__name__}: use torch.export, "
        f"torch.compile or torch.jit.trace (docs/deployment.md)"
    )


@torch.fx.wrap
def _add_convolved(
    output: torch.Tensor,
    weight: torch.Tensor,
    size: tuple[int, ...],
    with_r: bool,
    code: str,
    transposed: bool,
    settings: tuple[Any, ...],
) -> torch.Tensor:
    """Add the map, as one node of torch.fx."""
    geometry = Geometry(size, (), with_r, code, transposed, settings)
    return output + convolve_grid(weight, geometry)[0].to(output.dtype)
