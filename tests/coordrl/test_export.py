"""torch.compile, torch.export, ONNX and tracers take the layers as they are, for any size."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.fx.experimental.proxy_tensor import make_fx

from coordrl import AddCoords, CoordConv2d, CoordConvTranspose2d
from tests.coordrl.networks import check_onnx

CODES = ["coordinates", "constant", "random_3"]
CODES_SLOWLY = ["coordinates", *(pytest.param(code, marks=pytest.mark.slow) for code in CODES[1:])]
RANDOM = pytest.param(
    "random_3",
    marks=pytest.mark.xfail(
        torch.__version__.startswith("2.8."), reason="torch 2.8 wants the width fixed", strict=True
    ),
)
SIZES = [(2, 3, 9, 11), (5, 3, 12, 7), (1, 3, 21, 33), (1, 3, 5, 5), (7, 3, 8, 30)]
DYNAMIC = {0: "batch", 2: "height", 3: "width"}


def network(code: str = "coordinates") -> nn.Sequential:
    return nn.Sequential(
        CoordConv2d(3, 8, 3, stride=2, padding=1, with_r=True, code=code),
        nn.ReLU(),
        AddCoords(with_r=True, code=code),
        CoordConvTranspose2d(8 + 3, 4, 3, stride=2, code=code),
    )


def plain_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(8, 4, 3, stride=2)
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
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-5)


@pytest.mark.slow
def test_compiles_with_inductor() -> None:
    net = network()
    compiled = torch.compile(net, fullgraph=True)
    for size in SIZES[:3]:
        x = torch.randn(size)
        with torch.no_grad():
            torch.testing.assert_close(compiled(x), net(x))


def compilations(net: nn.Module) -> int:
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(net, fullgraph=True, backend=counter)
    for size in SIZES:
        x = torch.randn(size)
        torch.testing.assert_close(compiled(x), net(x))
    return counter.frame_count


@pytest.mark.parametrize("code", CODES_SLOWLY)
def test_compiles_for_images_of_any_size_as_often_as_the_plain_network(code: str) -> None:
    assert compilations(network(code)) == compilations(plain_network())


@pytest.mark.parametrize("code", ["coordinates", "constant", RANDOM])
def test_exports_for_any_batch_and_size(code: str) -> None:
    net = network(code).eval()
    dynamic = {0: torch.export.Dim("batch", min=1)}
    dynamic |= {axis: torch.export.Dim(DYNAMIC[axis], min=4) for axis in (2, 3)}
    exported = torch.export.export(net, (torch.randn(SIZES[0]),), dynamic_shapes=(dynamic,))
    for size in SIZES:
        x = torch.randn(size)
        torch.testing.assert_close(exported.module()(x), net(x))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_traces_for_any_size_with_the_weights_it_has_later(
    code: str, layout: torch.memory_format
) -> None:
    net = network(code).eval().to(memory_format=layout)  # type: ignore[call-overload]
    x = torch.randn(SIZES[0]).contiguous(memory_format=layout)
    with torch.no_grad():
        net(x)  # keeps maps, which are not to become constants of the trace
        traced = torch.jit.trace(net, x)  # type: ignore[no-untyped-call]
        for parameter in net.parameters():
            parameter.mul_(-2.0)
        for size in SIZES:
            x = torch.randn(size).contiguous(memory_format=layout)
            torch.testing.assert_close(traced(x), net(x))


@pytest.mark.parametrize("trace", [torch.fx.symbolic_trace, make_fx])
def test_fx_records_the_map_and_does_not_bake_it_in(trace: Any) -> None:
    net, x = network().eval(), torch.randn(SIZES[0])
    with torch.no_grad():
        net(x)
        graph = trace(net)(x) if trace is make_fx else trace(net)
        for parameter in net.parameters():
            parameter.mul_(-2.0)
        for size in SIZES[: 1 if trace is make_fx else None]:
            x = torch.randn(size)
            torch.testing.assert_close(graph(x), net(x))


@pytest.mark.parametrize("layer", [CoordConv2d(3, 4, 3), AddCoords()])
def test_torchscripts_compiler_says_what_to_take_in_its_place(layer: nn.Module) -> None:
    with pytest.raises(TypeError, match=r"cannot compile a \w+: use torch\.export, torch\.comp"):
        torch.jit.script(nn.Sequential(layer))


@pytest.mark.parametrize("code", CODES_SLOWLY)
def test_onnx_runtime_computes_the_same_for_any_size(code: str, tmp_path: Path) -> None:
    net, path = network(code).eval(), tmp_path / "network.onnx"
    dynamic = {axis: torch.export.Dim(name, min=4) for axis, name in DYNAMIC.items() if axis}
    dynamic[0] = torch.export.Dim("batch", min=1)
    torch.onnx.export(
        net, (torch.randn(SIZES[0]),), path, dynamic_shapes=(dynamic,), dynamo=True, verbose=False
    )
    check_onnx(net, path, *map(torch.randn, SIZES))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("code", ["coordinates", "constant"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_older_onnx_exporter_too(
    code: str, layout: torch.memory_format, tmp_path: Path
) -> None:
    net, path = network(code).eval(), tmp_path / "network.onnx"
    net.to(memory_format=layout)  # type: ignore[call-overload]
    x = torch.randn(SIZES[0]).contiguous(memory_format=layout)
    names: Any = {"input_names": ["x"], "dynamic_axes": {"x": DYNAMIC}}
    torch.onnx.export(net, (x,), path, dynamo=False, opset_version=18, **names)
    check_onnx(net, path, *map(torch.randn, SIZES))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_older_onnx_exporter_with_an_output_of_one_pixel(tmp_path: Path) -> None:
    net, path = CoordConv2d(3, 8, 3).eval(), tmp_path / "network.onnx"
    torch.onnx.export(net, (torch.randn(1, 3, 3, 3),), path, dynamo=False, opset_version=18)
    check_onnx(net, path, torch.randn(1, 3, 3, 3))
