"""Can it learn where things are? An extractor trained from scratch to name places."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn

from agents.probe.frames import Frames
from agents.run.arm import find_arm
from envs.objects import Places

SIZE = 84
IMAGES = spaces.Box(0, 255, (4, SIZE, SIZE), np.uint8)
LEARNING_RATE = 1e-3
BATCH = 8
"""Small, for many updates: what coordinates add to pooled features is learned late."""


@dataclass(frozen=True)
class Errors:
    """How far predicted places are from the true ones, of frames that were not trained on.

    :param pixels: Mean absolute error of each coordinate, in pixels of the 84x84 image
    :param r2: Share of each coordinate's variance that is explained; negative if the mean is better
    """

    pixels: list[float]
    r2: list[float]


def errors(predicted: Places, places: Places) -> Errors:
    """Compare places, of shape (n, coordinates); those that are NaN do not count.

    A coordinate of which nothing counts has errors that are NaN.
    """
    wrong = predicted - places
    counts = (~np.isnan(wrong)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = np.nansum(np.abs(wrong), axis=0) / counts
        mean = np.nansum(np.where(np.isnan(wrong), np.nan, places), axis=0) / counts
        total = np.nansum(np.where(np.isnan(wrong), np.nan, places - mean) ** 2, axis=0)
        r2 = 1 - np.nansum(wrong**2, axis=0) / np.where(counts, np.maximum(total, 1e-12), np.nan)
    return Errors(pixels.tolist(), r2.tolist())


class Namer(nn.Module):
    """An arm's extractor and a linear layer that names places.

    Parameters start as SB3's ``ortho_init`` leaves those of A2C and PPO.
    """

    def __init__(self, arm: str, n_coordinates: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        found = find_arm(arm)
        with found.refusals():
            extractor = found.extractor_class()(IMAGES, **found.features_extractor_kwargs)
        # Arms draw different numbers of random numbers: what follows is to be the same for all.
        torch.manual_seed(seed)
        self.head = nn.Linear(extractor.features_dim, n_coordinates)
        extractor.apply(partial(ActorCriticPolicy.init_weights, gain=2**0.5))
        self.extractor = extractor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Name places in units of half an image, 0 at its centre, of images of bytes."""
        scaled = images.float() / 255
        named: torch.Tensor = self.head(
            self.extractor(scaled.contiguous(memory_format=torch.channels_last))
        )
        return named


def learn(arm: str, frames: Frames, seed: int, n_updates: int) -> Namer:
    """Train an extractor to name places, by Adam with a rate that falls to nought.

    :param frames: What it learns from; every arm gets the same minibatches for the same seed
    """
    namer = Namer(arm, frames.places.shape[1], seed)
    targets = torch.from_numpy(_scaled(frames.places)).float()
    seen = ~torch.isnan(targets)
    targets = targets.nan_to_num()
    optimizer = torch.optim.Adam(namer.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, n_updates)
    for batch in _batches(len(frames), n_updates, np.random.default_rng(seed)):
        named = namer(torch.from_numpy(frames.images[batch]))
        wrong = (named - targets[batch]) * seen[batch]
        loss = wrong.square().sum() / seen[batch].sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return namer


@torch.no_grad()
def name(namer: Namer, images: npt.NDArray[np.uint8]) -> Places:
    """Name places in images, in pixels."""
    parts = [
        namer(torch.from_numpy(part)) for part in np.array_split(images, -(-len(images) // 256))
    ]
    return (torch.cat(parts).numpy().astype(np.float64) + 1) * (SIZE - 1) / 2


def _scaled(places: Places) -> Places:
    return 2 * places / (SIZE - 1) - 1


def _batches(
    n_frames: int, n_updates: int, generator: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Draw minibatches: all frames once, in random order, then all again."""
    size = min(BATCH, n_frames)
    per_epoch = n_frames // size
    batches: list[npt.NDArray[np.int64]] = []
    while len(batches) < n_updates:
        order = generator.permutation(n_frames)
        batches += list(order[: per_epoch * size].reshape(per_epoch, size))
    return batches[:n_updates]
