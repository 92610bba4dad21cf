"""The coordinate map: the convolution of the constant coordinates, the same for every sample.

With gradients it is computed once a forward pass. Without, it is kept for the next pass for as
long as the coordinate weights hold the same numbers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from coordrl.coordinates import coordinate_grid

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}

Convolve = Callable[[torch.Tensor], torch.Tensor]


class _KeptMap(NamedTuple):
    weight: torch.Tensor
    layout: tuple[Any, ...]
    coord_map: torch.Tensor


class CoordMap:
    """Adds a layer's coordinate map to the output of its plain convolution."""

    def __init__(self) -> None:
        self._kept: _KeptMap | None = None

    def add_to(
        self,
        output: torch.Tensor,
        weight: torch.Tensor,
        size: tuple[int, ...],
        with_r: bool,
        convolve: Convolve,
    ) -> torch.Tensor:
        """Add the coordinate map in place.

        :param output: Output of the plain convolution, of shape ([N,] out, *output size)
        :param weight: The coordinate weights
        :param size: Spatial size of the layer's input
        :param with_r: Whether the distance from the centre is a coordinate too
        :param convolve: Takes the coordinate grid (1, n_coords, *size) to the coordinate map
            (1, out, *output size)
        :return: The output
        """

        def compute() -> torch.Tensor:
            grid = coordinate_grid(size, with_r=with_r, device=weight.device, dtype=weight.dtype)
            coord_map = convolve(grid[None]).to(output.dtype)
            # Adding a map in the other memory layout would cost far more than the addition.
            return coord_map.contiguous(memory_format=_memory_format(output))

        if _may_be_kept(weight):
            layout = (size, output.shape[1:], output.dtype, _memory_format(output), weight.dtype)
            coord_map = self._kept_map(weight, layout, compute)
        else:
            coord_map = compute()
        return output.add_(coord_map if output.dim() == coord_map.dim() else coord_map[0])

    def _kept_map(
        self,
        weight: torch.Tensor,
        layout: tuple[Any, ...],
        compute: Callable[[], torch.Tensor],
    ) -> torch.Tensor:
        """Return the last map, or compute it if the weights or the layout have changed.

        Fused optimizers and SB3's ``polyak_update`` change weights without a trace in their
        version counters, so the weights are compared by value.
        """
        kept = self._kept
        if kept is None or kept.layout != layout or not torch.equal(kept.weight, weight):
            # Not an inference tensor: the map may serve training later, with frozen weights.
            with torch.inference_mode(False), torch.no_grad():
                kept = self._kept = _KeptMap(weight.detach().clone(), layout, compute())
        return kept.coord_map

    def __getstate__(self) -> dict[str, Any]:
        """Leave the map out of copies and pickles: it belongs to the layer's own weights."""
        return {"_kept": None}


def _may_be_kept(weight: torch.Tensor) -> bool:
    """Whether the map needs no gradient and its weights can be compared cheaply."""
    return (
        isinstance(weight, nn.Parameter)  # torch.func puts tensors of its own here
        and weight.device.type == "cpu"  # comparing on an accelerator would wait for it
        and not (weight.requires_grad and torch.is_grad_enabled())
        and not torch.compiler.is_compiling()
        and not torch._C._get_tracing_state()
    )


def _memory_format(output: torch.Tensor) -> torch.memory_format:
    """Tell the layout from the strides, which torch.vmap knows too."""
    if output.dim() in _CHANNELS_LAST and output.stride(1) == 1:
        return _CHANNELS_LAST[output.dim()]
    return torch.contiguous_format
