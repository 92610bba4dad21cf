"""Exchange of weights with plain and with concatenating convolutions."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.ao.quantization import fuse_modules
from torch.fx.experimental.optimization import fuse
from torch.nn.utils import prune
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coordrl import AddCoords, CoordConv2d, CoordConvTranspose2d
from coordrl.coord_conv import CoordConvBase
from tests.coordrl.networks import ALL, FORWARD, TRANSPOSED

CODES = ["coordinates", "random_3"]


def random_input(layer: CoordConvBase) -> torch.Tensor:
    return torch.randn(2, 4, *[6] * len(layer.kernel_size), dtype=layer.weight.dtype)


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("with_r", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("code", CODES)
def test_to_and_from_concatenated_are_inverse(
    layer_class: type[CoordConvBase], with_r: bool, groups: int, code: str
) -> None:
    settings: dict[str, Any] = {"with_r": with_r, "code": code}
    layer = layer_class(4, 8, 3, stride=2, groups=groups, bias=groups == 1, **settings)
    plain = layer.to_concatenated()
    assert type(plain) is layer_class.plain_class
    assert plain.in_channels == 4 + groups * layer.n_coords
    back = layer_class.from_concatenated(plain, **settings)
    for name, parameter in layer.state_dict().items():
        assert torch.equal(parameter, back.state_dict()[name]), name
    assert back.extra_repr() == layer.extra_repr()


@pytest.mark.parametrize("layer_class", ALL)
@pytest.mark.parametrize("code", CODES)
def test_the_concatenated_layer_computes_the_same(
    layer_class: type[CoordConvBase], code: str
) -> None:
    layer = layer_class(4, 8, 3, with_r=True, code=code).double()
    x = random_input(layer)
    both = AddCoords(with_r=True, code=code)(x)
    torch.testing.assert_close(layer.to_concatenated()(both), layer(x))


@pytest.mark.parametrize("padding", [1, "same"])
def test_constant_channels_are_not_padded_with_zeros(padding: Any) -> None:
    with pytest.raises(ValueError, match="shows the borders in constant channels"):
        CoordConv2d.from_concatenated(nn.Conv2d(6, 8, 3, padding=padding), code="constant")
    with pytest.raises(ValueError, match="shows the borders in constant channels"):
        CoordConv2d(4, 8, 3, padding=padding, code="constant").to_concatenated()


def test_a_transposed_convolution_does_not_keep_them_constant() -> None:
    with pytest.raises(ValueError, match="shows the borders in constant channels"):
        CoordConvTranspose2d(4, 8, 3, code="constant").to_concatenated()


def columns_first(x: torch.Tensor) -> torch.Tensor:
    """Append coordinates as Uber's AddCoords does: x along the columns, y along the rows."""
    rows, columns = x.shape[2:]
    xx = torch.linspace(-1, 1, columns, dtype=x.dtype).expand(len(x), 1, rows, columns)
    yy = torch.linspace(-1, 1, rows, dtype=x.dtype)[:, None].expand(len(x), 1, rows, columns)
    return torch.cat([x, xx, yy, (xx**2 + yy**2).sqrt()], dim=1)


@pytest.mark.parametrize("layer_class", [CoordConv2d, CoordConvTranspose2d])
def test_layers_that_put_columns_first(layer_class: type[CoordConvBase]) -> None:
    theirs = layer_class.plain_class(4 + 3, 8, 3, dtype=torch.float64)  # type: ignore[call-arg, arg-type]
    x = torch.randn(2, 4, 5, 7, dtype=torch.float64)
    ours = layer_class.from_concatenated(theirs, with_r=True, coord_order=(1, 0))
    torch.testing.assert_close(ours(x), theirs(columns_first(x)))
    back = ours.to_concatenated(coord_order=(1, 0))
    assert torch.equal(back.weight, theirs.weight)


@pytest.mark.parametrize("order", [(0,), (0, 0), (0, 2), (1, 0, 2)])
def test_an_order_that_is_no_permutation(order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"no order of the axes \[0, 1\]"):
        CoordConv2d(4, 8, 3).to_concatenated(coord_order=order)


