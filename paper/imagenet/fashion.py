"""Classification that needs no position, on a small scale: photographs of clothes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import cos, pi
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)

from paper.idx import Labelled
from paper.imagenet.networks import small_resnet
from paper.results import Arrays, Result, versions
from paper.training import Evaluation, Training, fingerprint, n_parameters, order

PLACES = ("centred", "anywhere")
CANVAS = 40
"""Height and width of what images are placed on, anywhere; centred ones are as they are."""
BATCH_SIZE = 128
RATE = 0.1
AT_ONCE = 500


@dataclass(frozen=True)
class Setting:
    """A training.

    :param arm: one of ``networks.ARMS``
    :param place: one of ``PLACES``
    """

    arm: str
    place: str
    seed: int
    epochs: int


class Fashion(Training):
    """A small network on its way."""

    def __init__(
        self,
        setting: Setting,
        train: Labelled,
        test: Labelled,
        report: Callable[[Evaluation], None],
    ) -> None:
        super().__init__({**asdict(setting), "data": train.fingerprint}, report)
        self.setting, self.train_images, self.test_images = setting, train, test
        torch.manual_seed(setting.seed)
        network = small_resnet(setting.arm)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), RATE, momentum=0.9, weight_decay=5e-4, nesterov=True
        )
        self.modules, self.optimizers = {"network": self.network}, {"sgd": self.optimizer}
        self.steps_an_epoch = max(1, len(train.labels) // BATCH_SIZE)
        self.n_steps = setting.epochs * self.steps_an_epoch

    def step(self, k: int) -> None:
        """Learn from a batch; evaluate at the end of an epoch."""
        epoch, position = divmod(k, self.steps_an_epoch)
        batch = order(self.setting.seed, epoch, len(self.train_images.labels))
        batch = batch[position * BATCH_SIZE : (position + 1) * BATCH_SIZE]
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * (1 + cos(pi * k / self.n_steps)) / 2
        images = self._place(self.train_images, batch, (self.setting.seed, k))
        labels = torch.from_numpy(self.train_images.labels)[batch].long()
        self.network.train()
        loss = F.cross_entropy(self.network(images), labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.add(loss=loss.item())
        if position == self.steps_an_epoch - 1:
            means = self.means(self.steps_an_epoch)
            self.note(epoch=epoch + 1, **means, accuracy=self._accuracy())

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return what a finished training leaves."""
        result = Result(
            setting=asdict(self.setting),
            data=f"{self.train_images.fingerprint} {self.test_images.fingerprint}",
            parameters={"network": n_parameters(self.network)},
            num_threads=torch.get_num_threads(),
            scores={"accuracy": self.history[-1]["accuracy"], "loss": self.history[-1]["loss"]},
            history=self.history,
            seconds=self.seconds,
            fingerprint=fingerprint(self.network),
            versions=versions(),
        )
        return asdict(result), {}

    @torch.no_grad()
    def _accuracy(self) -> float:
        """Return the accuracy on the test images, whose places are the same in all trainings."""
        self.network.eval()
        labels, right = torch.from_numpy(self.test_images.labels), 0
        for some in torch.arange(len(labels)).split(AT_ONCE):  # type: ignore[no-untyped-call]  # torch's
            images = self._place(self.test_images, some, (0, int(some[0]), 1))
            right += int((self.network(images).argmax(dim=1) == labels[some]).sum())
        return right / len(labels)

    def _place(self, part: Labelled, which: torch.Tensor, seed: tuple[int, ...]) -> torch.Tensor:
        """Return images of mean 0 and deviation 1, or so, where the setting has them.

        :param seed: of the places
        """
        images = part.images[which.numpy()].astype(np.float32) / 255
        if self.setting.place == "anywhere":
            canvas = np.zeros((len(images), CANVAS, CANVAS), np.float32)
            height, width = images.shape[1:]
            generator = np.random.default_rng(seed)
            corners = generator.integers(
                (CANVAS - height + 1, CANVAS - width + 1), size=(len(images), 2)
            )
            for image, (top, left), onto in zip(images, corners, canvas, strict=True):
                onto[top : top + height, left : left + width] = image
            images = canvas
        return (torch.from_numpy(images)[:, None] - 0.286) / 0.353
