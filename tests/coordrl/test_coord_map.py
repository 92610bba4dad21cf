"""The kept map is never stale, whatever changes the weights; and it is really kept."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from stable_baselines3.common.utils import polyak_update
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from coordrl import CoordConv2d, CoordConv3d, CoordConvTranspose2d, coordinate_grid
from coordrl.coord_conv import CoordConvBase
from coordrl.coord_map import MOST_KEPT, MOST_PATCH_ROWS, MOST_PATCHES


def fresh(layer: CoordConvBase, x: torch.Tensor) -> torch.Tensor:
    """Compute the output without any kept map."""
    plain = layer.to_concatenated()
    size = x.shape[2:]
    grid = coordinate_grid(size, with_r=layer.with_r, dtype=x.dtype).expand(len(x), -1, *size)
    result = plain(torch.cat([x, grid], dim=1))
    assert isinstance(result, torch.Tensor)
    return result


def optimizer_step(make: Callable[..., torch.optim.Optimizer], **kwargs: Any) -> Any:
    def step(layer: CoordConv2d) -> None:
        optimizer = make(layer.parameters(), lr=0.5, **kwargs)
        layer(torch.ones(1, 2, 6, 6)).square().sum().backward()
        optimizer.step()

    return step


def in_inference_mode(layer: CoordConv2d) -> None:
    with torch.inference_mode():
        layer(torch.ones(1, 2, 6, 6))
    optimizer_step(torch.optim.SGD)(layer)


@torch.no_grad()
def in_place(layer: CoordConv2d) -> None:
    layer.coord_weight.add_(1.0)


def through_data(layer: CoordConv2d) -> None:
    layer.coord_weight.data[0] += 1.0


def through_numpy(layer: CoordConv2d) -> None:
    layer.coord_weight.detach().numpy()[...] *= -2.0


def by_polyak_update(layer: CoordConv2d) -> None:
    polyak_update(CoordConv2d(2, 3, 3).parameters(), layer.parameters(), tau=0.5)


def by_polyak_copy(layer: CoordConv2d) -> None:
    polyak_update(CoordConv2d(2, 3, 3).parameters(), layer.parameters(), tau=1.0)


def load_state_dict(layer: CoordConv2d) -> None:
    layer.load_state_dict(CoordConv2d(2, 3, 3).state_dict())


def load_by_assignment(layer: CoordConv2d) -> None:
    layer.load_state_dict(CoordConv2d(2, 3, 3).state_dict(), assign=True)


def new_parameter(layer: CoordConv2d) -> None:
    layer.coord_weight = nn.Parameter(torch.ones_like(layer.coord_weight))


def to_double_and_back(layer: CoordConv2d) -> None:
    layer.double()
    layer(torch.ones(1, 2, 6, 6, dtype=torch.float64))
    through_data(layer)
    layer.float()


def switch_modes(layer: CoordConv2d) -> None:
    layer.train()
    through_data(layer)
    layer.eval()


CHANGES = [
    in_place,
    through_data,
    through_numpy,
    by_polyak_update,
    by_polyak_copy,
    load_state_dict,
    load_by_assignment,
    new_parameter,
    to_double_and_back,
    switch_modes,
    in_inference_mode,
    optimizer_step(torch.optim.SGD, foreach=True),
    optimizer_step(torch.optim.Adam, fused=True),
    optimizer_step(torch.optim.Adam, foreach=True),
    optimizer_step(torch.optim.RMSprop),
    CoordConvBase.reset_coord_parameters,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_map_follows_every_change_of_the_weights(
    change: Callable[[CoordConv2d], None], mode: Callable[[], Any]
) -> None:
    layer = CoordConv2d(2, 3, 3)
    x = torch.randn(2, 2, 6, 6)
    with mode():
        before = layer(x)
    change(layer)
    with mode():
        after = layer(x)
        # Some of the changes make large weights.
        torch.testing.assert_close(after, fresh(layer, x), atol=1e-3, rtol=1e-4)
        torch.testing.assert_close(layer(x), after)
    assert not torch.allclose(before, after)


def test_some_of_these_changes_leave_no_trace_in_the_version_counter() -> None:
    """Why the weights are compared by value."""
    for change in (through_data, through_numpy, by_polyak_update):
        layer = CoordConv2d(2, 3, 3)
        weight = layer.coord_weight
        version, pointer = weight._version, weight.data_ptr()
        before = weight.detach().clone()
        change(layer)
        assert not torch.equal(before, weight)
        assert (weight._version, weight.data_ptr()) == (version, pointer)


def test_changing_sizes_types_and_layouts() -> None:
    layer = CoordConv2d(2, 3, 3, with_r=True).requires_grad_(False)
    for size in ((6, 6), (9, 5), (6, 6), (3, 3)):
        for dtype in (torch.float32, torch.float64):
            for layout in (torch.contiguous_format, torch.channels_last):
                x = torch.randn(2, 2, *size, dtype=dtype).contiguous(memory_format=layout)
                layer = layer.to(dtype)
                torch.testing.assert_close(layer(x), fresh(layer, x))


def test_a_transposed_layer_with_changing_output_sizes() -> None:
    layer = CoordConvTranspose2d(2, 3, 3, stride=2).requires_grad_(False)
    x = torch.randn(2, 2, 4, 4)
    for size in ((9, 9), (10, 9), (9, 10), (9, 9)):
        kept = layer(x, output_size=size)
        layer.coord_weight.requires_grad_(True)  # now it is computed afresh
        torch.testing.assert_close(kept, layer(x, output_size=size).detach())
        layer.coord_weight.requires_grad_(False)


class Operations(TorchDispatchMode):
    """Counts the convolutions and matrix products that really happen."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = self.products = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.convolutions += "convolution" in str(func)
        self.products += "aten.mm" in str(func)
        return func(*args, **(kwargs or {}))


