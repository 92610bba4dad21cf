"""What every CoordConv layer shares: coordinate weights, and their exchange with other networks.

A convolution of the input with coordinate channels appended is linear in those channels, and they
are the same for every sample, so

    conv([x, coords]; [weight, coord_weight]) = conv(x; weight) + conv(coords; coord_weight)

exactly, for every stride, padding, dilation and padding mode. The second term, the coordinate
map, is computed once for the whole batch (:mod:`coordrl.coord_map`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, get_args

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from coordrl.convolve import Geometry, cannot_be_scripted, convolve_grid
from coordrl.coord_init import draw_concatenated, write
from coordrl.coord_map import CoordMap, is_without_data
from coordrl.coordinates import (
    LEARNED,
    channels_each,
    check_code,
    check_code_of_channels,
    n_coordinates,
)
from coordrl.plain import plain_arguments, scales_filters, why_not_plain

if TYPE_CHECKING:
    from typing_extensions import Self

_FOLDED = (
    "this is the {0}'s weight with another scale for each filter, as if batch norm was folded into "
    "it, and coord_weight would keep the old scale: fold it by {0}.from_concatenated("
    "fuse_conv_bn_eval(layer.to_concatenated(), bn), ...), or change layer.weight in place "
    "(docs/deployment.md)"
)

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
    input_size: tuple[int, ...] | None
    """Spatial size of all inputs of a layer with a learned map."""

    def __init__(
        self,
        *args: Any,
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "default",
        input_size: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        check_code(code)
        if (code == LEARNED) != (input_size is not None):
            raise ValueError(
                f"code={code!r} with input_size={input_size}: a learned map needs the spatial "
                f"size of the layer's inputs, and nothing else has a use for it"
            )
        if coord_init not in get_args(CoordInit):
            raise ValueError(
                f"coord_init={coord_init!r} is unknown: use one of {', '.join(get_args(CoordInit))}"
            )
        self.with_r = with_r
        self.code = code
        self.coord_init = coord_init
        self.input_size = None if input_size is None else tuple(input_size)
        self._coord_map = CoordMap()
        shape = self._coord_weight_shape()
        if code == LEARNED:
            shape = self._map_of_coordinates(torch.zeros(shape, device="cpu")).shape
        self.coord_weight = nn.Parameter(self.weight.new_empty(shape))
        self.reset_coord_parameters()

    @property
    def n_coords(self) -> int:
        """Number of coordinate channels; of a learned map, of those that it starts from."""
        return n_coordinates(len(self.kernel_size), self.with_r, self.code)

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
        A learned map starts as what coordinates with these weights would add.
        """
        if self.coord_init == "zeros":
            self.coord_weight.zero_()
        elif not is_without_data(self.coord_weight):
            # Not on the meta device: joining tensors there imports torch's compiler.
            shapes = (self.weight.shape, self._coord_weight_shape())
            shape = self._join(*[torch.empty(part, device="cpu") for part in shapes]).shape
            orthogonal = self.coord_init == "orthogonal"
            concatenated = draw_concatenated(shape, self.weight, orthogonal=orthogonal)
            drawn = self._split(concatenated)[1]
            write(
                self.coord_weight,
                self._map_of_coordinates(drawn) if self.code == LEARNED else drawn,
            )

    @classmethod
    def from_conv(
        cls,
        conv: _ConvNd,
        *,
        with_r: bool = False,
        code: str = "coordinates",
        coord_init: CoordInit = "default",
        input_size: Sequence[int] | None = None,
    ) -> "Self":
        """Give coordinates to a plain convolution, whose parameters the new layer takes over.

        No global random number is drawn.

        :param conv: The convolution; its ``weight`` and ``bias`` become the new layer's own
        :param with_r: Whether the distance from the centre is a coordinate too
        :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
        :param coord_init: Initial coordinate weights; with ``"zeros"`` the function is unchanged
        :param input_size: For ``code="learned"``, the spatial size of its inputs
        :return: The layer, on the same device and of the same type
        :raises TypeError: If ``conv`` is not torch's own convolution of this kind, or has hooks,
            buffers or methods of its own, which the new layer would not have
        :raises ValueError: If ``code`` or ``coord_init`` is unknown, or ``input_size`` is missing

        >>> from coordrl import CoordConv2d
        >>> conv = nn.Conv2d(3, 16, kernel_size=3)
        >>> layer = CoordConv2d.from_conv(conv, coord_init="zeros")
        >>> image = torch.rand(1, 3, 32, 32)
        >>> torch.equal(layer(image), conv(image))
        True
        """
        cls._check_plain(conv)
        ours = {"with_r": with_r, "code": code, "coord_init": coord_init, "input_size": input_size}
        layer = cls._like(conv, 0, **ours)
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
    ) -> "Self":
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
        :raises TypeError: As :meth:`from_conv`
        :raises ValueError: If it has too few input channels, the order is no permutation, the code
            has no channels, or it pads constant channels with zeros

        >>> from coordrl import AddCoords, CoordConv2d
        >>> conv = nn.Conv2d(3 + 2, 16, kernel_size=3)
        >>> layer = CoordConv2d.from_concatenated(conv)
        >>> image = torch.rand(1, 3, 32, 32)
        >>> torch.allclose(layer(image), conv(AddCoords()(image)), atol=1e-5)
        True
        """
        cls._check_plain(conv)
        check_code_of_channels(code)
        n_coords = n_coordinates(len(conv.kernel_size), with_r, code)
        if conv.in_channels <= conv.groups * n_coords:
            raise ValueError(
                f"{conv.in_channels} input channels in {conv.groups} group(s) leave none beside "
                f"{n_coords} coordinates in each"
            )
        layer = cls._like(conv, conv.groups * n_coords, with_r=with_r, code=code)
        layer._check_twin()
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
        :raises ValueError: If the order is no permutation of the axes, the layer has a learned map
            and no channels, or its channels are constant where a plain convolution would pad them
            with zeros

        >>> from coordrl import CoordConv2d
        >>> CoordConv2d(3, 16, kernel_size=3, with_r=True).to_concatenated().in_channels
        6
        """
        self._check_twin()
        arguments = plain_arguments(self, self.in_channels + self.groups * self.n_coords)
        plain = self.plain_class(**arguments)
        theirs = self._coord_channels(coord_order)
        coord_weight = self._take_coords(self.coord_weight.detach(), theirs)
        plain.weight = nn.Parameter(self._join(self.weight.detach(), coord_weight))
        if self.bias is not None:
            plain.bias = nn.Parameter(self.bias.detach().clone())
        return plain.train(self.training)

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None:
        """Set a parameter, as assignment does.

        :raises ValueError: If it is the weight with another scale for each filter, which
            ``coord_weight`` would not have, as tools fold batch norm
        """
        old = self._parameters.get(name)
        if name == "weight" and scales_filters(param, old, self._filters):
            raise ValueError(_FOLDED.format(type(self).__name__))
        super().register_parameter(name, param)

    def __prepare_scriptable__(self) -> NoReturn:
        """Say what TorchScript's compiler would not say in one line."""
        raise cannot_be_scripted(self)

    def extra_repr(self) -> str:
        """Show the arguments in ``print(module)``."""
        code = "" if self.code == "coordinates" else f", code={self.code}"
        code += "" if self.input_size is None else f", input_size={self.input_size}"
        return f"{super().extra_repr()}, with_r={self.with_r}{code}"  # type: ignore[no-untyped-call]  # torch's own

    def _add_map(
        self,
        input: torch.Tensor,  # noqa: A002  (torch's name)
        output: torch.Tensor,
        settings: tuple[Any, ...],
    ) -> torch.Tensor:
        rank = len(self.kernel_size)
        geometry = Geometry(
            input.shape[-rank:],
            output.shape[-rank:],
            self.with_r,
            self.code,
            self.transposed,
            settings,
        )
        return self._coord_map.add_to(output, self.coord_weight, geometry)

    def _map_of_coordinates(self, coord_weight: torch.Tensor) -> torch.Tensor:
        """Return what coordinates with these weights would add to inputs of the layer's size."""
        assert self.input_size is not None
        settings = (self.with_r, "coordinates", self.transposed, self._settings())
        return convolve_grid(coord_weight, Geometry(self.input_size, (), *settings))[0]

    @classmethod
    def _like(cls, conv: _ConvNd, n_appended: int, **ours: Any) -> "Self":
        """Make a layer with a convolution's settings and with weights still to be given."""
        layer = cls(**plain_arguments(conv, conv.in_channels - n_appended), **ours)
        return layer.train(conv.training)

    @classmethod
    def _check_plain(cls, conv: _ConvNd) -> None:
        is_plain = type(conv) is cls.plain_class
        why = why_not_plain(conv) if is_plain else ""
        if why is not None:
            raise TypeError(
                f"{cls.__name__} takes over a plain nn.{cls.plain_class.__name__}, "
                f"not a {type(conv).__name__}{f' that {why}' if why else ''}"
            )

    def _check_twin(self) -> None:
        """Refuse what no plain convolution of concatenated channels computes."""
        if self.code == LEARNED:
            raise ValueError(
                "a layer with code=learned adds a free map, which is no convolution of channels"
            )
        pads = self.padding_mode == "zeros" and any(self._reversed_padding_repeated_twice)
        if self.code == "constant" and (pads or self.transposed):
            raise ValueError(
                "a plain convolution that pads with zeros, or is transposed, shows the borders in "
                "constant channels; a layer with code=constant does not, so it has no such twin"
            )

    def _coord_channels(self, coord_order: Sequence[int] | None) -> list[int]:
        """Return which of our channels each channel of the other order holds."""
        axes = list(range(len(self.kernel_size)))
        order = axes if coord_order is None else list(coord_order)
        if sorted(order) != axes:
            raise ValueError(f"coord_order={coord_order} is no order of the axes {axes}")
        each = channels_each(self.code)
        coordinates = [*order, len(axes)] if self.with_r else order
        return [each * coordinate + k for coordinate in coordinates for k in range(each)]

    def _take_coords(self, coord_weight: torch.Tensor, channels: list[int]) -> torch.Tensor:
        index = torch.tensor(channels, device=coord_weight.device)
        return coord_weight.index_select(self._coord_axis, index)

    _coord_axis: ClassVar[int]
    """The axis of ``coord_weight`` that runs over coordinates."""

    def _filters(self, weight: torch.Tensor) -> torch.Tensor:
        """Arrange weights as one row a filter."""
        raise NotImplementedError

    def _settings(self) -> tuple[Any, ...]:
        """Return the layer's stride, padding and so on, as :class:`Geometry` wants them."""
        raise NotImplementedError

    def _coord_weight_shape(self) -> tuple[int, ...]:
        """Return the shape of weights of coordinate channels."""
        raise NotImplementedError

    def _join(self, weight: torch.Tensor, coord_weight: torch.Tensor) -> torch.Tensor:
        """Put the weights together as those of a convolution of [x, coordinates]."""
        raise NotImplementedError

    def _split(self, concatenated: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Undo :meth:`_join`."""
        raise NotImplementedError
