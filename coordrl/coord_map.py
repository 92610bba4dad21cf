"""The coordinate map: the convolution of the constant coordinates, the same for every sample.

At every position the map is a sum of coordinates, each times a coordinate weight. Which coordinate
each weight meets where is constant: the *patches*, one row a weight and one column a position. So

    map = coord_weight @ patches,

a small matrix product a forward pass. Without gradients even the map is kept for the next pass,
for as long as the coordinate weights hold the same numbers.
"""

from math import prod
from typing import Any, NamedTuple

import torch
from torch import nn
from torch._subclasses import FakeTensor

from coordrl.convolve import Geometry, add_traced_map, as_matrix, convolve_grid, is_tracing
from coordrl.coordinates import LEARNED, n_coordinates

MOST_PATCHES = 2**18
"""Patches of more numbers than this (1 MB in single precision) are not made: the map is convolved
instead."""
MOST_PATCH_ROWS = 2**11
"""Nor are patches of more rows: the unit kernels that they are made with have this many squared."""
MOST_KEPT = 2**20
"""Maps of more numbers than this (4 MB in single precision) are computed in every pass."""


class _Kept(NamedTuple):
    key: tuple[Any, ...]
    weight: torch.Tensor
    coord_map: torch.Tensor


class CoordMap:
    """Adds a layer's coordinate map to the output of its plain convolution."""

    switched_off = False
    """Whether nothing is added: see :func:`coordrl.inspect.without_coordinates`."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None
        self._patches: tuple[Any, torch.Tensor] | None = None

    def add_to(
        self, output: torch.Tensor, weight: torch.Tensor, geometry: Geometry
    ) -> torch.Tensor:
        """Add the coordinate map, in place where that is possible.

        :param output: Output of the plain convolution, of shape ([N,] out, *output size)
        :param weight: The coordinate weights
        :param geometry: What else decides the map
        :return: The output
        """
        if self.switched_off:
            return output
        if is_tracing(weight):
            return add_traced_map(output, weight, geometry)
        last = _is_channels_last(output, geometry)
        ordinary = isinstance(weight, nn.Parameter) and not is_without_data(output)
        if geometry.code == LEARNED:
            _check_size(weight, geometry)
        if (
            not ordinary or geometry.code == LEARNED
        ):  # computed, or of torch.func; or the map itself
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
                if coord_map.numel() > MOST_KEPT:
                    return coord_map
                kept = self._kept = _Kept(key, weight.detach().clone(), coord_map)
        return kept.coord_map

    def _map(self, weight: torch.Tensor, geometry: Geometry, channels_last: bool) -> torch.Tensor:
        """Compute the map: (out, *output size), or (*output size, out) for channels last."""
        matrix = as_matrix(weight, geometry)
        rows = matrix.shape[1]
        if rows > MOST_PATCH_ROWS or rows * prod(geometry.output_size) > MOST_PATCHES:
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
        self._patches = (key, patches)
        return patches

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is kept out of copies and pickles."""
        return CoordMap().__dict__


def is_without_data(tensor: torch.Tensor) -> bool:
    """Whether a tensor has a shape and a type alone: on the meta device, or in FakeTensorMode."""
    return tensor.is_meta or isinstance(tensor, FakeTensor)


def _convolved(weight: torch.Tensor, geometry: Geometry, channels_last: bool) -> torch.Tensor:
    """Compute the map by convolving the coordinates."""
    coord_map = convolve_grid(weight, geometry).expand(1, -1, *geometry.output_size)[0]
    return coord_map.movedim(0, -1).contiguous() if channels_last else coord_map


def _patches(weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Convolve the coordinates with weights that are one at a single place, for every place.

    :return: Tensor of shape (n_coords * kernel size, positions)
    """
    kernel = weight.shape[2:]
    n_weights = n_coordinates(len(kernel), geometry.with_r, geometry.code) * prod(kernel)
    unit = torch.eye(n_weights, device=weight.device, dtype=weight.dtype)
    unit = unit.view(n_weights, -1, *kernel)
    if geometry.transposed:
        unit = unit.transpose(0, 1)
    patches = convolve_grid(unit, geometry).expand(1, -1, *geometry.output_size)
    return patches.reshape(n_weights, -1)


def _check_size(learned: torch.Tensor, geometry: Geometry) -> None:
    if learned.shape[1:] != geometry.output_size:
        raise ValueError(
            f"a layer with a learned map of {tuple(learned.shape[1:])} takes inputs of one size, "
            f"not one of {tuple(geometry.size)}, whose output is {tuple(geometry.output_size)}"
        )


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
