"""The command line: one training, or the whole reproduction."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from common.command_line import ArgumentParser, whole_number
from paper.command import (
    add_reproduction_options,
    add_training_options,
    describe,
    report,
    run_training,
)
from paper.detection.boxes import ANCHORS
from paper.detection.data import read_field
from paper.detection.networks import FULL_WIDTH, MODELS
from paper.detection.training import Detection, Setting

FOLDER = Path("runs/detection")
DATA = Path("runs/data/mnist")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    :param argv: its arguments; those of the process by default
    :return: exit code: 0, or 1 if a training of the reproduction failed
    :raises UsageError: if an argument does not fit, or the data are missing
    """
    arguments = _make_parser().parse_args(argv)
    if arguments.command == "train":
        _train(arguments)
        return 0
    # Trainings do without what only the page needs.
    from paper.detection.reproduction import reproduce

    return reproduce(arguments)


def _train(arguments: argparse.Namespace) -> None:
    setting = Setting(
        arguments.model, arguments.anchors, arguments.seed, arguments.width, arguments.epochs
    )

    def make() -> Detection:
        train, test = (read_field(arguments.data, part) for part in ("train", "test"))
        return Detection(setting, train, test, report)

    run_training(make, {"setting": asdict(setting)}, arguments, describe)


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m paper.detection",
        description="Detection of digits, as in the CoordConv paper (Liu et al. 2018, section 5).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("train", help="train one network", description="Train one network.")
    add = one.add_argument
    add("--model", choices=MODELS, default="coordconv", help="the network (default: coordconv)")
    add(
        "--anchors",
        choices=ANCHORS,
        default="intended",
        help="the boxes it moves: as intended, or as the released code builds them",
    )
    add(
        "--width",
        type=whole_number,
        default=FULL_WIDTH,
        help=f"filters of its first convolution (default: {FULL_WIDTH}, the paper's)",
    )
    add("--epochs", type=whole_number, default=10, help="(default: 10)")
    add_training_options(one)
    whole = commands.add_parser(
        "reproduce",
        help="train everything, and write tables, figures and a page",
        description="Train both networks with both kinds of anchors and ten seeds, and write "
        "tables beside the paper's numbers, figures and a page. Finished trainings are kept: the "
        "same command goes on where it was interrupted.",
    )
    add_reproduction_options(whole, FOLDER, "one epoch, three seeds: some minutes")
    for command in (one, whole):
        command.add_argument(
            "--data", type=Path, default=DATA, help=f"folder of MNIST's idx files (default: {DATA})"
        )
    return parser
