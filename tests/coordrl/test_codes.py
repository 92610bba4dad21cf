"""Layers and extractors with sinusoids, or a learned map, in place of coordinates."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from coordrl import (
    AddCoords,
    CoordCombinedExtractor,
    CoordConv2d,
    CoordConvTranspose2d,
    CoordImpalaCNN,
    CoordNatureCNN,
    coordinate_grid,
    to_coordconv,
)
from coordrl.coord_conv import CoordConvBase
from coordrl.inspect import coord_layers, coordinate_maps, gradient_share, without_coordinates
from tests.coordrl.networks import ALL, FORWARD, check_onnx

FRAMES = spaces.Box(0, 255, shape=(4, 44, 36), dtype=np.uint8)
SIZE = (9, 7)


def learned(layer: type[CoordConvBase] = CoordConv2d, **kwargs: Any) -> Any:
    size = (5, 6, 7)[: len(layer.plain_class(1, 1, 1).kernel_size)]
    torch.manual_seed(0)
    return layer(3, 4, 3, code="learned", input_size=size, **kwargs), torch.randn(2, 3, *size)


@pytest.mark.parametrize("with_r", [False, True])
@pytest.mark.parametrize("layer_class", ALL)
def test_sinusoids_are_convolved_as_channels(
    layer_class: type[CoordConvBase], with_r: bool
) -> None:
    rank = len(layer_class.plain_class(1, 1, 1).kernel_size)
    layer = layer_class(3, 4, 3, stride=2, padding=1, with_r=with_r, code="fourier_2").double()
    x = torch.randn(2, 3, *(5, 6, 7)[:rank], dtype=torch.float64, requires_grad=True)
    size = x.shape[2:]
    grid = coordinate_grid(size, with_r=with_r, code="fourier_2", dtype=torch.float64)
    assert len(grid) == layer.n_coords == 4 * (rank + with_r)
    plain = layer.to_concatenated()
    expected = plain(torch.cat([x, grid.expand(2, -1, *size)], dim=1))
    torch.testing.assert_close(layer(x), expected, atol=1e-11, rtol=0)
    ours = torch.autograd.grad(layer(x).square().sum(), [layer.weight, x])
    (theirs, of_x) = torch.autograd.grad(expected.square().sum(), [plain.weight, x])
    torch.testing.assert_close(ours[1], of_x)
    torch.testing.assert_close(ours[0], layer._split(theirs)[0])


@pytest.mark.parametrize("with_r", [False, True])
@pytest.mark.parametrize("order", [None, (1, 0)])
def test_sinusoids_are_exchanged_in_blocks_an_axis(order: Any, with_r: bool) -> None:
    layer = CoordConv2d(3, 4, 3, with_r=with_r, code="fourier_2")
    plain = layer.to_concatenated(coord_order=order)
    grid = coordinate_grid(SIZE, with_r=with_r, code="fourier_2").unflatten(0, (-1, 4))
    rows, columns, *radius = grid
    channels = torch.cat([columns, rows, *radius] if order else [rows, columns, *radius])
    x = torch.randn(2, 3, *SIZE)
    expected = plain(torch.cat([x, channels.expand(2, -1, *SIZE)], dim=1))
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)
    back = CoordConv2d.from_concatenated(plain, with_r=with_r, code="fourier_2", coord_order=order)
    assert torch.equal(back.coord_weight, layer.coord_weight)


@pytest.mark.parametrize("coord_init", ["default", "orthogonal", "zeros"])
@pytest.mark.parametrize("layer_class", ALL)
def test_a_learned_map_starts_as_what_coordinates_add(
    layer_class: type[CoordConvBase], coord_init: Any
) -> None:
    kwargs: dict[str, Any] = {"padding": 1, "stride": 2, "coord_init": coord_init}
    layer, x = learned(layer_class, with_r=True, **kwargs)
    torch.manual_seed(0)
    coord = layer_class(3, 4, 3, with_r=True, **kwargs)
    assert torch.equal(layer.weight, coord.weight)
    assert layer.coord_weight.shape == layer(x).shape[1:]
    assert bool(layer.coord_weight.any()) is (coord_init != "zeros")
    torch.testing.assert_close(layer(x), coord(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_learned_map_is_added_to_every_sample_and_gets_the_sum_of_their_gradients(
    layout: torch.memory_format,
) -> None:
    layer, x = learned()
    with torch.no_grad():
        layer.coord_weight.copy_(torch.randn_like(layer.coord_weight))
    layer, x = layer.to(memory_format=layout), x.contiguous(memory_format=layout)
    plain = nn.functional.conv2d(x, layer.weight, layer.bias)
    expected = plain + layer.coord_weight
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        with mode():
            torch.testing.assert_close(layer(x), expected)
    for training in (False, True):
        with torch.set_grad_enabled(training), torch.no_grad():
            layer.coord_weight.mul_(2)
        torch.testing.assert_close(layer(x), plain + layer.coord_weight)
    weights = torch.randn_like(expected)
    (gradient,) = torch.autograd.grad((layer(x) * weights).sum(), [layer.coord_weight])
    torch.testing.assert_close(gradient, weights.sum(0))


def test_a_learned_map_fits_one_size() -> None:
    layer, _ = learned()
    for training in (False, True):
        with (
            torch.set_grad_enabled(training),
            pytest.raises(
                ValueError, match=r"map of \(3, 4\) takes inputs of one size, not .*7, 6"
            ),
        ):
            layer(torch.randn(2, 3, 7, 6))


def concatenated(layer: CoordConvBase) -> nn.Module:
    return layer.to_concatenated()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CoordConv2d(3, 4, 3, code="learned"), "needs the spatial size"),
        (lambda: CoordConv2d(3, 4, 3, input_size=SIZE), "nothing else has a use for it"),
        (lambda: concatenated(learned()[0]), "free map, which is no convolution of channels"),
        (
            lambda: CoordConv2d.from_concatenated(nn.Conv2d(5, 4, 3), code="learned"),
            "has no coordinate channels",
        ),
        (lambda: AddCoords(code="learned"), "has no coordinate channels"),
        (lambda: to_coordconv(nn.Conv2d(3, 4, 3), code="learned"), "needs an example input"),
    ],
)
def test_what_a_learned_map_cannot_do(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


class Twice(nn.Module):
    """Uses a convolution for images of two sizes, and has one that it never uses."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again, self.never = (nn.Conv2d(3, 3, 3) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.again(self.again(self.first(x)))


