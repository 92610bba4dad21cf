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

    Of what is never seen there are none.

    :param pixels: Mean absolute error of each coordinate, in pixels of the 84x84 image
    :param constant: The same, had every place been named the median of the true ones
    :param r2: Share of each coordinate's variance that is explained; negative if the mean is better
    :param skill: The skill score (Murphy 1988), 1 - sum of pixels / sum of constant; 1 is perfect,
        0 as good as the best constant, negative worse
    """

    pixels: list[float | None]
    constant: list[float | None]
    r2: list[float | None]
    skill: float | None


def errors(predicted: Places, places: Places) -> Errors:
    """Compare places, of shape (n, coordinates); those that are NaN do not count."""
    columns = zip(predicted.T, places.T, strict=True)
    found = [_coordinate_errors(*column) for column in columns]
    pixels, constant, r2 = (list(values) for values in zip(*found, strict=True))
    wrong, least = (sum(value or 0.0 for value in values) for values in (pixels, constant))
    return Errors(pixels, constant, r2, 1 - wrong / least if least else None)


def _coordinate_errors(
    predicted: Places, places: Places
) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return what :class:`Errors` has of a coordinate."""
    seen = ~(np.isnan(predicted) | np.isnan(places))
    if not seen.any():
        return (None, None, None)
    true, wrong = places[seen], (predicted - places)[seen]
    total = max(float(((true - true.mean()) ** 2).sum()), 1e-12)
    constant = np.abs(true - np.median(true)).mean()
    return float(np.abs(wrong).mean()), float(constant), 1 - float((wrong**2).sum()) / total


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


def learn(arm: str, frames: Frames, seed: int, n_updates: int, device: str = "cpu") -> Namer:
    """Train an extractor to name places, by Adam with a rate that falls to nought.

    :param frames: What it learns from; every arm gets the same minibatches for the same seed
    """
    namer = Namer(arm, frames.places.shape[1], seed).to(device)
    images = torch.from_numpy(frames.images).to(device)
    targets = torch.from_numpy(_scaled(frames.places)).float().to(device)
    seen = ~torch.isnan(targets)
    targets = targets.nan_to_num()
    optimizer = torch.optim.Adam(namer.parameters(), lr=LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, n_updates)
    for which in _batches(len(frames), n_updates, np.random.default_rng(seed)):
        batch = torch.from_numpy(which).to(device)
        wrong = (namer(images[batch]) - targets[batch]) * seen[batch]
        loss = wrong.square().sum() / seen[batch].sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return namer


@torch.no_grad()
def name(namer: Namer, images: npt.NDArray[np.uint8]) -> Places:
    """Name places in images, in pixels."""
    device = namer.head.weight.device
    parts = [
        namer(torch.from_numpy(part).to(device)).cpu()
        for part in np.array_split(images, -(-len(images) // 256))
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
