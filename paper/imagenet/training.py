"""Training a ResNet-50 on a folder of images, on one or several GPUs, or on the CPU."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from paper.imagenet.folder import ImageFolder
from paper.imagenet.networks import resnet50
from paper.results import Arrays, Result, versions
from paper.training import Evaluation, Training, fingerprint, n_parameters, order

RATE, MOMENTUM, DECAY = 0.1, 0.9, 1e-4
"""Torchvision's for ResNet-50: the rate for 256 images a batch, a tenth of it every 30 epochs."""
_EPOCHS_A_RATE = 30


@dataclass(frozen=True)
class Setting:
    """A training.

    :param arm: one of ``networks.ARMS``
    :param size: height and width of images, in pixels
    :param batch_size: images a step, of all processes together
    :param half: whether convolutions are computed in bfloat16
    """

    arm: str
    seed: int
    epochs: int
    size: int
    batch_size: int
    half: bool


@dataclass(frozen=True)
class Place:
    """This process among those of the training, as ``torchrun`` numbers them."""

    rank: int = 0
    n_processes: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def of_this_process(cls, device: str) -> "Place":
        """Return it; of several processes, join the others."""
        n_processes = int(os.environ.get("WORLD_SIZE", "1"))
        rank, local = (int(os.environ.get(name, "0")) for name in ("RANK", "LOCAL_RANK"))
        found = torch.device(f"cuda:{local}" if device == "cuda" else device)
        if found.type == "cuda":
            torch.cuda.set_device(found)
        if n_processes > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if found.type == "cuda" else "gloo")
        return cls(rank, n_processes, found)

    def leave(self) -> None:
        """Part from the other processes."""
        if self.n_processes > 1:
            dist.destroy_process_group()


class Classification(Training):
    """A network on its way.

    :param workers: processes that read images
    """

    def __init__(
        self,
        setting: Setting,
        train: ImageFolder,
        test: ImageFolder,
        report: Callable[[Evaluation], None],
        place: Place | None = None,
        workers: int = 0,
    ) -> None:
        self.setting, self.workers, self.place = setting, workers, place or Place()
        # Batch normalisation's statistics are those of a process' images.
        shared = {"data": train.fingerprint, "processes": self.place.n_processes}
        super().__init__({**asdict(setting), **shared}, report)
        self.train_images, self.test_images = train, test
        self.saves = self.place.rank == 0
        torch.manual_seed(setting.seed)
        network = resnet50(setting.arm, len(train.classes))
        self.network = network.to(self.place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self.shared: nn.Module = self.network
        if self.place.n_processes > 1:
            # The first process' statistics of batch normalisation are everybody's at each step, so
            # that its checkpoint is everybody's.
            self.shared = DistributedDataParallel(self.network)
        self.rate = RATE * setting.batch_size / 256
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), self.rate, MOMENTUM, weight_decay=DECAY
        )
        self.modules, self.optimizers = {"network": self.network}, {"sgd": self.optimizer}
        self.steps_an_epoch = max(1, len(train) // setting.batch_size)
        self.n_steps = setting.epochs * self.steps_an_epoch
        self._loaded: Iterator[list[torch.Tensor]] | None = None

    def step(self, k: int) -> None:
        """Learn from a batch; evaluate at the end of an epoch."""
        if self._loaded is None:
            self._loaded = iter(self._load(self.train_images, islice(self._batches(), k, None)))
        images, labels = (part.to(self.place.device) for part in next(self._loaded))
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * 0.1 ** (k // self.steps_an_epoch // _EPOCHS_A_RATE)
        self.network.train()
        with self._precision():
            logits = self.shared(images.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.add(loss=loss.item())
        epoch, left = divmod(k + 1, self.steps_an_epoch)
        if not left:
            self.note(epoch=epoch, **self.means(self.steps_an_epoch), **self._evaluate())

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return what a finished training leaves: top-1 and top-5 accuracy on the test images."""
        last = self.history[-1]
        result = Result(
            setting=asdict(self.setting),
            data=f"{self.train_images.fingerprint} {self.test_images.fingerprint}",
            parameters={"network": n_parameters(self.network)},
            num_threads=torch.get_num_threads(),
            scores={"top1": last["top1"], "top5": last["top5"]},
            history=self.history,
            seconds=self.seconds,
            fingerprint=fingerprint(self.network),
            versions=versions(self.place.device),
        )
        return asdict(result), {}

    def _batches(self) -> Iterator[list[tuple[int, int]]]:
        """Yield epoch and index of this process' images, batch after batch."""
        size, place = self.setting.batch_size, self.place
        for epoch in range(self.setting.epochs):
            indices = order(self.setting.seed, epoch, len(self.train_images)).tolist()
            for k in range(self.steps_an_epoch):
                whole = indices[k * size : (k + 1) * size]
                yield [(epoch, index) for index in whole[place.rank :: place.n_processes]]

    def _load(self, images: ImageFolder, batches: Any) -> DataLoader[Any]:
        pinned = self.place.device.type == "cuda"
        return DataLoader(
            images, batch_sampler=batches, num_workers=self.workers, pin_memory=pinned
        )

    def _precision(self) -> Any:
        return torch.autocast(self.place.device.type, torch.bfloat16, enabled=self.setting.half)

    @torch.no_grad()
    def _evaluate(self) -> dict[str, float]:
        """Return the parts of all test images whose class is named first, and among five."""
        if self.place.n_processes > 1:
            # The first process' network is the one that is saved.
            for buffer in self.network.buffers():
                dist.broadcast(buffer, 0)
        self.network.eval()
        own = range(self.place.rank, len(self.test_images), self.place.n_processes)
        size = max(1, self.setting.batch_size // self.place.n_processes)
        batches = [[(0, index) for index in own[k : k + size]] for k in range(0, len(own), size)]
        right = torch.zeros(2, dtype=torch.int64, device=self.place.device)
        for images, labels in self._load(self.test_images, batches):
            with self._precision():
                logits = self.network(images.to(self.place.device))
            named = logits.float().topk(min(5, logits.shape[1]), dim=1).indices
            hits = named == labels.to(self.place.device)[:, None]
            right += torch.stack([hits[:, 0].sum(), hits.any(dim=1).sum()])
        if self.place.n_processes > 1:
            dist.all_reduce(right)
        top1, top5 = (right / len(self.test_images)).tolist()
        return {"top1": top1, "top5": top5}
