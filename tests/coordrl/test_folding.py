"""Batch norm that is folded into a layer scales its coordinates too, or is refused."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.ao.quantization import fuse_modules
from torch.fx.experimental.optimization import fuse
from torch.nn.utils.fusion import fuse_conv_bn_eval

from coordrl import AddCoords, CoordConv2d, CoordConvTranspose2d
from coordrl.coord_conv import CoordConvBase
from tests.coordrl.networks import FORWARD, TRANSPOSED

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