def test_converting_to_learned_maps_leaves_what_has_no_one_size() -> None:
    model = Twice()
    conversion = to_coordconv(model, "all", code="learned", example=torch.zeros(1, 3, *SIZE))
    assert [layer.names for layer in conversion.layers] == [("first",)]
    assert list(conversion.left) == ["again", "never"]
    assert "several sizes" in str(conversion)
    assert model.first.coord_weight.shape == (3, 7, 5)
    assert model(torch.rand(2, 3, *SIZE)).shape == (2, 3, 3, 1)


@pytest.mark.parametrize("kind", [CoordNatureCNN, CoordImpalaCNN])
@pytest.mark.parametrize("code", ["fourier_3", "learned"])
def test_a_code_changes_no_shared_parameter_and_no_later_random_number(
    kind: Any, code: str
) -> None:
    torch.manual_seed(0)
    plain, after_plain = kind(FRAMES, coord_layers=()).state_dict(), torch.rand(5)
    torch.manual_seed(0)
    ours, after_ours = kind(FRAMES, code=code).state_dict(), torch.rand(5)
    assert all(name.endswith("coord_weight") for name in ours.keys() - plain.keys())
    assert len(ours) > len(plain)
    for name, parameter in plain.items():
        assert torch.equal(parameter, ours[name]), name
    assert torch.equal(after_plain, after_ours)


def test_a_network_with_learned_maps_starts_as_the_one_with_coordinates() -> None:
    torch.manual_seed(0)
    coord = CoordNatureCNN(FRAMES)
    torch.manual_seed(0)
    ours = CoordNatureCNN(FRAMES, code="learned")
    shapes = [layer.coord_weight.shape for layer in coord_layers(ours).values()]
    assert shapes == [(32, 10, 8), (64, 4, 3), (64, 2, 1)]
    images = torch.rand(2, 4, 44, 36)
    torch.testing.assert_close(ours(images), coord(images), atol=1e-5, rtol=1e-4)


def test_learned_maps_of_dict_observations() -> None:
    space = spaces.Dict({"camera": FRAMES, "speed": spaces.Box(-1, 1, shape=(2,))})
    extractor = CoordCombinedExtractor(space, 16, code="learned", coord_layers=(0,))
    observations = {"camera": torch.rand(3, 4, 44, 36), "speed": torch.rand(3, 2)}
    assert extractor(observations).shape == (3, 18)


@pytest.mark.parametrize("code", ["fourier_2", "learned"])
def test_a_look_inside(code: str) -> None:
    network, images = CoordNatureCNN(FRAMES, code=code, coord_layers=(0,)), torch.rand(2, 4, 44, 36)
    [maps] = coordinate_maps(network).values()
    assert maps.shape == (32, 10, 8)
    assert maps.abs().max() > 0
    plain = nn.functional.conv2d(images, network.cnn[0].weight, network.cnn[0].bias, 4)
    with without_coordinates(network):
        torch.testing.assert_close(network.cnn[0](images), plain)
    torch.testing.assert_close(network.cnn[0](images), plain + maps)
    network(images).sum().backward()
    assert 0 < gradient_share(network) < 1  # type: ignore[operator]


@pytest.mark.parametrize("code", ["fourier_2", "learned"])
def test_compiles_and_traces(code: str) -> None:
    network, x = CoordNatureCNN(FRAMES, 8, code=code).eval(), torch.rand(3, 4, 44, 36)
    torch._dynamo.reset()
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), network(x))
    traced = torch.fx.symbolic_trace(network)
    torch.testing.assert_close(traced(x), network(x))


@pytest.mark.parametrize("code", ["fourier_2", "learned"])
def test_onnx_runtime_computes_the_same(code: str, tmp_path: Path) -> None:
    network, x = CoordNatureCNN(FRAMES, 8, code=code).eval(), torch.rand(3, 4, 44, 36)
    path = tmp_path / "network.onnx"
    batch = ({0: torch.export.Dim("batch", min=1)},)
    torch.onnx.export(network, (x,), path, dynamic_shapes=batch, dynamo=True, verbose=False)
    check_onnx(network, path, x, torch.rand(1, 4, 44, 36))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_sinusoids_of_symbols_are_those_of_numbers(rank: int) -> None:
    layer = FORWARD[rank](3, 4, 2, code="fourier_2").eval()
    traced = torch.jit.trace(layer, torch.randn(1, 3, *(5, 6, 7)[:rank]))  # type: ignore[no-untyped-call]
    x = torch.randn(2, 3, *(4, 9, 5)[:rank])
    torch.testing.assert_close(traced(x), layer(x))


def test_an_unbatched_input() -> None:
    layer, x = learned(CoordConvTranspose2d)
    torch.testing.assert_close(layer(x[0]), layer(x)[0])
