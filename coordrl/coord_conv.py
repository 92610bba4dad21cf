"""What every CoordConv layer shares: coordinate weights, and their exchange with other networks.

A convolution of the input with coordinate channels appended is linear in those channels, and they
are the same for every sample, so

    conv([x, coords]; [weight, coord_weight]) = conv(x; weight) + conv(coords; coord_weight)

exactly, for every stride, padding, dilation and padding mode. The second term, the coordinate
map, is computed once for the whole batch (:mod:`coordrl.coord_map`).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Self, get_args

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from coordrl.coord_map import CoordMap, Geometry
from coordrl.coordinates import check_code, n_coordinates

CoordInit = Literal["default", "orthogonal", "zeros"]


class CoordConvBase(_ConvNd):
    """Mixin before a torch convolution: adds ``coord_weight`` and the map to its output.

    Not to be used by itself: see :class:`coordrl.CoordConv2d`.
    """

    plain_class: ClassVar[type[_ConvNd]]
    """torch's own convolution of the same kind."""
    coord_weight: nn.Parameter
    with_r: bool
    code: str
    coord_init: CoordInit

    def __init__(
        self,
        *args: Any,
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "default",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        check_code(code)
        if coord_init not in get_args(CoordInit):
            raise ValueError(
                f"coord_init={coord_init!r} is unknown: use one of {', '.join(get_args(CoordInit))}"
            )
        self.with_r = with_r
        self.code = code
        self.coord_init = coord_init
        self._coord_map = CoordMap()
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
            concatenated = torch.empty(self._join(self.weight, self.coord_weight).shape)
            generator = self._private_generator()
            if self.coord_init == "orthogonal":
                nn.init.orthogonal_(concatenated, gain=2**0.5, generator=generator)
            else:
                nn.init.kaiming_uniform_(concatenated, a=5**0.5, generator=generator)
            self.coord_weight.copy_(self._split(concatenated)[1])

    @classmethod
    def from_conv(
        cls,
        conv: _ConvNd,
        *,
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "default",
    ) -> Self:
        """Give coordinates to a plain convolution, whose parameters the new layer takes over.

        No global random number is drawn.

        :param conv: The convolution; its ``weight`` and ``bias`` become the new layer's own
        :param with_r: Whether the distance from the centre is a coordinate too
        :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
        :param coord_init: Initial coordinate weights; with ``"zeros"`` the function is unchanged
        :return: The layer, on the same device and of the same type
        :raises TypeError: If ``conv`` is not torch's own convolution of this kind
        :raises ValueError: If ``code`` or ``coord_init`` is unknown

        >>> from coordrl import CoordConv2d
        >>> conv = nn.Conv2d(3, 16, kernel_size=3)
        >>> layer = CoordConv2d.from_conv(conv, coord_init="zeros")
        >>> image = torch.rand(1, 3, 32, 32)
        >>> torch.equal(layer(image), conv(image))
        True
        """
        cls._check_plain(conv)
        layer = cls._like(conv, 0, with_r=with_r, code=code, coord_init=coord_init)
        layer.weight, layer.bias = conv.weight, conv.bias
        layer.coord_weight = nn.Parameter(conv.weight.new_empty(layer.coord_weight.shape))
        layer.reset_coord_parameters()
        return layer

    @classmethod
    def from_concatenated(
        cls,
        conv: _ConvNd,
        *,
        with_r: bool = False,
        code: str = "coordinates",
        coord_order: Sequence[int] | None = None,
    ) -> Self:
        """Take the weights of a convolution whose input has coordinate channels appended.

        Its input channels are [x, coordinates], in every group if there are several. The order of
        the coordinates is given by the spatial axis that each runs along: (0, 1), rows first, in
        this package and in mkocabas's ``AddCoords``; (1, 0), columns first, in Uber's
        ``AddCoords`` and mkocabas's ``AddCoordsTh``. A radius comes last; theirs may be measured
        from another centre, so that only the weights are the same. TensorFlow's kernels are to be
        permuted from (height, width, in, out) to (out, in, height, width) first.

        :param conv: The convolution
        :param with_r: Whether the last of its input channels is a radius
        :param code: What its coordinate channels hold, see :class:`coordrl.CoordConv2d`
        :param coord_order: Axes of its coordinate channels, in order if None
        :return: A layer of the same function, with copies of the weights
        :raises TypeError: If ``conv`` is not torch's own convolution of this kind
        :raises ValueError: If it has too few input channels, the order is no permutation, or it
            pads constant channels with zeros

        >>> from coordrl import AddCoords, CoordConv2d
        >>> conv = nn.Conv2d(3 + 2, 16, kernel_size=3)
        >>> layer = CoordConv2d.from_concatenated(conv)
        >>> image = torch.rand(1, 3, 32, 32)
        >>> torch.allclose(layer(image), conv(AddCoords()(image)), atol=1e-5)
        True
        """
        cls._check_plain(conv)
        n_coords = n_coordinates(len(conv.kernel_size), with_r)
        if conv.in_channels <= conv.groups * n_coords:
            raise ValueError(
                f"{conv.in_channels} input channels in {conv.groups} group(s) leave none beside "
                f"{n_coords} coordinates in each"
            )
        layer = cls._like(conv, conv.groups * n_coords, with_r=with_r, code=code)
        layer._check_constant()
        weight, coord_weight = layer._split(conv.weight.detach())
        theirs = layer._coord_channels(coord_order)
        ours = [theirs.index(channel) for channel in range(n_coords)]
        coord_weight = layer._take_coords(coord_weight, ours)
        layer.weight = nn.Parameter(weight.clone())
        layer.coord_weight = nn.Parameter(coord_weight.contiguous())
        if conv.bias is not None:
            layer.bias = nn.Parameter(conv.bias.detach().clone())
        return layer

    def to_concatenated(self, *, coord_order: Sequence[int] | None = None) -> _ConvNd:
        """Make the plain convolution that computes the same of [x, coordinates].

        :param coord_order: Axes of its coordinate channels, see :meth:`from_concatenated`
        :return: torch's own convolution, with copies of the weights
        :raises ValueError: If the order is no permutation of the axes, or the layer's channels
            are constant where a plain convolution would pad them with zeros

        >>> from coordrl import CoordConv2d
        >>> CoordConv2d(3, 16, kernel_size=3, with_r=True).to_concatenated().in_channels
        6
        """
        self._check_constant()
        arguments = _arguments(self, self.in_channels + self.groups * self.n_coords)
        plain = self.plain_class(**arguments)
        theirs = self._coord_channels(coord_order)
        coord_weight = self._take_coords(self.coord_weight.detach(), theirs)
        plain.weight = nn.Parameter(self._join(self.weight.detach(), coord_weight))
        if self.bias is not None:
            plain.bias = nn.Parameter(self.bias.detach().clone())
        return plain.train(self.training)

    def extra_repr(self) -> str:
        """Show the arguments in ``print(module)``."""
        code = "" if self.code == "coordinates" else f", code={self.code}"
        return f"{super().extra_repr()}, with_r={self.with_r}{code}"  # type: ignore[no-untyped-call]  # torch's own

    def _add_map(
        self,
        input: torch.Tensor,  # noqa: A002  (torch's name)
        output: torch.Tensor,
        convolve: Callable[..., torch.Tensor],
        settings: tuple[Any, ...],
    ) -> torch.Tensor:
        rank = len(self.kernel_size)
        geometry = Geometry(
            input.shape[-rank:],
            output.shape[-rank:],
            self.with_r,
            self.code,
            self.transposed,
            convolve,
            settings,
        )
        return self._coord_map.add_to(output, self.coord_weight, geometry)

    @classmethod
    def _like(cls, conv: _ConvNd, n_appended: int, **ours: Any) -> Self:
        """Make a layer with a convolution's settings and with weights still to be given."""
        layer = cls(**_arguments(conv, conv.in_channels - n_appended), **ours)
        return layer.train(conv.training)

    @classmethod
    def _check_plain(cls, conv: nn.Module) -> None:
        if not isinstance(conv, cls.plain_class) or isinstance(conv, CoordConvBase):
            raise TypeError(
                f"{cls.__name__} takes over a plain nn.{cls.plain_class.__name__}, "
                f"not a {type(conv).__name__}"
            )

    def _check_constant(self) -> None:
        """Refuse a constant code where convolving constant channels would give no constant."""
        pads = self.padding_mode == "zeros" and any(self._reversed_padding_repeated_twice)
        if self.code == "constant" and (pads or self.transposed):
            raise ValueError(
                "a plain convolution that pads with zeros, or is transposed, shows the borders in "
                "constant channels; a layer with code=constant does not, so it has no such twin"
            )

    def _private_generator(self) -> torch.Generator:
        """Make a generator that is decided by the global seed and differs from layer to layer.

        A copy of the global state would repeat the numbers that other layers draw. The layer's
        own weights and the global state tell layers of one model apart.
        """
        state = hashlib.sha256(str(torch.initial_seed()).encode())
        state.update(torch.get_rng_state().numpy().tobytes())
        state.update(repr((tuple(self.weight.shape), self.weight.flatten()[:64].tolist())).encode())
        return torch.Generator().manual_seed(int.from_bytes(state.digest()[:7], "big"))

    def _coord_channels(self, coord_order: Sequence[int] | None) -> list[int]:
        """Return which of our coordinates each channel of the other order holds."""
        axes = list(range(len(self.kernel_size)))
        order = axes if coord_order is None else list(coord_order)
        if sorted(order) != axes:
            raise ValueError(f"coord_order={coord_order} is no order of the axes {axes}")
        return [*order, len(axes)] if self.with_r else order

    def _take_coords(self, coord_weight: torch.Tensor, channels: list[int]) -> torch.Tensor:
        index = torch.tensor(channels, device=coord_weight.device)
        return coord_weight.index_select(self._coord_axis, index)

    _coord_axis: ClassVar[int]
    """The axis of ``coord_weight`` that runs over coordinates."""

    def _coord_weight_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _join(self, weight: torch.Tensor, coord_weight: torch.Tensor) -> torch.Tensor:
        """Put the weights together as those of a convolution of [x, coordinates]."""
        raise NotImplementedError

    def _split(self, concatenated: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Undo :meth:`_join`."""
        raise NotImplementedError


def _arguments(conv: _ConvNd, in_channels: int) -> dict[str, Any]:
    """Return the arguments that make a convolution like this one, drawing no random numbers."""
    output_padding = {"output_padding": conv.output_padding} if conv.transposed else {}
    return {
        "in_channels": in_channels,
        "out_channels": conv.out_channels,
        "kernel_size": conv.kernel_size,
        "stride": conv.stride,
        "padding": conv.padding,
        "dilation": conv.dilation,
        "groups": conv.groups,
        "bias": conv.bias is not None,
        "padding_mode": conv.padding_mode,
        "dtype": conv.weight.dtype,
        "device": "meta",
        **output_padding,
    }
