"""Layers and extractors on a GPU, where there is one."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from torch import nn
from torch.nn.functional import mse_loss

from coordrl import CoordNatureCNN
from tests.coordrl.networks import image_env, layers_of_all_kinds

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(autouse=True)
def _whole_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def gradients(net: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    net.zero_grad()
    net(x).square().mean().backward()
    return [weight.grad.cpu() for weight in net.parameters() if weight.grad is not None]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_same_numbers_as_on_the_processor(layout: torch.memory_format) -> None:
    net, x = layers_of_all_kinds(), torch.rand(5, 3, 9, 9).contiguous(memory_format=layout)
    expected, slopes = net(x), gradients(net, x)
    moved = copy.deepcopy(net).to("cuda")
    torch.testing.assert_close(moved(x.cuda()).cpu(), expected, rtol=1e-4, atol=1e-5)
    for found, slope in zip(gradients(moved, x.cuda()), slopes, strict=True):
        torch.testing.assert_close(found, slope, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(moved.cpu()(x), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision(dtype: torch.dtype) -> None:
    net, x = layers_of_all_kinds().cuda(), torch.rand(5, 3, 9, 9, device="cuda")
    with torch.autocast("cuda", dtype):
        y = net(x)
    assert y.dtype == dtype
    torch.testing.assert_close(y.float(), net(x), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_compiled(mode: str) -> None:
    net, x = layers_of_all_kinds().cuda(), torch.rand(5, 3, 9, 9, device="cuda")
    compiled = torch.compile(net, mode=mode)
    for _ in range(3):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        optimizer.zero_grad()
        y = compiled(x)
        torch.testing.assert_close(y, net(x), rtol=1e-4, atol=1e-5)
        mse_loss(y, torch.zeros_like(y)).backward()
        optimizer.step()


def test_a_captured_graph_follows_the_weights() -> None:
    frames = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    extractor, x = CoordNatureCNN(frames).cuda(), torch.rand(8, 4, 84, 84, device="cuda")
    with torch.no_grad():
        extractor(x)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = extractor(x)
        for weight in extractor.parameters():
            weight.mul_(1.5)
        graph.replay()
        torch.testing.assert_close(y, extractor(x), rtol=1e-4, atol=1e-5)


def test_an_agent_trained_there_plays_here(tmp_path: Path) -> None:
    model = PPO(
        "CnnPolicy",
        image_env(),
        policy_kwargs={"features_extractor_class": CoordNatureCNN},
        n_steps=32,
        batch_size=16,
        n_epochs=1,
        device="cuda",
    ).learn(64)
    model.save(tmp_path / "model")
    frames = torch.randint(0, 256, (16, 1, 40, 44), dtype=torch.uint8)
    there = model.policy.predict_values(frames.cuda()).cpu()
    here = PPO.load(tmp_path / "model", device="cpu").policy.predict_values(frames)
    torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-4)
