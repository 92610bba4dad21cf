"""Layers that are made without memory, elsewhere than asked for, or in another precision."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import distributed, nn
from torch._subclasses import FakeTensorMode
from torch.distributed.fsdp import fully_shard

from coordrl import CoordConv2d
from coordrl.coord_conv import CoordConvBase
from tests.coordrl.networks import layers_of_all_kinds


def initialise(net: nn.Module) -> None:
    """Give a network without memory its memory and numbers, as FSDP2's users do."""
    net.to_empty(device="cpu")
    for module in net.modules():
        if isinstance(module, CoordConvBase):
            nn.init.constant_(module.coord_weight, torch.nan)
            module.reset_parameters()


@pytest.mark.parametrize("training", [False, True])
def test_the_meta_device(training: bool) -> None:
    with torch.device("meta"):
        net = layers_of_all_kinds()
        with torch.set_grad_enabled(training):
            assert net(torch.rand(2, 3, 9, 9)).shape == (2, 2, 14, 14)
    initialise(net)
    with torch.set_grad_enabled(training):
        assert net(torch.rand(2, 3, 9, 9)).isfinite().all()


@pytest.mark.parametrize("training", [False, True])
def test_shapes_alone(training: bool) -> None:
    with FakeTensorMode(), torch.set_grad_enabled(training):
        assert layers_of_all_kinds()(torch.rand(2, 3, 9, 9)).shape == (2, 2, 14, 14)


@pytest.mark.parametrize("training", [False, True])
def test_shapes_alone_of_a_layer_that_has_computed(training: bool) -> None:
    net, x, mode = layers_of_all_kinds(), torch.rand(2, 3, 9, 9), FakeTensorMode()
    with torch.set_grad_enabled(training):
        expected = net(x)
        fakes = {name: mode.from_tensor(p) for name, p in net.named_parameters()}
        with mode:
            fake = torch.func.functional_call(net, fakes, mode.from_tensor(x))
        assert fake.shape == expected.shape
        assert torch.equal(net(x), expected)


def test_another_default_device_does_not_matter_to_a_layer_on_the_cpu() -> None:
    torch.manual_seed(0)
    expected = CoordConv2d(3, 8, 3, coord_init="orthogonal").coord_weight
    torch.manual_seed(0)
    torch.set_default_device("meta")
    try:
        layer = CoordConv2d(3, 8, 3, coord_init="orthogonal", device="cpu")
        copied = copy.deepcopy(layer)
        shape = layer(torch.zeros(1, 3, 5, 5, device="cpu")).shape
        layer = CoordConv2d.from_concatenated(copied.to_concatenated())
    finally:
        torch.set_default_device(None)
    assert shape == (1, 8, 3, 3)
    assert torch.equal(layer.coord_weight, expected)


def test_half_precision_as_the_default() -> None:
    torch.set_default_dtype(torch.bfloat16)
    try:
        layers = [CoordConv2d(3, 8, 3, coord_init=init) for init in ("default", "orthogonal")]
        outputs = [layer(torch.rand(2, 3, 5, 5)) for layer in layers]
    finally:
        torch.set_default_dtype(torch.float32)
    assert {output.dtype for output in outputs} == {torch.bfloat16}
    assert all(layer.coord_weight.any() for layer in layers)


@pytest.fixture
def _one_process() -> Iterator[None]:
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("_one_process")
def test_fsdp2() -> None:
    with torch.device("meta"):
        net = layers_of_all_kinds()
    net = fully_shard(net, mesh=distributed.init_device_mesh("cpu", (1,)))
    initialise(net)

    def weights() -> list[torch.Tensor]:
        parameters: list[Any] = [net.get_parameter(f"{i}.coord_weight") for i in (0, 2, 4)]
        return [parameter.full_tensor().detach().clone() for parameter in parameters]

    before = weights()
    assert all(weight.isfinite().all() and weight.any() for weight in before)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(torch.rand(2, 3, 9, 9)).square().sum().backward()
    optimizer.step()
    net.reshard()
    assert not any(torch.equal(a, b) for a, b in zip(before, weights(), strict=True))
