from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from coordrl import (
    AddCoords,
    CoordConv2d,
    CoordConv3d,
    CoordConvTranspose2d,
    coordinate_grid,
)
from coordrl.coord_conv import CoordConvBase
from coordrl.coord_map import MOST_PATCHES
from coordrl.coordinates import CONSTANT
from tests.coordrl.networks import ALL, FORWARD, TRANSPOSED

PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]
Case = tuple[type[CoordConvBase], dict[str, Any], tuple[int, ...]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any layer, and the size of an input that it fits on."""
    transposed, rank = draw(st.booleans()), draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return draw(st.tuples(*[st.integers(low, high)] * rank))

    arguments: dict[str, Any] = {
        "kernel_size": each(1, 3),
        "stride": each(1, 3),
        "dilation": each(1, 2),
        "padding": each(0, 2),
        "groups": draw(st.sampled_from([1, 2, 4])),
        "bias": draw(st.booleans()),
        "with_r": draw(st.booleans()),
        "code": draw(st.sampled_from(["coordinates", "random_7"])),
    }
    size = each(1, 9 if rank < 3 else 5)
    kernel, padding = arguments["kernel_size"], arguments["padding"]
    reach = [d * (k - 1) + 1 for d, k in zip(arguments["dilation"], kernel, strict=True)]
    if transposed:
        spare = [
            max(s, d) - 1 for s, d in zip(arguments["stride"], arguments["dilation"], strict=True)
        ]
        arguments["output_padding"] = tuple(draw(st.integers(0, n)) for n in spare)
        stride, extra = arguments["stride"], arguments["output_padding"]
        for n, s, p, r, e in zip(size, stride, padding, reach, extra, strict=True):
            assume((n - 1) * s - 2 * p + r + e > 0)
        return TRANSPOSED[rank], arguments, size
    mode = arguments["padding_mode"] = draw(st.sampled_from(PADDING_MODES))
    for n, p, r in zip(size, padding, reach, strict=True):
        assume(n + 2 * p >= r)
        assume(mode != "reflect" or p < n)
        assume(mode != "circular" or p <= n)
    return FORWARD[rank], arguments, size


def concatenated(layer: CoordConvBase, x: torch.Tensor) -> torch.Tensor:
    """Convolve [x, coordinates] as other implementations do, group by group."""
    coords = AddCoords(layer.with_r, code=layer.code)(x)[:, x.shape[1] :]
    parts = [torch.cat([part, coords], 1) for part in x.split(x.shape[1] // layer.groups, dim=1)]
    plain = layer.to_concatenated()
    weight = layer._join(layer.weight, layer.coord_weight)
    parameters = (
        {"weight": weight} if layer.bias is None else {"weight": weight, "bias": layer.bias}
    )
    result = torch.func.functional_call(plain, parameters, torch.cat(parts, dim=1))
    assert isinstance(result, torch.Tensor)
    return result


def check_equal_to_concatenation(case: Case, dtype: torch.dtype, tolerance: float) -> None:
    layer_class, arguments, size = case
    layer = layer_class(4, 8, **arguments, dtype=dtype)
    x = torch.randn(3, 4, *size, dtype=dtype, requires_grad=True)
    leaves = [x, *layer.parameters()]

    ours, theirs = layer(x), concatenated(layer, x)
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    direction = torch.randn_like(ours)
    for got, expected in zip(
        torch.autograd.grad((ours * direction).sum(), leaves),
        torch.autograd.grad((theirs * direction).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, atol=tolerance * 10, rtol=tolerance)


@given(case=cases())
@settings(deadline=None, max_examples=300)
def test_equals_convolving_the_concatenated_input(case: Case) -> None:
    check_equal_to_concatenation(case, torch.float64, 1e-11)


@given(case=cases())
@settings(deadline=None, max_examples=50)
def test_equals_convolving_the_concatenated_input_in_single_precision(case: Case) -> None:
    check_equal_to_concatenation(case, torch.float32, 1e-5)


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(layer_class: type[CoordConvBase], dtype: torch.dtype) -> None:
    layer = layer_class(4, 8, 3, with_r=True, dtype=dtype)
    x = torch.randn(2, 4, *[6] * len(layer.kernel_size), dtype=dtype)
    ours = layer(x)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, concatenated(layer, x), atol=0.03, rtol=0.03)


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("training", [False, True])
def test_autocast(layer_class: type[CoordConvBase], training: bool) -> None:
    layer = layer_class(4, 8, 3)
    x = torch.randn(2, 4, *[6] * len(layer.kernel_size))
    with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(training):
        got = layer(x)
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), layer(x), atol=0.03, rtol=0.03)


@pytest.mark.parametrize("layer_class", [CoordConv2d, CoordConv3d, CoordConvTranspose2d])
@pytest.mark.parametrize("training", [False, True])
def test_channels_last_is_kept_and_changes_nothing(
    layer_class: type[CoordConvBase], training: bool
) -> None:
    layer = layer_class(4, 8, 3)
    rank = len(layer.kernel_size)
    layout = torch.channels_last if rank == 2 else torch.channels_last_3d
    x = torch.randn(2, 4, *[7] * rank)
    with torch.set_grad_enabled(training):
        expected = layer(x)
        layer = layer.to(memory_format=layout)  # type: ignore[call-overload]
        got = layer(x.contiguous(memory_format=layout))
    assert got.is_contiguous(memory_format=layout)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("layer_class", TRANSPOSED.values())
def test_output_size_of_a_transposed_layer(layer_class: type[CoordConvBase]) -> None:
    layer = layer_class(4, 8, 3, stride=2)
    rank = len(layer.kernel_size)
    plain = layer.plain_class(4, 8, 3, stride=2)  # type: ignore[call-arg, arg-type]
    x = torch.randn(2, 4, *[5] * rank)
    for size in (11, 12):
        assert layer(x, output_size=[size] * rank).shape == plain(x, [size] * rank).shape
    with pytest.raises(ValueError, match="requested an output size"):
        layer(x, output_size=[20] * rank)


@pytest.mark.parametrize("layer_class", ALL)
def test_unbatched_input_and_an_empty_batch(layer_class: type[CoordConvBase]) -> None:
    layer = layer_class(4, 8, 3)
    x = torch.randn(4, *[6] * len(layer.kernel_size))
    for training in (False, True):
        with torch.set_grad_enabled(training):
            torch.testing.assert_close(layer(x), layer(x[None])[0])
            assert layer(x[None][:0]).shape == (0, *layer(x).shape)


def test_string_padding() -> None:
    layer = CoordConv2d(2, 3, 3, padding="same")
    x = torch.randn(2, 2, 7, 5)
    torch.testing.assert_close(layer(x), concatenated(layer, x))


def test_the_input_is_left_as_it_was() -> None:
    x = torch.randn(2, 4, 5, 5)
    before = x.clone()
    CoordConv2d(4, 4, 1)(x)
    assert torch.equal(x, before)


def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    layer = nn.Sequential(CoordConv2d(4, 8, 3), nn.ReLU(), CoordConv2d(8, 2, 3))
    x = torch.randn(2, 4, 9, 9)
    expected = torch.autograd.grad(layer(x).square().sum(), list(layer.parameters()))
    output = torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False)
    got = torch.autograd.grad(output.square().sum(), list(layer.parameters()))
    for a, b in zip(got, expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("frozen", ["weight", "coord_weight"])
def test_either_weight_can_be_frozen(frozen: str) -> None:
    layer = CoordConv2d(4, 8, 3)
    x = torch.randn(2, 4, 9, 9)
    layer(x).square().sum().backward()
    expected = {name: p.grad.clone() for name, p in layer.named_parameters()}  # type: ignore[union-attr]
    layer.zero_grad()
    layer.get_parameter(frozen).requires_grad_(False)
    layer(x).square().sum().backward()
    for name, parameter in layer.named_parameters():
        if name == frozen:
            assert parameter.grad is None
        else:
            assert parameter.grad is not None
            assert torch.equal(parameter.grad, expected[name])


def test_torch_func_differentiates_and_vectorises_over_the_weights() -> None:
    layer = CoordConv2d(2, 3, 3)
    x = torch.randn(2, 2, 5, 5)
    layers = [CoordConv2d(2, 3, 3) for _ in range(3)]
    parameters, _ = torch.func.stack_module_state(layers)
    with torch.no_grad():
        layer(x)  # a map is kept that must not be taken for the others'
        got = torch.vmap(lambda p: torch.func.functional_call(layer, p, x))(parameters)
        expected = torch.stack([other(x) for other in layers])
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("with_r", [False, True])
def test_shared_parameters_and_later_random_numbers_are_those_of_the_plain_layer(
    layer_class: type[CoordConvBase], with_r: bool
) -> None:
    torch.manual_seed(3)
    plain, after_plain = layer_class.plain_class(4, 8, 3), torch.rand(5)  # type: ignore[call-arg, arg-type]
    torch.manual_seed(3)
    coord, after_coord = layer_class(4, 8, 3, with_r=with_r), torch.rand(5)
    assert torch.equal(plain.weight, coord.weight)
    assert plain.bias is not None
    assert coord.bias is not None
    assert torch.equal(plain.bias, coord.bias)
    assert torch.equal(after_plain, after_coord)


@pytest.mark.parametrize(
    ("coord_init", "std"),
    [("default", (1 / (3 * 54 * 9)) ** 0.5), ("orthogonal", (2 / (54 * 9)) ** 0.5), ("zeros", 0.0)],
)
def test_initial_coordinate_weights_have_the_scale_of_the_concatenated_layer(
    coord_init: Any, std: float
) -> None:
    layer = CoordConv2d(52, 256, 3, coord_init=coord_init)
    assert layer.coord_weight.std().item() == pytest.approx(std, rel=0.1)


def test_coordinate_weights_follow_the_seed_and_differ_between_layers() -> None:
    def draw(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        return [CoordConv2d(4, 8, 3).coord_weight.detach() for _ in range(2)]

    first, second = draw(0)
    again, _ = draw(0)
    other, _ = draw(1)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


def test_coordinate_weights_do_not_repeat_what_the_global_generator_draws() -> None:
    torch.manual_seed(0)
    coord = CoordConv2d(4, 8, 3, coord_init="default").coord_weight.detach().flatten()
    torch.manual_seed(0)
    drawn = torch.rand(coord.numel() * 20)
    scaled = (coord / coord.abs().max() + 1) / 2
    assert not torch.isclose(scaled[:, None], drawn[None], atol=1e-6, rtol=0).any(1).all()
    correlation = torch.corrcoef(torch.stack([scaled, drawn[: scaled.numel()]]))[0, 1]
    assert abs(correlation) < 0.5


def test_reset_parameters_draws_both_weights_again() -> None:
    layer = CoordConv2d(4, 8, 3)
    weight, coord_weight = layer.weight.detach().clone(), layer.coord_weight.detach().clone()
    layer.reset_parameters()
    assert not torch.equal(weight, layer.weight)
    assert not torch.equal(coord_weight, layer.coord_weight)


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("code", ["constant", "random_0"])
def test_a_control_has_the_parameters_of_the_layer_with_coordinates(
    layer_class: type[CoordConvBase], code: str
) -> None:
    torch.manual_seed(3)
    coord = layer_class(4, 8, 3, with_r=True)
    torch.manual_seed(3)
    control = layer_class(4, 8, 3, with_r=True, code=code)
    assert f"code={code}" in repr(control)
    assert "code" not in repr(coord)
    for name, parameter in coord.state_dict().items():
        assert torch.equal(parameter, control.state_dict()[name]), name
    x = torch.randn(2, 4, *[9] * len(coord.kernel_size))
    assert not torch.allclose(coord(x), control(x), atol=1e-3)


def check_tells_no_position(layer: CoordConvBase, x: torch.Tensor) -> None:
    """Neither where zeros are padded nor which phase of a stride it is."""
    nn.init.zeros_(layer.weight)
    everything = set(range(layer.coord_weight.dim()))
    sums = layer.coord_weight.sum(tuple(everything - {1 - layer._coord_axis}))
    assert layer.bias is not None
    output = layer(x).movedim(1, -1)
    torch.testing.assert_close(output, (layer.bias + CONSTANT * sums).expand_as(output))


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("training", [False, True])
def test_a_constant_tells_no_position(layer_class: type[CoordConvBase], training: bool) -> None:
    layer = layer_class(4, 8, 3, stride=2, padding=1, with_r=True, code="constant")
    with torch.set_grad_enabled(training):
        check_tells_no_position(layer, torch.randn(2, 4, *[6] * len(layer.kernel_size)))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("training", [False, True])
def test_a_constant_tells_no_position_on_large_images(
    layout: torch.memory_format, training: bool
) -> None:
    """Which have no patches."""
    x = torch.randn(1, 1, 200, 200).contiguous(memory_format=layout)
    assert MOST_PATCHES < 2 * 9 * 200 * 200
    with torch.set_grad_enabled(training):
        check_tells_no_position(CoordConv2d(1, 2, 3, padding=1, code="constant"), x)


@pytest.mark.parametrize("arguments", [{}, {"padding": 1, "padding_mode": "replicate"}])
def test_constant_channels_without_zeros_at_the_border_are_concatenated(arguments: Any) -> None:
    layer = CoordConv2d(4, 8, 3, code="constant", with_r=True, **arguments)
    x = torch.randn(2, 4, 7, 5)
    torch.testing.assert_close(layer(x), concatenated(layer, x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layer_class", ALL)
def test_an_unknown_code_names_the_valid_ones(layer_class: type[CoordConvBase]) -> None:
    with pytest.raises(ValueError, match=r"code='random'.*coordinates, constant, random_SEED"):
        layer_class(4, 8, 3, code="random")


def test_unknown_coord_init_names_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"'orthogonl' is unknown.*default, orthogonal, zeros"):
        CoordConv2d(4, 8, 3, coord_init="orthogonl")  # type: ignore[arg-type]


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_add_coords_appends_to_any_rank(n_axes: int) -> None:
    x = torch.randn(2, 3, *range(4, 4 + n_axes), dtype=torch.float64)
    out = AddCoords(with_r=True)(x)
    assert out.dtype == torch.float64
    assert torch.equal(out[:, :3], x)
    assert out.shape[1] == 3 + n_axes + 1
    assert out[:, 3].min() == -1
    assert out[:, 3].max() == 1


def test_add_coords_to_bytes_gives_floats() -> None:
    out = AddCoords()(torch.full((1, 1, 3, 3), 7, dtype=torch.uint8))
    assert out[0, 0, 0, 0] == 7
    assert out[0, 1, 0, 0] == -1


def test_add_coords_appends_controls_and_says_so() -> None:
    x = torch.zeros(2, 3, 4, 5)
    for code in ("constant", "random_0"):
        layer = AddCoords(code=code)
        assert repr(layer) == f"AddCoords(with_r=False, code={code})"
        assert torch.equal(layer(x)[1, 3:], coordinate_grid((4, 5), code=code))
    with pytest.raises(ValueError, match="code='ij' is unknown"):
        AddCoords(code="ij")
