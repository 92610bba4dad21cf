"""The experiments that there are: what each asks and takes, and what was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paper.results import read_object

REFERENCE = Path(__file__).parents[1] / "runs" / "reference"
"""Committed results."""

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Experiment:
    """A package of ``paper``.

    :param claim: the paper's
    :param takes: computing time of ``reproduce``
    :param found: says it, from the committed results' JSON
    """

    name: str
    claim: str
    takes: str
    found: Callable[[Any], str]

    def lines(self, reference: Path = REFERENCE) -> Iterator[str]:
        """Yield what ``python -m paper`` prints of it."""
        values = read_object(reference / self.name / "results.json")
        yield f"python -m paper.{self.name} reproduce"
        yield f"  the paper: {self.claim}"
        yield f"  takes:     {self.takes}"
        yield f"  found:     {'not run yet' if values is None else self.found(values)}"


def _perfect(trainings: Records) -> str:
    counts = []
    for model in ("plain", "coordconv"):
        some = [
            one
            for one in trainings
            if one["model"] == model and "--recipe no-decay" not in one["command"]
        ]
        perfect = sum(one["epochs_to_perfect"] is not None for one in some)
        counts.append(f"{perfect} of {len(some)} {model} networks")
    return f"every place right, training and test, in {' and '.join(counts)}"


def _claim(values: dict[str, Any]) -> str:
    return str(values["claim"])


EXPERIMENTS = (
    Experiment(
        "not_so_clevr",
        "convolutions cannot tell where a square is, CoordConv is perfect",
        "5 hours of one core (--quick: 10 minutes)",
        _perfect,
    ),
    Experiment(
        "detection",
        "24 % more overlap with digits to be detected",
        "2.5 hours of one core (--quick: 7 minutes)",
        _claim,
    ),
    Experiment(
        "gan",
        "less mode collapse with CoordConv",
        "10 hours of one core, or 9 minutes of a GPU and 16 cores (--quick: 10 minutes)",
        _claim,
    ),
    Experiment(
        "imagenet",
        "coordinates do not hurt: .04 % more top-5 accuracy on ImageNet, not significant",
        "3 hours of one core, on Fashion-MNIST (--quick: 20 minutes)",
        lambda values: f"{_claim(values)}, on Fashion-MNIST; ImageNet is untested",
    ),
)
