"""The command line: one training, or the whole reproduction."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from common.command_line import ArgumentParser, whole_number
from common.errors import UsageError
from paper.command import add_reproduction_options, add_training_options, report, run_training
from paper.not_so_clevr.data import CANVASES, SPLITS
from paper.not_so_clevr.recipes import MODELS, TASKS, find_recipe
from paper.not_so_clevr.results import Result, describe
from paper.not_so_clevr.training import Setting, Training

FOLDER = Path("runs/not_so_clevr")

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
    run_training(
        lambda: Training(setting, report),
        asdict(setting),
        arguments,
        lambda values: describe(Result(**values)),
    )


def _setting(arguments: argparse.Namespace) -> Setting:
    task, model = arguments.command, arguments.model
    try:
        recipe = find_recipe(task, model, arguments.recipe)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if arguments.epochs is not None:
        recipe = replace(recipe, epochs=arguments.epochs)
    return Setting(task, model, arguments.split, arguments.seed, arguments.canvas, recipe)


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
    add_reproduction_options(whole, FOLDER, "a canvas of 32 pixels, few seeds: under 10 minutes")
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=MODELS, default="coordconv", help="the network (default: coordconv)")
    add("--split", choices=SPLITS, default="uniform", help="what is held out (default: uniform)")
    add("--recipe", default="default", help="how it is trained: default, paper, ...")
    add("--epochs", type=whole_number, help="instead of the recipe's")
    add("--canvas", type=int, choices=CANVASES, default=64, help="its size (default: 64)")
    add_training_options(parser)
