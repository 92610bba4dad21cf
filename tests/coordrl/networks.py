"""Environments, networks and layers that several tests use."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.envs import FakeImageEnv
from torch import nn

from coordrl import (
    AddCoords,
    CoordConv1d,
    CoordConv2d,
    CoordConv3d,
    CoordConvTranspose1d,
    CoordConvTranspose2d,
    CoordConvTranspose3d,
)

FORWARD = {1: CoordConv1d, 2: CoordConv2d, 3: CoordConv3d}
TRANSPOSED = {1: CoordConvTranspose1d, 2: CoordConvTranspose2d, 3: CoordConvTranspose3d}
ALL = [*FORWARD.values(), *TRANSPOSED.values()]


def layers_of_all_kinds() -> nn.Sequential:
    return nn.Sequential(
        CoordConv2d(3, 8, 3, with_r=True, coord_init="orthogonal"),
        nn.ReLU(),
        CoordConvTranspose2d(8, 2, 2, stride=2),
        AddCoords(),
        CoordConv2d.from_conv(nn.Conv2d(4, 2, 1)),
    )


def image_env(discrete: bool = True, *, channel_first: bool = False) -> FakeImageEnv:
    return FakeImageEnv(
        screen_height=40,
        screen_width=44,
        n_channels=1,
        discrete=discrete,
        channel_first=channel_first,
    )


def check_onnx(network: nn.Module, path: Path, *inputs: torch.Tensor) -> None:
    """Compare what ONNX Runtime computes from a file with what the network does."""
    import onnxruntime  # which the tests with the lowest versions do without

    session = onnxruntime.InferenceSession(path)
    for x in inputs:
        [output] = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        np.testing.assert_allclose(output, network(x).detach().numpy(), atol=1e-4)


class FloatImages(gym.ObservationWrapper[Any, Any, Any]):
    """Images between 0 and 1, channels first, as VecNormalize or a wrapper would give them."""

    def __init__(self) -> None:
        env = image_env(channel_first=True)
        super().__init__(env)
        self.observation_space = spaces.Box(0.0, 1.0, env.observation_space.shape)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        return observation.astype(np.float32) / 255


class CameraAndSpeed(gym.ObservationWrapper[Any, Any, Any]):
    """Dict observations with an image and a vector."""

    def __init__(self) -> None:
        env = image_env()
        super().__init__(env)
        speed = spaces.Box(-1.0, 1.0, (2,))
        self.observation_space = spaces.Dict({"camera": env.observation_space, "speed": speed})

    def observation(self, observation: np.ndarray) -> dict[str, np.ndarray]:
        return {"camera": observation, "speed": np.zeros(2, np.float32)}


class MaskedImages(gym.Wrapper[Any, Any, Any, Any]):
    """Images where the last action is never allowed."""

    def __init__(self) -> None:
        super().__init__(image_env())

    def action_masks(self) -> np.ndarray:
        assert isinstance(self.action_space, spaces.Discrete)
        return np.arange(self.action_space.n) < self.action_space.n - 1


class _BasicBlock(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + identity)


class ResNet(nn.Module):
    """A small ResNet with torchvision's layout and names."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(_BasicBlock(8, 8, 1), _BasicBlock(8, 8, 1))
        self.layer2 = nn.Sequential(_BasicBlock(8, 16, 2), _BasicBlock(16, 16, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        scores: torch.Tensor = self.fc(torch.flatten(x, 1))
        return scores
