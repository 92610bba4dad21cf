"""What a training leaves: scores, times and the way there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paper.results import read


@dataclass(frozen=True)
class Result:
    """A training's setting and result; JSON has the same names.

    :param train: measures on the training places: accuracy, pixel_error and largest_pixel_error,
        or iou and smallest_iou
    :param test: the same on the test places
    :param epochs_to_80: epochs until the score on the test places was 0.8; None if it never was
    :param epochs_to_perfect: epochs until every place was right, training and test
    :param history: evaluations: ``epoch``; ``seconds`` since the training began; ``loss``, its mean
        over the last epoch; ``train``, the score on some of the training places, on all if it is
        perfect; ``test``, on all test places; ``perfect``, whether every place is right
    :param fingerprint: hash of the trained weights
    """

    task: str
    model: str
    split: str
    seed: int
    canvas: int
    recipe: dict[str, Any]
    parameters: int
    num_threads: int
    epochs: int
    seconds: float
    epochs_to_80: int | None
    seconds_to_80: float | None
    epochs_to_perfect: int | None
    seconds_to_perfect: float | None
    train: dict[str, float]
    test: dict[str, float]
    history: list[dict[str, Any]]
    fingerprint: str

    @property
    def score(self) -> str:
        """Name of the task's score among the measures."""
        return "iou" if self.task == "rendering" else "accuracy"


@dataclass(frozen=True)
class Run:
    """A finished training of the reproduction.

    :param recipe: the name of its recipe
    """

    result: Result
    recipe: str
    command: str
    folder: Path


def describe(result: Result) -> str:
    """Say in a few lines how a training went."""
    lines = [
        f"{result.task}, {result.model}, {result.split}, seed {result.seed}: "
        f"{result.parameters:,} parameters, {result.epochs} epochs, {result.seconds:.0f} s"
    ]
    for part, measures in (("train", result.train), ("test", result.test)):
        values = ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
        lines.append(f"{part}: {values}")
    if result.epochs_to_perfect is not None:
        lines.append(
            f"every place right after {result.epochs_to_perfect} epochs, "
            f"{result.seconds_to_perfect:.0f} s"
        )
    return "\n".join(lines)


def load_result(folder: Path) -> Result | None:
    """Read a training's result; None if there is none, or none that can be read."""
    try:
        return Result(**(read(folder) or {}))
    except TypeError:
        return None