def test_too_few_input_channels() -> None:
    with pytest.raises(ValueError, match="leave none beside 3 coordinates"):
        CoordConv2d.from_concatenated(nn.Conv2d(3, 8, 3), with_r=True)


@pytest.mark.parametrize("layer_class", ALL)
def test_from_conv_takes_over_the_parameters_and_the_function(
    layer_class: type[CoordConvBase],
) -> None:
    conv: Any = layer_class.plain_class(4, 8, 3, stride=2, groups=2, dtype=torch.float64)  # type: ignore[call-arg, arg-type]
    conv.eval()
    state = torch.get_rng_state()
    layer = layer_class.from_conv(conv, with_r=True, coord_init="zeros")
    assert torch.equal(state, torch.get_rng_state())
    assert layer.weight is conv.weight
    assert layer.bias is conv.bias
    assert layer.coord_weight.dtype == torch.float64
    assert not layer.training
    x = random_input(layer)
    assert torch.equal(layer(x), conv(x))


def test_from_conv_keeps_padding_and_its_mode() -> None:
    conv = nn.Conv2d(4, 8, (3, 5), padding="same", padding_mode="circular", dilation=2, bias=False)
    layer = CoordConv2d.from_conv(conv, coord_init="zeros")
    x = torch.randn(2, 4, 9, 11)
    assert torch.equal(layer(x), conv(x))


@pytest.mark.parametrize(
    "module",
    [nn.Conv1d(4, 8, 3), nn.Linear(4, 8), CoordConv2d(4, 8, 3), nn.ConvTranspose2d(4, 8, 3)],
)
def test_from_conv_of_something_else(module: Any) -> None:
    with pytest.raises(TypeError, match=r"takes over a plain nn\.Conv2d, not a"):
        CoordConv2d.from_conv(module)


