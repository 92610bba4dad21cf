"""What the command lines of all experiments do alike."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch

from common.command_line import whole_number, whole_number_or_zero
from common.errors import UsageError
from common.files import locked, remove_drafts
from paper import results
from paper.training import CHECKPOINT, Evaluation


class Finishing(Protocol):
    """A training that says what it leaves."""

    def train(self, folder: Path | None = None) -> None:
        """Take all steps that are left."""

    def result(self) -> tuple[dict[str, Any], results.Arrays]:
        """Return what a finished training leaves: values for JSON, and arrays."""


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every training."""
    add = parser.add_argument
    add("--seed", type=whole_number_or_zero, default=0, help="of all that is random (default: 0)")
    add(
        "--num-threads",
        type=whole_number,
        default=1,
        help="of torch; bits depend on it (default: 1)",
    )
    add("--json", action="store_true", help="print the result as JSON")
    add(
        "--output",
        type=Path,
        help="folder for the result, and for checkpoints: the same command goes on where it was "
        "interrupted",
    )


def add_reproduction_options(parser: argparse.ArgumentParser, folder: Path, quick: str) -> None:
    """Add the options of every ``reproduce``.

    :param folder: where it writes unless told otherwise
    :param quick: what ``--quick`` does
    """
    add = parser.add_argument
    add("--quick", action="store_true", help=quick)
    add("--output", type=Path, help=f"folder (default: {folder}, or ..._quick)")
    add("--processes", type=whole_number, help="trainings at a time (default: cores)")
    add(
        "--list",
        action="store_true",
        help="print the command of each training, and train nothing",
    )


def use(device: str) -> None:
    """Prepare a device: the same seed is to give the same bits on it.

    :raises UsageError: if it is a GPU and torch finds none
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("there is no GPU that torch can use: give --device cpu")
    torch.backends.cudnn.deterministic = True


def report(evaluation: Evaluation) -> None:
    """Print an evaluation on standard error."""
    values = ", ".join(f"{name} {_number(value)}" for name, value in evaluation.items())
    print(values, file=sys.stderr, flush=True)


def run_training(
    make: Callable[[], Finishing],
    expected: dict[str, Any],
    arguments: argparse.Namespace,
    describe: Callable[[dict[str, Any]], str],
) -> None:
    """Train, or go on, and print and save the result; one that is there already is printed.

    :param make: makes the training
    :param expected: what its result will hold, and no other training's
    :param describe: says in words what the result's JSON says
    """
    torch.set_num_threads(arguments.num_threads)
    folder: Path | None = arguments.output
    if folder is None:
        training = make()
        training.train()
        values, _ = training.result()
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder, "the training in"):
            values = _train_in(folder, make, expected)
    print(json.dumps(values) if arguments.json else describe(values))


def _train_in(
    folder: Path, make: Callable[[], Finishing], expected: dict[str, Any]
) -> dict[str, Any]:
    values = results.read_if(folder, expected)
    if values is None:
        remove_drafts(folder)
        training = make()
        training.train(folder)
        values, arrays = training.result()
        results.save(folder, values, arrays)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return values


def describe(values: dict[str, Any]) -> str:
    """Say in a few lines how a training went whose result is a :class:`paper.results.Result`."""
    result = results.Result(**values)
    setting = ", ".join(f"{name} {value}" for name, value in result.setting.items())
    parameters = ", ".join(f"{n:,} parameters ({name})" for name, n in result.parameters.items())
    scores = ", ".join(f"{name} {value:.4g}" for name, value in result.scores.items())
    return f"{setting}: {parameters}, {result.seconds:.0f} s\n{scores}"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