def operations(layer: CoordConv2d, x: torch.Tensor) -> tuple[int, int]:
    with Operations() as counted:
        layer(x)
    return counted.convolutions, counted.products


def test_the_map_is_kept_without_gradients_and_its_patches_always() -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    with torch.no_grad():
        assert [operations(layer, x) for _ in range(3)] == [(2, 1), (1, 0), (1, 0)]
    assert [operations(layer, x) for _ in range(2)] == [(1, 1), (1, 1)]
    layer.coord_weight.requires_grad_(False)
    assert [operations(layer, x) for _ in range(2)] == [(1, 0), (1, 0)]


def test_large_patches_are_not_kept() -> None:
    layer, x = CoordConv2d(1, 2, 3), torch.randn(1, 1, 2 + 200, 2 + 200)
    assert MOST_PATCHES < 2 * 9 * 200 * 200
    for _ in range(2):
        assert operations(layer, x) == (2, 0)
    torch.testing.assert_close(layer(x), fresh(layer, x))
    with torch.no_grad():
        assert [operations(layer, x) for _ in range(2)] == [(2, 0), (1, 0)]
        torch.testing.assert_close(layer(x), fresh(layer, x))


def kept_bytes(layer: CoordConv2d) -> int:
    """Bytes of the tensors that a layer holds besides its parameters."""
    kept = layer._coord_map
    tensors = [*(kept._kept or ()), *(kept._patches or ())]
    return sum(t.untyped_storage().nbytes() for t in tensors if isinstance(t, torch.Tensor))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_large_maps_are_not_kept(mode: Callable[[], Any]) -> None:
    layer, x = CoordConv2d(1, 20, 3), torch.randn(1, 1, 250, 250)
    assert MOST_KEPT < 20 * 248 * 248
    with mode():
        for _ in range(2):
            torch.testing.assert_close(layer(x), fresh(layer, x), atol=1e-5, rtol=1e-5)
            assert kept_bytes(layer) == 0
        layer(torch.randn(1, 1, 100, 100))
        assert 0 < kept_bytes(layer) <= 4 * (MOST_KEPT + MOST_PATCHES + layer.coord_weight.numel())