class Doubled(nn.Conv2d):
    """Has the weights of a plain convolution, and another function."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  (torch's name)
        return 2 * super().forward(input)


def patched() -> nn.Conv2d:
    conv = nn.Conv2d(6, 8, 3)
    conv.forward = lambda x: 2 * nn.Conv2d.forward(conv, x)  # type: ignore[method-assign]
    return conv


def hooked() -> nn.Conv2d:
    conv = nn.Conv2d(6, 8, 3)
    conv.register_forward_hook(lambda _module, _args, output: 2 * output)
    return conv


def masked() -> nn.Conv2d:
    return prune.random_unstructured(nn.Conv2d(6, 8, 3), "weight", 0.5)  # type: ignore[no-any-return,no-untyped-call]  # torch's own


@pytest.mark.parametrize(
    ("conv", "why"),
    [
        (Doubled(6, 8, 3), "a Doubled$"),
        (patched(), "a Conv2d that has forward of its own"),
        (hooked(), r"a Conv2d that has hooks \(_forward_hooks\)"),
        (masked(), "a Conv2d that has a weight that is computed from others"),
    ],
)
def test_another_function_with_the_weights_of_a_convolution(conv: nn.Conv2d, why: str) -> None:
    for take_over in (CoordConv2d.from_conv, CoordConv2d.from_concatenated):
        with pytest.raises(TypeError, match=rf"takes over a plain nn\.Conv2d, not {why}"):
            take_over(conv)


@pytest.mark.parametrize("coord_init", ["default", "orthogonal"])
def test_layers_taken_over_from_equal_weights_still_draw_by_the_seed(coord_init: Any) -> None:
    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        conv = nn.Conv2d(4, 8, 3)
        nn.init.ones_(conv.weight)
        return CoordConv2d.from_conv(conv, coord_init=coord_init).coord_weight.detach()

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


REFUSED = r"weight with another scale.*from_concatenated\(fuse_conv_bn_eval\(layer\.to_conc"
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def norm(rank: int = 2) -> Any:
    bn = NORMS[rank](8).eval()
    with torch.no_grad():
        assert bn.running_mean is not None
        assert bn.running_var is not None
        for tensor in (bn.running_mean, bn.running_var, bn.weight, bn.bias):
            tensor.uniform_(0.5, 2.0)
    return bn


@pytest.mark.parametrize("layer_class", FORWARD.values())
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("groups", [1, 2])
def test_torchs_folding_is_refused(
    layer_class: type[CoordConvBase], dtype: torch.dtype, groups: int
) -> None:
    layer = layer_class(4, 8, 3, groups=groups, dtype=dtype).eval()
    bn = norm(len(layer.kernel_size)).to(dtype)
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(ValueError, match=REFUSED):
        fuse_conv_bn_eval(layer, bn)
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())


@pytest.mark.parametrize("layer_class", TRANSPOSED.values())
def test_torchs_folding_of_transposed_layers_is_refused(layer_class: type[CoordConvBase]) -> None:
    layer = layer_class(4, 8, 3).eval()
    with pytest.raises(ValueError, match=REFUSED):
        fuse_conv_bn_eval(layer, norm(len(layer.kernel_size)), transpose=True)


@pytest.mark.parametrize("gamma", [0.0, -2.0])
def test_any_scale_is_seen(gamma: float) -> None:
    layer, bn = CoordConv2d(4, 8, 3).eval(), norm()
    bn.weight.data[::2] = gamma
    layer.weight.data[1] = 0.0
    with pytest.raises(ValueError, match=REFUSED):
        fuse_conv_bn_eval(layer, bn)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_the_way_that_is_named_computes_the_same(transposed: bool, bias: bool) -> None:
    layer_class = CoordConvTranspose2d if transposed else CoordConv2d
    layer = layer_class(4, 8, 3, padding=1, bias=bias, with_r=True).double().eval()
    bn = norm().double()
    plain = fuse_conv_bn_eval(layer.to_concatenated(), bn, transpose=transposed)
    folded = layer_class.from_concatenated(plain, with_r=True)
    x = torch.randn(2, 4, 7, 9, dtype=torch.float64)
    torch.testing.assert_close(folded(x), bn(layer(x)))
    torch.testing.assert_close(plain(AddCoords(with_r=True)(x)), bn(layer(x)))


def test_other_new_weights_are_taken() -> None:
    layer, other = CoordConv2d(4, 8, 3), CoordConv2d(4, 8, 3)
    weights = [other.weight, torch.randn(8, 4, 3, 3), layer.weight.detach().clone()]
    trained = other.weight.detach() * (1 + 1e-5 * torch.randn_like(other.weight))
    weights += [other.weight.detach(), trained, trained * torch.rand(1, 4, 1, 1)]
    for weight in weights:
        layer.weight = nn.Parameter(weight)
        assert torch.equal(layer.weight, weight)
    layer.load_state_dict(other.state_dict(), assign=True)
    layer.weight.data *= 2.0
    layer.half()
    layer.weight = nn.Parameter(layer.weight.detach().float())
    single = CoordConv2d(4, 4, 1, groups=4)
    single.weight = nn.Parameter(torch.ones(4, 1, 1, 1))


def test_a_small_step_in_half_precision_is_no_scale() -> None:
    layer = CoordConv2d(4, 8, 3, dtype=torch.bfloat16)
    weight = layer.weight.detach()
    for index in range(0, 36, 5):
        weight.flatten(1)[:, index] *= 1.0 + 2**-7
        step = weight.clone()
        layer.weight = nn.Parameter(step)
        assert torch.equal(layer.weight, step)


def test_tools_that_ask_for_torchs_own_class_leave_the_layer_alone() -> None:
    net = nn.Sequential(CoordConv2d(4, 8, 3), norm(), nn.Conv2d(8, 8, 3), norm()).eval()
    x = torch.randn(2, 4, 9, 9)
    fused = fuse(net)
    torch.testing.assert_close(fused(x), net(x), atol=1e-5, rtol=1e-5)
    with pytest.raises(AssertionError, match="did not find fuser method"):
        fuse_modules(net, ["0", "1"])  # type: ignore[no-untyped-call]
