"""Training a network on a task."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from paper import training
from paper.not_so_clevr.data import Dataset
from paper.not_so_clevr.networks import initialise
from paper.not_so_clevr.recipes import Recipe
from paper.not_so_clevr.results import Result
from paper.not_so_clevr.tasks import Task, make_task
from paper.results import Arrays
from paper.training import Evaluation, fingerprint, n_parameters

SOME = 512
"""Training places that are evaluated on the way; all are at the end, and before it says perfect."""
NEARLY = 0.8
"""The score to which the paper gives the time, besides the perfect one."""


@dataclass(frozen=True)
class Setting:
    """A training: what is trained on what, and how.

    :param task: one of ``recipes.TASKS``
    :param model: one of ``recipes.MODELS``
    :param split: one of ``data.SPLITS``
    :param seed: of the initial weights and of the order of the places
    :param canvas: height and width of the canvas, in pixels
    """

    task: str
    model: str
    split: str
    seed: int
    canvas: int
    recipe: Recipe


class Training(training.Training):
    """A network on its way; a step is an epoch."""

    def __init__(self, setting: Setting, report: Callable[[Evaluation], None]) -> None:
        super().__init__(asdict(setting), report)
        torch.manual_seed(setting.seed)
        self.setting, self.recipe, self.n_steps = setting, setting.recipe, setting.recipe.epochs
        self.dataset = Dataset(setting.split, setting.canvas)
        self.task: Task = make_task(setting.task, self.dataset, setting.model, setting.recipe)
        network = self.task.network()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        initialise(self.network)
        self.optimizer = self._make_optimizer()
        self.modules, self.optimizers = {"network": self.network}, {"adam": self.optimizer}
        train = self.dataset.train
        self.some = train[torch.linspace(0, len(train) - 1, min(SOME, len(train))).long()]

    def step(self, k: int) -> None:
        """Train for an epoch, and evaluate where the recipe says so."""
        epoch = k + 1
        loss = self._train_epoch(epoch)
        if epoch == self.recipe.epochs or epoch % self.recipe.evaluate_every == 0:
            self.finished = self._evaluate(epoch, loss) and self.recipe.until_perfect

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return a :class:`Result` as a dictionary, and what figures need.

        :return: the arrays are ``answers`` of all places in the data set's order (of rendering:
            whether a pixel is painted, eight to a byte); indices of ``example_places``, and the
            task's ``examples``
        """
        return asdict(self._result()), self._record()

    def _record(self) -> Arrays:
        answers = self.task.ask(self.network, torch.arange(len(self.dataset.places))).numpy()
        with torch.no_grad():
            examples = self.task.examples(self.network, self.dataset.examples).numpy()
        return {
            "answers": np.packbits(answers) if answers.dtype == bool else answers,
            "example_places": self.dataset.examples.numpy(),
            "examples": examples.astype(np.float32),
        }

    def _make_optimizer(self) -> torch.optim.Optimizer:
        decayed = list(self.task.decayed(self.network).parameters())
        known = {id(weight) for weight in decayed}
        others = [weight for weight in self.network.parameters() if id(weight) not in known]
        groups = [{"params": decayed, "weight_decay": self.recipe.weight_decay}]
        if others:
            groups.append({"params": others, "weight_decay": 0.0})
        return torch.optim.AdamW(groups, lr=self.recipe.learning_rate, fused=True)

    def _train_epoch(self, epoch: int) -> float:
        """Take a step for each batch of the shuffled training places; return the mean loss."""
        self.network.train()
        train, total = self.dataset.train, 0.0
        for done, batch in self._batches(train[torch.randperm(len(train))]):
            progress = (epoch - 1 + done / len(train)) / self.recipe.epochs
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate_at(progress)
            self.optimizer.zero_grad()
            total += self._backward(batch)
            self.optimizer.step()
        return total / len(train)

    def _batches(self, order: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
        done = 0
        for batch in torch.split(order, self.recipe.batch_size):
            yield done, batch
            done += len(batch)

    def _backward(self, batch: torch.Tensor) -> float:
        """Compute the gradient of a batch, part by part; return the sum of its losses."""
        total = 0.0
        # Batch normalisation must see the whole batch at a time.
        parts = [batch] if self.setting.model == "plain" else self.task.parts(batch)
        for part in parts:
            loss = self.task.loss(self.network, part)
            torch.autograd.backward(loss * (len(part) / len(batch)))
            total += loss.item() * len(part)
        if self.recipe.l2:
            squares = torch.stack([weight.square().sum() for weight in self._weights()])
            torch.autograd.backward(self.recipe.l2 * squares.sum())
        return total

    def _weights(self) -> Iterator[nn.Parameter]:
        """Yield all weights but biases and those of batch normalisation."""
        yield from (weight for weight in self.network.parameters() if weight.ndim > 1)

    def _evaluate(self, epoch: int, loss: float) -> bool:
        """Add an evaluation to the history; return whether every place is right."""
        train, test = self._score(self.some), self._score(self.dataset.test)
        perfect = False
        if train == test == 1:
            train = self._score(self.dataset.train)
            perfect = train == 1
        self.note(
            epoch=epoch, seconds=self.seconds, loss=loss, train=train, test=test, perfect=perfect
        )
        return perfect

    def _score(self, indices: torch.Tensor) -> float:
        return self._measure(indices)[self.task.score]

    def _measure(self, indices: torch.Tensor) -> dict[str, float]:
        self.network.eval()
        return self.task.measures(self.task.ask(self.network, indices), indices)

    def _result(self) -> Result:
        nearly: Evaluation = next((e for e in self.history if e["test"] >= NEARLY), {})
        perfect: Evaluation = next((e for e in self.history if e["perfect"]), {})
        return Result(
            **self.identity,
            parameters=n_parameters(self.network),
            num_threads=torch.get_num_threads(),
            epochs=self.history[-1]["epoch"],
            seconds=self.history[-1]["seconds"],
            epochs_to_80=nearly.get("epoch"),
            seconds_to_80=nearly.get("seconds"),
            epochs_to_perfect=perfect.get("epoch"),
            seconds_to_perfect=perfect.get("seconds"),
            train=self._measure(self.dataset.train),
            test=self._measure(self.dataset.test),
            history=self.history,
            fingerprint=fingerprint(self.network),
        )