@pytest.mark.parametrize("layer_class", [CoordConv2d, CoordConvTranspose2d])
def test_kernels_as_large_as_the_image_take_no_more_memory_than_it(
    layer_class: type[CoordConvBase],
) -> None:
    size = 90
    assert 2 * size * size > MOST_PATCH_ROWS
    layer = layer_class(1, 2, size, padding=0 if layer_class is CoordConv2d else size - 1)
    x = torch.randn(1, 1, size, size)

    class Largest(TorchDispatchMode):
        numel = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None):  # type: ignore[no-untyped-def]
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                self.numel = max(self.numel, result.numel())
            return result

    for training in (False, True):
        with torch.set_grad_enabled(training), Largest() as largest:
            got = layer(x)
        assert largest.numel <= layer.coord_weight.numel()
        torch.testing.assert_close(got, fresh(layer, x), atol=1e-4, rtol=1e-4)


def test_changing_the_layers_settings() -> None:
    """As segmentation networks do with a backbone's strides."""
    layer, x = CoordConv2d(2, 3, 3, stride=2, padding=1), torch.randn(2, 2, 8, 8)
    for training in (False, True):
        with torch.set_grad_enabled(training):
            for stride, padding in ((2, 1), (1, 2), (2, 1)):
                layer.stride, layer.padding = (stride, stride), (padding, padding)
                layer.dilation = (padding, padding)
                torch.testing.assert_close(layer(x), fresh(layer, x))


def test_shapes_alone_leave_nothing_behind() -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        for training in (False, True):
            with torch.set_grad_enabled(training):
                assert layer(mode.from_tensor(x)).shape == (2, 3, 4, 4)
    for training in (False, True):
        with torch.set_grad_enabled(training):
            torch.testing.assert_close(layer(x), fresh(layer, x))


def test_autocast_leaves_full_precision_behind() -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    for training in (False, True):
        with torch.set_grad_enabled(training):
            with torch.autocast("cpu", torch.bfloat16):
                layer(x)
            torch.testing.assert_close(layer(x), fresh(layer, x))


def test_training_after_inference_mode_with_frozen_coordinates() -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    layer.coord_weight.requires_grad_(False)
    with torch.inference_mode():
        layer(x)
    layer(x).square().sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_maps_of_their_own(copy_of: Callable[[Any], Any]) -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    with torch.no_grad():
        expected = layer(x)
        other = copy_of(layer)
        assert torch.equal(other(x), expected)
        through_data(other)
        torch.testing.assert_close(other(x), fresh(other, x))
        assert torch.equal(layer(x), expected)


def test_the_map_is_neither_in_the_state_dict_nor_in_a_pickle() -> None:
    layer = CoordConv2d(2, 3, 3)
    size = len(pickle.dumps(layer))
    with torch.no_grad():
        layer(torch.randn(2, 2, 200, 200))
    assert set(layer.state_dict()) == {"weight", "bias", "coord_weight"}
    assert len(pickle.dumps(layer)) < size + 1000


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_training_stores_nothing_more_a_sample_than_the_plain_layer(
    layout: torch.memory_format,
) -> None:
    def stored(layer: nn.Module, batch: int) -> int:
        """Bytes that autograd keeps for the backward pass, each storage once."""
        x = torch.randn(batch, 4, 20, 20).contiguous(memory_format=layout)
        kept: dict[int, int] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            output = torch.relu(layer(x))
        del output
        return sum(kept.values())

    coord = CoordConv2d(4, 8, 3).to(memory_format=layout)  # type: ignore[call-overload]
    plain = nn.Conv2d(4, 8, 3).to(memory_format=layout)  # type: ignore[call-overload]
    extra = {batch: stored(coord, batch) - stored(plain, batch) for batch in (1, 64)}
    assert extra[1] == extra[64]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("sizes", [(8, 1), (1, 8), (8, 5)])
def test_batches_may_differ_in_size(layout: torch.memory_format, sizes: tuple[int, ...]) -> None:
    layer = CoordConv2d(2, 3, 1).to(memory_format=layout)  # type: ignore[call-overload]
    for size in sizes:
        x = torch.randn(size, 2, 6, 6).contiguous(memory_format=layout)
        with torch.no_grad():
            torch.testing.assert_close(layer(x), fresh(layer, x))


def test_a_single_sample_whose_output_is_one_pixel_wide() -> None:
    layer = CoordConv3d(2, 3, (1, 2, 2))
    volume = torch.rand(2, 4, 2, 2)
    torch.testing.assert_close(layer(volume), layer(volume[None])[0])
