"""Training a region-proposal network."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import cos, pi
from typing import Any

import numpy as np
import torch

from paper.detection.boxes import make_anchors
from paper.detection.data import Field
from paper.detection.losses import losses
from paper.detection.measures import measure, proposals
from paper.detection.networks import ProposalNetwork
from paper.results import Arrays, Result, versions
from paper.training import Evaluation, Training, fingerprint, n_parameters, order

BATCH_SIZE = 8
N_EXAMPLES = 12
"""Test canvases of which a training keeps its proposals, for figures."""


@dataclass(frozen=True)
class Setting:
    """A training: which network, on which anchors, and how.

    :param model: one of ``networks.MODELS``
    :param anchors: one of ``boxes.ANCHORS``
    :param width: filters of the first convolution
    :param learning_rate: Adam's at the beginning; it falls to 0 along half a cosine
    :param seed: of the initial weights, the order of canvases and the boxes that are drawn
    """

    model: str
    anchors: str
    seed: int
    width: int
    epochs: int
    learning_rate: float = 0.002


class Detection(Training):
    """A network on its way."""

    def __init__(
        self, setting: Setting, train: Field, test: Field, report: Callable[[Evaluation], None]
    ) -> None:
        super().__init__({**asdict(setting), "data": train.fingerprint}, report)
        self.setting, self.train_field, self.test_field = setting, train, test
        torch.manual_seed(setting.seed)
        self.anchors = make_anchors(setting.anchors)
        network = ProposalNetwork(setting.model, setting.width)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        weights = self.network.parameters()
        self.optimizer = torch.optim.Adam(weights, setting.learning_rate, fused=True)
        self.modules, self.optimizers = {"network": self.network}, {"adam": self.optimizer}
        # Whatever the network has drawn, the same boxes are drawn of the same candidates.
        torch.manual_seed(setting.seed)
        self.steps_an_epoch = -(-len(train.images) // BATCH_SIZE)
        self.n_steps = setting.epochs * self.steps_an_epoch

    def step(self, k: int) -> None:
        """Learn from a batch; evaluate at the end of an epoch."""
        epoch, position = divmod(k, self.steps_an_epoch)
        batch = order(self.setting.seed, epoch, len(self.train_field.images))
        batch = batch[position * BATCH_SIZE : (position + 1) * BATCH_SIZE]
        rate = self.setting.learning_rate * (1 + cos(pi * k / self.n_steps)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        moves, logits = self.network(self.train_field.images[batch])
        loss = losses(self.anchors, moves, logits, self.train_field.boxes[batch])
        self.optimizer.zero_grad()
        torch.autograd.backward(loss.total)
        self.optimizer.step()
        self.add(loss=loss.total.item(), train=loss.iou)
        if position == self.steps_an_epoch - 1:
            found = proposals(self.network, self.anchors, self.test_field.images)
            scores = measure(*found, self.test_field)
            self.note(epoch=epoch + 1, **self.means(self.steps_an_epoch), **scores)

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return what a finished training leaves; ``train`` is of its last epoch."""
        last = self.history[-1]
        result = Result(
            setting=asdict(self.setting),
            data=f"{self.train_field.fingerprint} {self.test_field.fingerprint}",
            parameters={"network": n_parameters(self.network)},
            num_threads=torch.get_num_threads(),
            scores={name: last[name] for name in last if name not in ("epoch", "loss")},
            history=self.history,
            seconds=self.seconds,
            fingerprint=fingerprint(self.network),
            versions=versions(),
        )
        some = slice(N_EXAMPLES)
        boxes, scores = proposals(self.network, self.anchors, self.test_field.images[some])
        return asdict(result), {
            "images": (self.test_field.images[some, 0].numpy() * 255).round().astype(np.uint8),
            "truths": self.test_field.boxes[some].numpy(),
            "boxes": boxes.numpy(),
            "scores": scores.numpy(),
        }
