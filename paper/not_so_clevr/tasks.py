"""The three tasks: what is minimised, and how right the result is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from paper.not_so_clevr.data import Dataset
from paper.not_so_clevr.networks import (
    CoordPainter,
    CoordRegressor,
    CoordRenderer,
    DeconvPainter,
    pooling_regressor,
    strided_regressor,
)
from paper.not_so_clevr.recipes import Recipe
from paper.not_so_clevr.selective import paint

CLOSE_ENOUGH = 0.5
"""Regression is right where it is less than so many pixels off."""


class Task(ABC):
    """A task on a data set.

    :param model: ``"plain"`` or ``"coordconv"``
    :param recipe: how the network is made and trained
    """

    score: ClassVar[str]
    """The measure that tells how well the task is done, 1 being perfect; others are beside it."""
    at_once: ClassVar[int]
    """Places that are computed at a time, so that what they need fits into a core's cache."""

    def __init__(self, dataset: Dataset, model: str, recipe: Recipe) -> None:
        self.dataset, self.model, self.recipe = dataset, model, recipe
        pixels = recipe.inputs == "pixels"
        self.inputs = dataset.places.float() if pixels else dataset.inputs

    @abstractmethod
    def network(self) -> nn.Module:
        """Make the network, not yet initialised."""

    @abstractmethod
    def loss(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar: the mean over places, at most ``at_once`` of them."""

    @abstractmethod
    def answers(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return what the network says of places; the places are the first axis."""

    @abstractmethod
    def measures(self, answers: torch.Tensor, indices: torch.Tensor) -> dict[str, float]:
        """Say how right answers are, the score among others."""

    @abstractmethod
    def examples(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return what figures show of places, (n, ...): logits, or the probability of paint."""

    def decayed(self, network: nn.Module) -> nn.Module:
        """Return the part of the network whose weights decay: all of it."""
        return network

    def parts(self, indices: torch.Tensor) -> Iterator[torch.Tensor]:
        """Split places into as many as are computed at a time."""
        yield from torch.split(indices, self.at_once)

    @torch.no_grad()
    def ask(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return what the network says of any number of places."""
        return torch.cat([self.answers(network, part) for part in self.parts(indices)])


class Classification(Task):
    """(x, y) to the one pixel at the square's centre."""

    score, at_once = "accuracy", 8

    def network(self) -> nn.Module:
        """Make the network: the paper's painter of a pixel, with 1x1 or transposed convolutions."""
        if self.model == "coordconv":
            return CoordPainter(self.dataset.canvas)
        return DeconvPainter(self.dataset.canvas, self.recipe.width, self.recipe.kernel_size)

    def loss(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of the softmax over all pixels."""
        inputs, pixels = self.inputs[indices], self.dataset.pixels[indices]
        logits = paint(network, inputs) if isinstance(network, CoordPainter) else network(inputs)
        return F.cross_entropy(logits.flatten(1), pixels)

    def answers(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the index of the most probable pixel of each place, shape (n,)."""
        return self.examples(network, indices).flatten(1).argmax(dim=1)

    def measures(self, answers: torch.Tensor, indices: torch.Tensor) -> dict[str, float]:
        """Return the accuracy, and the mean and largest distance in pixels."""
        canvas = self.dataset.canvas
        named = torch.stack([answers % canvas, answers // canvas], dim=1)
        right = answers == self.dataset.pixels[indices]
        return {
            "accuracy": right.double().mean().item(),
            **_distances(named - self.dataset.places[indices]),
        }

    def examples(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (n, canvas, canvas)."""
        logits: torch.Tensor = network(self.inputs[indices])
        return logits


class Regression(Task):
    """A picture of the centre's pixel to (x, y)."""

    score, at_once = "accuracy", 32

    def network(self) -> nn.Module:
        """Make the network; the paper's plain one is not the same for both kinds of split."""
        if self.model == "coordconv":
            return CoordRegressor(self.recipe.coord_init)
        if self.dataset.split == "quadrant":
            return strided_regressor()
        return pooling_regressor(self.dataset.canvas)

    def loss(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of places in parts of the canvas, as the paper does."""
        target = self.dataset.places[indices] / self.dataset.canvas
        return F.mse_loss(network(self.dataset.one_hot(indices)), target)

    def answers(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return places in pixels, shape (n, 2)."""
        places: torch.Tensor = network(self.dataset.one_hot(indices))
        return places * self.dataset.canvas

    def measures(self, answers: torch.Tensor, indices: torch.Tensor) -> dict[str, float]:
        """Return the mean and largest distance in pixels, and how many are within half a pixel."""
        errors = answers - self.dataset.places[indices]
        within = errors.double().norm(dim=1) < CLOSE_ENOUGH
        return {"accuracy": within.double().mean().item(), **_distances(errors)}

    def examples(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return places in pixels: there is no more to see of them."""
        return self.answers(network, indices)


class Rendering(Task):
    """(x, y) to the picture of the square."""

    score, at_once = "iou", 8

    def network(self) -> nn.Module:
        """Make the network; the plain one is that of classification."""
        if self.model == "coordconv":
            return CoordRenderer(self.dataset.canvas, self.recipe.width)
        return DeconvPainter(self.dataset.canvas, self.recipe.width, self.recipe.kernel_size)

    def loss(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of a pixel, and of the centre where the recipe says so."""
        inputs, squares = self.inputs[indices], self.dataset.squares(indices)[:, 0]
        if not isinstance(network, CoordRenderer):
            return F.binary_cross_entropy_with_logits(network(inputs), squares)
        centre = paint(network.painter, inputs)
        of_picture = F.binary_cross_entropy_with_logits(network.around(centre), squares)
        if not self.recipe.centre_loss:
            return of_picture
        of_centre = F.cross_entropy(centre.flatten(1), self.dataset.pixels[indices])
        return of_picture + self.recipe.centre_loss * of_centre

    def decayed(self, network: nn.Module) -> nn.Module:
        """Leave out the convolutions that draw the square: decay would blur its edges."""
        return network.painter if isinstance(network, CoordRenderer) else network

    def answers(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the painted pixels, bool of shape (n, canvas, canvas)."""
        return self.examples(network, indices) > 0.5

    def measures(self, answers: torch.Tensor, indices: torch.Tensor) -> dict[str, float]:
        """Return the mean intersection over union (IOU), and the smallest one."""
        squares = self.dataset.squares(indices)[:, 0] > 0
        both = (answers & squares).sum(dim=(1, 2)).double()
        iou = both / (answers | squares).sum(dim=(1, 2))
        return {"iou": iou.mean().item(), "smallest_iou": iou.min().item()}

    def examples(self, network: nn.Module, indices: torch.Tensor) -> torch.Tensor:
        """Return the probability that a pixel is painted, of shape (n, canvas, canvas)."""
        logits: torch.Tensor = network(self.inputs[indices])
        return logits.sigmoid()


def make_task(name: str, dataset: Dataset, model: str, recipe: Recipe) -> Task:
    """Return the task of a name: classification, regression or rendering."""
    tasks: dict[str, Callable[[Dataset, str, Recipe], Task]] = {
        "classification": Classification,
        "regression": Regression,
        "rendering": Rendering,
    }
    return tasks[name](dataset, model, recipe)


def _distances(errors: torch.Tensor) -> dict[str, float]:
    distances = errors.double().norm(dim=1)
    return {
        "pixel_error": distances.mean().item(),
        "largest_pixel_error": distances.max().item(),
    }
