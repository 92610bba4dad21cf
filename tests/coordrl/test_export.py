"""torch.compile, torch.export and ONNX take the layers as they are."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from coordrl import CoordConv2d, CoordConvTranspose2d

CODES = ["coordinates", "constant", "random_3"]


def network(code: str = "coordinates") -> nn.Sequential:
    return nn.Sequential(
        CoordConv2d(3, 8, 3, stride=2, padding=1, with_r=True, code=code),
        nn.ReLU(),
        CoordConvTranspose2d(8, 4, 3, stride=2, code=code),
    )


@pytest.fixture(autouse=True)
def _fresh_compiler() -> None:
    torch._dynamo.reset()


@pytest.mark.parametrize("training", [False, True])
def test_compiles_without_graph_breaks_or_recompilation(training: bool) -> None:
    net = network()
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    for _ in range(3):
        x = torch.randn(2, 3, 9, 11)
        with (
            torch.set_grad_enabled(training),
            torch._dynamo.config.patch(error_on_recompile=True),
        ):
            torch.testing.assert_close(compiled(x), net(x))
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(0.1)


def test_compiled_gradients() -> None:
    net = network()
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    x = torch.randn(2, 3, 9, 11)
    expected = torch.autograd.grad(net(x).square().sum(), list(net.parameters()))
    got = torch.autograd.grad(compiled(x).square().sum(), list(net.parameters()))
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.slow
def test_compiles_with_inductor() -> None:
    net = nn.Sequential(CoordConv2d(3, 4, 3), nn.ReLU())
    x = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(net, fullgraph=True)(x), net(x))


@pytest.mark.parametrize("code", CODES)
def test_compiles_for_images_of_any_size(code: str) -> None:
    net = CoordConv2d(3, 8, 3, padding=1, code=code)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    for size in ((9, 11), (12, 7)):
        x = torch.randn(2, 3, *size)
        torch.testing.assert_close(compiled(x), net(x))


@pytest.mark.parametrize("code", CODES)
def test_exports(code: str) -> None:
    net, x = network(code).eval(), torch.randn(2, 3, 9, 11)
    batch = torch.export.Dim("batch", min=1)
    exported = torch.export.export(net, (x,), dynamic_shapes=({0: batch},))
    other = torch.randn(5, 3, 9, 11)
    torch.testing.assert_close(exported.module()(other), net(other))


@pytest.mark.parametrize("code", CODES)
def test_traces_with_the_weights_it_has_later(code: str) -> None:
    net, x = network(code).eval(), torch.randn(2, 3, 9, 11)
    with torch.no_grad():
        net(x)  # keeps maps, which are not to become constants of the trace
        traced = torch.jit.trace(net, x)  # type: ignore[no-untyped-call]
        for parameter in net.parameters():
            parameter.mul_(-2.0)
        torch.testing.assert_close(traced(x), net(x))


@pytest.mark.parametrize("code", ["coordinates", "random_3"])
def test_onnx_runtime_computes_the_same(code: str, tmp_path: Path) -> None:
    net, x = network(code).eval(), torch.randn(2, 3, 9, 11)
    path = tmp_path / "network.onnx"
    torch.onnx.export(net, (x,), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    [output] = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(output, net(x).detach().numpy(), atol=1e-5)
