"""Training that goes on, bit for bit, wherever it was killed."""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import nn

from common.errors import UsageError
from common.files import write_atomically

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_SECONDS = 60.0
"""A killed training has lost so much at most, or its last step where that took longer."""

Evaluation = dict[str, Any]


class Training(ABC):
    """One training, step after step.

    All that a step changes is in ``modules``, ``optimizers``, ``history``, ``sums`` and in torch's
    random numbers: a checkpoint holds these, and everything else is made from the setting again.

    :param identity: tells this training from others, as JSON would write it
    :param report: is given each evaluation

    Of several processes with the same training all but one set ``saves`` to False.
    """

    n_steps: int
    """How many there are; a step can be a batch or a whole epoch."""

    def __init__(self, identity: dict[str, Any], report: Callable[[Evaluation], None]) -> None:
        self.identity, self.report = identity, report
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.history: list[Evaluation] = []
        self.sums: dict[str, float] = {}
        self.finished, self.saves = False, True
        self._before, self._started = 0.0, time.perf_counter()

    @abstractmethod
    def step(self, k: int) -> None:
        """Take step ``k``, counted from 0; ``finished`` set to True makes it the last."""

    @property
    def seconds(self) -> float:
        """Time spent so far, also by processes that were killed."""
        return self._before + time.perf_counter() - self._started

    def add(self, **values: float) -> None:
        """Add losses and the like to ``sums``, which :meth:`means` will divide.

        :raises UsageError: if one is no finite number: the training has diverged
        """
        for name, value in values.items():
            if not isfinite(value):
                raise UsageError(f"the training has diverged: {name} is {value}")
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self, n: int) -> dict[str, float]:
        """Return what was added, divided by ``n``, and begin anew."""
        means = {name: value / n for name, value in self.sums.items()}
        self.sums = {}
        return means

    def note(self, **values: Any) -> None:
        """Report an evaluation and keep it."""
        self.history.append(values)
        self.report(values)

    def train(self, folder: Path | None = None) -> None:
        """Take all steps that are left.

        :param folder: holds the checkpoint; None to train without
        :raises UsageError: if the checkpoint is of another training, or damaged
        """
        k = self._restore(folder / CHECKPOINT) if folder else 0
        saved = time.monotonic()
        while k < self.n_steps and not self.finished:
            self.step(k)
            k += 1
            if folder and self.saves and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                self._save(folder / CHECKPOINT, k)
                saved = time.monotonic()

    def _save(self, path: Path, k: int) -> None:
        state = {
            "identity": self.identity,
            "steps": k,
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "optimizers": {name: one.state_dict() for name, one in self.optimizers.items()},
            "history": self.history,
            "sums": self.sums,
            "finished": self.finished,
            "seconds": self.seconds,
            "random": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        write_atomically(path, lambda draft: torch.save(state, draft))

    def _restore(self, path: Path) -> int:
        if not path.exists():
            return 0
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            identity = state["identity"]
        except Exception as error:  # noqa: BLE001  # whatever unpickling meets in a damaged file
            raise UsageError(f"{path} is damaged ({error}): delete it to start again") from None
        if identity != self.identity:
            raise UsageError(
                f"{path} is a checkpoint of another training: give --output a folder of its own, "
                f"or delete it"
            )
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.history, self.sums = state["history"], state["sums"]
        self.finished, self._before = state["finished"], state["seconds"]
        self._started = time.perf_counter()
        torch.set_rng_state(state["random"])
        if state["cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda"])
        steps: int = state["steps"]
        return steps


@lru_cache(maxsize=2)
def order(seed: int, epoch: int, n: int) -> torch.Tensor:
    """Return the order in which an epoch shows ``n`` examples: a function of nothing else."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(n, generator=generator)


def fingerprint(*networks: nn.Module) -> str:
    """Return a hash of all weights: the same bits, the same hash."""
    digest = hashlib.sha256()
    for network in networks:
        for name, weight in network.state_dict().items():
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def n_parameters(network: nn.Module) -> int:
    """Count a network's weights."""
    return sum(weight.numel() for weight in network.parameters())
