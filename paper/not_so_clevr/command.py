"""The command line: one training, or the whole reproduction."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from common.command_line import ArgumentParser, whole_number, whole_number_or_zero
from common.errors import UsageError
from paper.not_so_clevr.data import CANVASES, SPLITS
from paper.not_so_clevr.recipes import MODELS, TASKS, find_recipe
from paper.not_so_clevr.results import Evaluation, describe, save_run
from paper.not_so_clevr.training import Setting, Training

_ABOUT = {
    "classification": "(x, y) to the one pixel at the square's centre",
    "regression": "a picture of the centre's pixel to (x, y)",
    "rendering": "(x, y) to the picture of the square",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    :param argv: Its arguments; those of the process by default
    :return: Exit code: 0, or 1 if a training of the reproduction failed
    :raises UsageError: If an argument does not fit
    """
    arguments = _make_parser().parse_args(argv)
    if arguments.command == "reproduce":
        # Trainings do without what only the page needs.
        from paper.not_so_clevr.reproduction import reproduce

        return reproduce(arguments.output, arguments.quick, arguments.processes, arguments.list)
    _train(arguments)
    return 0


def _train(arguments: argparse.Namespace) -> None:
    setting = _setting(arguments)
    torch.set_num_threads(arguments.num_threads)
    if arguments.output is not None:
        arguments.output.mkdir(parents=True, exist_ok=True)
    training = Training(setting, _report)
    result = training.run()
    if arguments.output is not None:
        save_run(arguments.output, result, training.record())
    if arguments.json:
        print(json.dumps(asdict(result)))
    else:
        print(describe(result))


def _setting(arguments: argparse.Namespace) -> Setting:
    task, model = arguments.command, arguments.model
    try:
        recipe = find_recipe(task, model, arguments.recipe)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if arguments.epochs is not None:
        recipe = replace(recipe, epochs=arguments.epochs)
    return Setting(task, model, arguments.split, arguments.seed, arguments.canvas, recipe)


def _report(evaluation: Evaluation) -> None:
    print(
        f"epoch {evaluation.epoch}, {evaluation.seconds:.0f} s: loss {evaluation.loss:.3g}, "
        f"train {evaluation.train:.3f}, test {evaluation.test:.3f}",
        file=sys.stderr,
        flush=True,
    )


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m paper.not_so_clevr",
        description="The toy tasks of the CoordConv paper (Liu et al. 2018, sections 3 and 4).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for task in TASKS:
        _add_options(commands.add_parser(task, help=_ABOUT[task], description=_ABOUT[task]))
    whole = commands.add_parser(
        "reproduce",
        help="train everything, and write tables, figures and a page",
        description="Train both networks on all tasks and splits with several seeds, and write "
        "tables beside the paper's numbers, figures and a page. Finished trainings are kept: the "
        "same command goes on where it was interrupted.",
    )
    whole.add_argument(
        "--quick", action="store_true", help="a canvas of 32 pixels, few seeds: under 10 minutes"
    )
    whole.add_argument(
        "--output", type=Path, help="folder (default: runs/not_so_clevr, or ..._quick)"
    )
    whole.add_argument(
        "--processes", type=whole_number, help="trainings at a time (default: cores)"
    )
    whole.add_argument(
        "--list", action="store_true", help="print the command of each training, and train nothing"
    )
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=MODELS, default="coordconv", help="the network (default: coordconv)")
    add("--split", choices=SPLITS, default="uniform", help="what is held out (default: uniform)")
    add("--seed", type=whole_number_or_zero, default=0, help="of weights and order (default: 0)")
    add("--recipe", default="default", help="how it is trained: default, paper, ...")
    add("--epochs", type=whole_number, help="instead of the recipe's")
    add("--canvas", type=int, choices=CANVASES, default=64, help="its size (default: 64)")
    add(
        "--num-threads",
        type=whole_number,
        default=1,
        help="of torch; bits depend on it (default: 1)",
    )
    add("--json", action="store_true", help="print the result as JSON")
    add("--output", type=Path, help="folder for result.json and answers.npz")
