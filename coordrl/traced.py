"""The coordinate map in graphs: compiled, exported, traced.

A graph outlives the call that makes it. So nothing is kept, and nothing depends on numbers that
may differ in another call: not on the batch, on the size of images, on strides in memory.
"""

from typing import Any

import torch
from torch import nn
from torch.fx import Proxy

from coordrl.convolve import Geometry, convolve_grid
from coordrl.coordinates import is_recording


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
