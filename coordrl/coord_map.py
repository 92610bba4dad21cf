"""The coordinate map: the convolution of the constant coordinates, the same for every sample.

At every position the map is a sum of coordinates, each times a coordinate weight. Which coordinate
each weight meets where is constant: the *patches*, one row a weight and one column a position. So

    map = coord_weight @ patches,

a small matrix product a forward pass. Without gradients even the map is kept for the next pass,
for as long as the coordinate weights hold the same numbers.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import torch
from torch import nn

from coordrl.coordinates import CONSTANT, coordinate_grid, n_coordinates

MOST_PATCHES = 2**18
"""More numbers than this (1 MB in single precision) are not kept: the map is convolved instead."""


class Geometry(NamedTuple):
    """What decides a map besides the weights and the type and layout of the output.

    :param size: Spatial size of the layer's input
    :param output_size: Spatial size of its output
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :func:`coordrl.coordinate_grid`
    :param transposed: Whether weights are (n_coords, out, *kernel), not (out, n_coords, *kernel)
    :param convolve: Takes coordinates (1, n_coords, *size), weights and the settings to the
        convolution (1, out, *output size)
    :param settings: The layer's stride, padding and so on
    """

    size: tuple[int, ...]
    output_size: tuple[int, ...]
    with_r: bool
    code: str
    transposed: bool
    convolve: Callable[..., torch.Tensor]
    settings: tuple[Any, ...]


class _Kept(NamedTuple):
    key: tuple[Any, ...]
    weight: torch.Tensor
    coord_map: torch.Tensor


class CoordMap:
    """Adds a layer's coordinate map to the output of its plain convolution."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None
        self._patches: tuple[Any, torch.Tensor] | None = None

    def add_to(
        self, output: torch.Tensor, weight: torch.Tensor, geometry: Geometry
    ) -> torch.Tensor:
        """Add the coordinate map in place.

        :param output: Output of the plain convolution, of shape ([N,] out, *output size)
        :param weight: The coordinate weights
        :param geometry: What else decides the map
        :return: The output
        """
        last = _is_channels_last(output, geometry)
        ordinary = _is_ordinary(weight)
        if not ordinary:
            coord_map = _convolved(weight, geometry, last)
        # Comparing weights on an accelerator would wait for it.
        elif not weight.is_cpu or (weight.requires_grad and torch.is_grad_enabled()):
            coord_map = self._map(weight, geometry, last)
        else:
            coord_map = self._kept_map(weight, geometry, last, output.dtype)
        if coord_map.dtype != output.dtype:
            coord_map = coord_map.to(output.dtype)
        if not last:
            return output.add_(coord_map)
        if torch.is_grad_enabled() or not ordinary:
            return output.add_(_over_the_batch(coord_map, output))
        # As rows of numbers: over four axes torch takes twice as long.
        output.movedim(1, -1).view(len(output), -1).add_(coord_map.view(-1))
        return output

    def _kept_map(
        self, weight: torch.Tensor, geometry: Geometry, channels_last: bool, dtype: torch.dtype
    ) -> torch.Tensor:
        """Return the last map, or compute it if anything has changed.

        Fused optimizers and SB3's ``polyak_update`` change weights without a trace in their
        version counters, so the weights are compared by value.
        """
        key = (geometry, channels_last, dtype, weight.dtype)
        kept = self._kept
        if kept is None or kept.key != key or not torch.equal(kept.weight, weight):
            # Not an inference tensor: the map may serve training later, with frozen weights.
            with torch.inference_mode(False), torch.no_grad():
                coord_map = self._map(weight, geometry, channels_last)
                kept = _Kept(key, weight.detach().clone(), coord_map)
            if type(coord_map) is torch.Tensor:
                self._kept = kept
        return kept.coord_map

    def _map(self, weight: torch.Tensor, geometry: Geometry, channels_last: bool) -> torch.Tensor:
        """Compute the map: (out, *output size), or (*output size, out) for channels last."""
        matrix = _matrix(weight, geometry)
        if matrix.shape[1] * prod(geometry.output_size) > MOST_PATCHES:
            return _convolved(weight, geometry, channels_last)
        patches = self._kept_patches(weight, geometry)
        if channels_last:
            return (patches.t() @ matrix.t()).view(*geometry.output_size, -1)
        return (matrix @ patches).view(-1, *geometry.output_size)

    def _kept_patches(self, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
        key = (geometry, weight.dtype, weight.device)
        if self._patches is not None and self._patches[0] == key:
            return self._patches[1]
        # Neither inference tensors nor in autocast's precision: they may serve training later.
        with (
            torch.inference_mode(False),
            torch.no_grad(),
            torch.autocast(weight.device.type, enabled=False),
        ):
            patches = _patches(weight, geometry)
        if type(patches) is torch.Tensor:  # not one that stands for it, as FakeTensorMode's do
            self._patches = (key, patches)
        return patches

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is kept out of copies and pickles."""
        return CoordMap().__dict__


def _is_ordinary(weight: torch.Tensor) -> bool:
    """Whether tensors are what they seem: not while compiling, exporting or tracing."""
    return (
        isinstance(weight, nn.Parameter)  # torch.func puts tensors of its own here
        and not torch.compiler.is_compiling()
        and not torch._C._get_tracing_state()
    )


def _convolved(weight: torch.Tensor, geometry: Geometry, channels_last: bool) -> torch.Tensor:
    """Compute the map by convolving the coordinates."""
    coord_map = _convolve_grid(weight, geometry)[0]
    return coord_map.movedim(0, -1).contiguous() if channels_last else coord_map


def _patches(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Convolve the coordinates with weights that are one at a single place, for every place.

    :return: Tensor of shape (n_coords * kernel size, positions)
    """
    kernel = weight.shape[2:]
    n_weights = n_coordinates(len(kernel), geometry.with_r) * prod(kernel)
    unit = torch.eye(n_weights, device=weight.device, dtype=weight.dtype)
    unit = unit.view(n_weights, -1, *kernel)
    if geometry.transposed:
        unit = unit.transpose(0, 1)
    return _convolve_grid(unit, geometry).reshape(n_weights, -1)


def _matrix(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Arrange coordinate weights as one row a filter."""
    return (weight.transpose(0, 1) if geometry.transposed else weight).flatten(1)


def _convolve_grid(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Convolve what the coordinate channels hold.

    :return: Tensor of shape (1, out, *output size)
    """
    if geometry.code == "constant":
        # To be the same everywhere: padding with zeros would show the borders, and a transposed
        # layer's stride its phase.
        sums = CONSTANT * _matrix(weight, geometry).sum(1)
        return sums.view(1, -1, *[1] * len(geometry.size)).expand(1, -1, *geometry.output_size)
    grid = coordinate_grid(
        geometry.size,
        with_r=geometry.with_r,
        code=geometry.code,
        device=weight.device,
        dtype=weight.dtype,
    )
    return geometry.convolve(grid[None], weight, *geometry.settings)


def _over_the_batch(rows: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Repeat a map (*output size, out) over the batch, without a copy, channels last.

    Its gradient is then summed over the batch in the memory's order. Left to itself, torch sums a
    channels-last gradient in another order, which takes ten to a hundred times as long.
    """
    return rows.expand(len(output), *rows.shape).movedim(-1, 1)


def _is_channels_last(output: torch.Tensor, geometry: Geometry) -> bool:
    """Tell the layout from the strides, which torch.vmap knows too; a single sample has none."""
    rank = len(geometry.output_size)
    return rank > 1 and output.dim() == rank + 2 and output.stride(1) == 1
