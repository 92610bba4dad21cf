"""What every CoordConv layer shares: coordinate weights, their initial values, the map they add.

A convolution of the input with coordinate channels appended is linear in those channels, and they
are the same for every sample, so

    conv([x, coords]; [weight, coord_weight]) = conv(x; weight) + conv(coords; coord_weight)

exactly, for every stride, padding, dilation and padding mode. The second term, the coordinate
map, is computed once for the whole batch, and without gradients once for every state of the
weights.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from coordrl.coordinates import coordinate_grid, n_coordinates

CoordInit = Literal["default", "orthogonal", "zeros"]


_Convolve = Callable[[torch.Tensor], torch.Tensor]


class _KeptMap(NamedTuple):
    """A coordinate map, with the weights and the layout it was computed for."""

    weight: torch.Tensor
    layout: tuple[Any, ...]
    coord_map: torch.Tensor


class CoordConvBase(_ConvNd):
    """Mixin before a torch convolution: adds ``coord_weight`` and the map to its output.

    Not to be used by itself: see :class:`coordrl.CoordConv2d`.
    """

    coord_weight: nn.Parameter
    with_r: bool
    coord_init: CoordInit
    _last_map: _KeptMap | None

    def __init__(
        self, *args: Any, with_r: bool = False, coord_init: CoordInit = "default", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if coord_init not in get_args(CoordInit):
            raise ValueError(
                f"coord_init={coord_init!r} is unknown: use one of {', '.join(get_args(CoordInit))}"
            )
        self.with_r = with_r
        self.coord_init = coord_init
        self._last_map = None
        self.coord_weight = nn.Parameter(self.weight.new_empty(self._coord_weight_shape()))
        self.reset_coord_parameters()

    @property
    def n_coords(self) -> int:
        """Number of coordinate channels: one a spatial axis, and one for the radius."""
        return n_coordinates(len(self.kernel_size), self.with_r)

    def reset_parameters(self) -> None:
        """Draw all weights again; the shared ones exactly as the plain convolution would."""
        super().reset_parameters()
        if "coord_weight" in self._parameters:
            self.reset_coord_parameters()

    @torch.no_grad()
    def reset_coord_parameters(self) -> None:
        """Draw ``coord_weight`` as a convolution of the concatenated input would be initialised.

        ``"default"`` follows torch's convolutions, ``"orthogonal"`` SB3's ``ortho_init`` with the
        gain sqrt(2) of its feature extractors, ``"zeros"`` starts as the plain convolution. The
        numbers come from a private generator, so torch's global random state is left as it was.
        """
        if self.coord_init == "zeros":
            self.coord_weight.zero_()
        elif not self.weight.is_meta:
            concatenated = torch.empty(self._concatenated_shape())
            generator = self._private_generator()
            if self.coord_init == "orthogonal":
                nn.init.orthogonal_(concatenated, gain=2**0.5, generator=generator)
            else:
                nn.init.kaiming_uniform_(concatenated, a=5**0.5, generator=generator)
            self.coord_weight.copy_(self._split_concatenated(concatenated)[1])

    def _private_generator(self) -> torch.Generator:
        """Make a generator that is decided by the global seed and differs from layer to layer.

        A copy of the global state would repeat the numbers that other layers draw. The layer's
        own weights and the global state tell layers of one model apart.
        """
        state = hashlib.sha256(str(torch.initial_seed()).encode())
        state.update(torch.get_rng_state().numpy().tobytes())
        state.update(repr((tuple(self.weight.shape), self.weight.flatten()[:64].tolist())).encode())
        return torch.Generator().manual_seed(int.from_bytes(state.digest()[:7], "big"))

    def extra_repr(self) -> str:
        """Show the arguments in ``print(module)``."""
        return f"{super().extra_repr()}, with_r={self.with_r}"  # type: ignore[no-untyped-call]  # torch's own

    def _coord_weight_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _concatenated_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _split_concatenated(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        raise NotImplementedError

    def _add_map(
        self, output: torch.Tensor, size: tuple[int, ...], convolve: _Convolve
    ) -> torch.Tensor:
        """Add the coordinate map to the plain convolution's output, in place.

        :param output: Output of the plain convolution, of shape ([N,] out, *output size)
        :param size: Spatial size of the layer's input
        :param convolve: Takes the coordinate grid (1, n_coords, *size) to the coordinate map
            (1, out, *output size)
        """
        if self._map_may_be_kept():
            coord_map = self._kept_map(output, size, convolve)
        else:
            coord_map = self._compute_map(output, size, convolve)
        return output.add_(coord_map if output.dim() == coord_map.dim() else coord_map[0])

    def _compute_map(
        self, output: torch.Tensor, size: tuple[int, ...], convolve: _Convolve
    ) -> torch.Tensor:
        weight = self.coord_weight
        grid = coordinate_grid(size, with_r=self.with_r, device=weight.device, dtype=weight.dtype)
        coord_map = convolve(grid[None]).to(output.dtype)
        # Adding a map in the other memory layout would cost far more than the addition itself.
        return coord_map.contiguous(memory_format=_memory_format(output))

    def _map_may_be_kept(self) -> bool:
        """Whether the map needs no gradient and its weights can be compared cheaply."""
        weight = self.coord_weight
        return (
            isinstance(weight, nn.Parameter)  # torch.func puts tensors of its own here
            and weight.device.type == "cpu"  # comparing on an accelerator would wait for it
            and not (weight.requires_grad and torch.is_grad_enabled())
            and not torch.compiler.is_compiling()
            and not torch._C._get_tracing_state()
        )

    def _kept_map(
        self, output: torch.Tensor, size: tuple[int, ...], convolve: _Convolve
    ) -> torch.Tensor:
        """Return the map of the last call if weights and layout are still the same.

        Fused optimizers and SB3's ``polyak_update`` change weights without a trace in their
        version counters, so the weights are compared by value.
        """
        weight = self.coord_weight
        layout = (size, output.shape[1:], output.dtype, _memory_format(output), weight.dtype)
        kept = self._last_map
        if kept is None or kept.layout != layout or not torch.equal(kept.weight, weight):
            with torch.inference_mode(False), torch.no_grad():
                coord_map = self._compute_map(output, size, convolve)
                kept = self._last_map = _KeptMap(weight.detach().clone(), layout, coord_map)
        return kept.coord_map

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last_map": None}


def _memory_format(output: torch.Tensor) -> torch.memory_format:
    for dim, memory_format in ((4, torch.channels_last), (5, torch.channels_last_3d)):
        if output.dim() == dim and output.is_contiguous(memory_format=memory_format):
            return memory_format
    return torch.contiguous_format
