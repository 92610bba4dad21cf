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
BATCH = 8
"""Small, for many updates: what coordinates add to pooled features is learned late."""
LEARNING_RATE = 1e-3
MOVES = 0.5
"""Pixels: with a smaller standard deviation a coordinate has no variance to explain."""


@dataclass(frozen=True)
class Errors:
    """How far predicted places are from the true ones, of frames that were not trained on.

    Of what is never seen there are none.

    :param pixels: Mean absolute error of each coordinate, in pixels of the 84x84 image
    :param of_average: The same, had every place been named the average of those to learn from
    :param spread: Standard deviation of what is named, in pixels; near 0 all images look alike
    :param r2: Share of each coordinate's variance that is explained, negative if the mean is
        better; None where what is tested hardly moves
    :param skill: The skill score (Murphy 1988), 1 - sum of pixels / sum of of_average; 1 is
        perfect, 0 as good as knowing only the average, negative worse
    """

    pixels: list[float | None]
    of_average: list[float | None]
    spread: list[float | None]
    r2: list[float | None]
    skill: float | None


def average(places: Places) -> Places:
    """Return the mean of each coordinate where it is seen, NaN if it never is."""
    seen = ~np.isnan(places)
    total = np.where(seen, places, 0.0).sum(axis=0)
    return np.where(seen.any(axis=0), total / np.maximum(seen.sum(axis=0), 1), np.nan)


def errors(predicted: Places, places: Places, known: Places) -> Errors:
    """Compare places, of shape (n, coordinates); those that are NaN do not count.

    :param known: The average of the places to learn from, see :func:`average`; NaN of a coordinate
        that is never seen there
    """
    columns = zip(predicted.T, places.T, known, strict=True)
    found = [_coordinate_errors(*column) for column in columns]
    pixels, of_average, spread, r2 = (list(values) for values in zip(*found, strict=True))
    wrong, least = (sum(value or 0.0 for value in values) for values in (pixels, of_average))
    return Errors(pixels, of_average, spread, r2, 1 - wrong / least if least else None)


def _coordinate_errors(
    predicted: Places, places: Places, known: float
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return what :class:`Errors` has of a coordinate."""
    seen = ~(np.isnan(predicted) | np.isnan(places) | np.isnan(known))
    if not seen.any():
        return (None, None, None, None)
    named, true = predicted[seen], places[seen]
    explained = None
    if true.std() >= MOVES:
        explained = 1 - float(((named - true) ** 2).mean() / true.var())
    pixels, of_average = (float(np.abs(which - true).mean()) for which in (named, known))
    return pixels, of_average, float(named.std()), explained


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


def learn(
    arm: str,
    frames: Frames,
    seed: int,
    n_updates: int,
    learning_rate: float = LEARNING_RATE,
    device: str = "cpu",
) -> Namer:
    """Train an extractor to name places, by Adam.

    :param frames: What it learns from; every arm gets the same minibatches for the same seed
    :param learning_rate: It falls to nought in the last quarter
    :raises ArithmeticError: If it names no numbers in the end
    """
    namer = Namer(arm, frames.places.shape[1], seed).to(device)
    images = torch.from_numpy(frames.images).to(device)
    targets = torch.from_numpy(_scaled(frames.places)).float().to(device)
    seen = ~torch.isnan(targets)
    targets = targets.nan_to_num()
    optimizer = torch.optim.Adam(namer.parameters(), lr=learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, 4 * (1 - step / n_updates))
    )
    batches = _batches(len(frames), n_updates, np.random.default_rng(seed))
    # All at once: on a GPU each copy would wait for the step before.
    for batch in torch.from_numpy(np.stack(batches)).to(device):
        wrong = (namer(images[batch]) - targets[batch]) * seen[batch]
        loss = wrong.square().sum() / seen[batch].sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    if not loss.isfinite():
        raise ArithmeticError(f"{arm}, seed {seed}: the training diverged")
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
