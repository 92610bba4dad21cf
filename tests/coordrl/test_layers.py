from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from coordrl import AddCoords, CoordConv2d

PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any convolution and an input that it fits on."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    case: dict[str, Any] = {
        "kernel_size": draw(pair),
        "stride": draw(pair),
        "dilation": draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        "padding": draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
        "padding_mode": draw(st.sampled_from(PADDING_MODES)),
        "groups": draw(st.sampled_from([1, 2, 4])),
        "bias": draw(st.booleans()),
        "with_r": draw(st.booleans()),
        "size": draw(st.tuples(st.integers(1, 9), st.integers(1, 9))),
    }
    for size, kernel, dilation, padding in zip(
        case["size"], case["kernel_size"], case["dilation"], case["padding"], strict=True
    ):
        assume(size + 2 * padding >= dilation * (kernel - 1) + 1)
        assume(case["padding_mode"] != "reflect" or padding < size)
        assume(case["padding_mode"] != "circular" or padding <= size)
    return case


def concatenated(layer: CoordConv2d, x: torch.Tensor) -> torch.Tensor:
    """Convolve [x, coordinates] as other implementations do, group by group."""
    coords = AddCoords(layer.with_r)(x)[:, x.shape[1] :]
    channels = x.shape[1] // layer.groups
    groups = [torch.cat([part, coords], dim=1) for part in x.split(channels, dim=1)]
    weight = torch.cat([layer.weight, layer.coord_weight], dim=1)
    plain = nn.Conv2d(
        sum(part.shape[1] for part in groups),
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        layer.dilation,  # type: ignore[arg-type]
        layer.groups,
        bias=False,
        padding_mode=layer.padding_mode,
        dtype=x.dtype,
    )
    return plain._conv_forward(torch.cat(groups, dim=1), weight, layer.bias)


@given(case=cases())
@settings(deadline=None, max_examples=200)
def test_equals_convolving_the_concatenated_input(case: dict[str, Any]) -> None:
    size = case.pop("size")
    layer = CoordConv2d(4, 8, **case, dtype=torch.float64)
    x = torch.randn(3, 4, *size, dtype=torch.float64, requires_grad=True)
    leaves = [x, *layer.parameters()]

    ours, theirs = layer(x), concatenated(layer, x)
    torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)
    direction = torch.randn_like(ours)
    for got, expected in zip(
        torch.autograd.grad((ours * direction).sum(), leaves),
        torch.autograd.grad((theirs * direction).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, atol=1e-10, rtol=0)


def test_string_padding_and_unbatched_input() -> None:
    layer = CoordConv2d(2, 3, 3, padding="same")
    x = torch.randn(2, 7, 5)
    torch.testing.assert_close(layer(x)[None], concatenated(layer, x[None]))


def test_an_empty_batch_passes() -> None:
    assert CoordConv2d(2, 3, 3)(torch.zeros(0, 2, 7, 5)).shape == (0, 3, 5, 3)


@pytest.mark.parametrize("with_r", [False, True])
def test_shared_parameters_and_later_random_numbers_are_those_of_the_plain_layer(
    with_r: bool,
) -> None:
    torch.manual_seed(3)
    plain, after_plain = nn.Conv2d(4, 8, 3), torch.rand(5)
    torch.manual_seed(3)
    coord, after_coord = CoordConv2d(4, 8, 3, with_r=with_r), torch.rand(5)
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


@pytest.mark.parametrize("padding", [1, "same"])
def test_from_conv_takes_over_the_parameters_and_the_function(padding: Any) -> None:
    conv = nn.Conv2d(4, 8, (3, 5), padding=padding, padding_mode="circular", groups=2).double()
    state = torch.get_rng_state()
    layer = CoordConv2d.from_conv(conv.eval(), with_r=True, coord_init="zeros")
    assert torch.equal(state, torch.get_rng_state())
    assert layer.weight is conv.weight
    assert layer.bias is conv.bias
    assert layer.coord_weight.dtype == torch.float64
    assert not layer.training
    x = torch.randn(2, 4, 9, 11, dtype=torch.float64)
    assert torch.equal(layer(x), conv(x))


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
