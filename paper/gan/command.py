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
    use,
)
from paper.gan.autoencoder import Autoencoder
from paper.gan.data import draw_shapes
from paper.gan.networks import ARMS
from paper.gan.painting import Setting
from paper.gan.training import RECIPES, Adversaries

FOLDER = Path("runs/gan")
CANVASES = (16, 32, 64)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    :param argv: its arguments; those of the process by default
    :return: exit code: 0, or 1 if a training of the reproduction failed
    :raises UsageError: if an argument does not fit
    """
    arguments = _make_parser().parse_args(argv)
    if arguments.command == "train":
        _train(arguments)
        return 0
    # Trainings do without what only the page needs.
    from paper.gan.reproduction import reproduce

    return reproduce(arguments)


def _train(arguments: argparse.Namespace) -> None:
    setting = Setting(
        arguments.arm,
        arguments.recipe,
        arguments.seed,
        arguments.canvas,
        arguments.width,
        arguments.z,
        arguments.iterations,
        arguments.device,
    )
    use(arguments.device)
    kind = Autoencoder if setting.recipe == "vae" else Adversaries
    run_training(
        lambda: kind(setting, draw_shapes(setting.canvas), report),
        {"setting": asdict(setting)},
        arguments,
        describe,
    )


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m paper.gan",
        description="Generated pictures of two shapes, as in the CoordConv paper (Liu et al. 2018, "
        "section 6).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("train", help="train one pair of networks")
    add = one.add_argument
    add("--arm", choices=ARMS, default="coord-gd", help="the networks (default: coord-gd)")
    add(
        "--recipe",
        choices=(*RECIPES, "vae"),
        default="paper",
        help="how they are trained, or an autoencoder instead of a GAN (default: paper)",
    )
    add(
        "--canvas", type=int, choices=CANVASES, default=64, help="pixels (default: 64, the paper's)"
    )
    add("--width", type=whole_number, default=64, help="filters (default: 64, the paper's)")
    add("--z", type=whole_number, default=256, help="random numbers (default: 256, the paper's)")
    add(
        "--iterations",
        type=whole_number,
        default=156_250,
        help="(default: 156,250, the paper's 50 epochs)",
    )
    add_training_options(one)
    whole = commands.add_parser(
        "reproduce",
        help="train everything at a reduced size, and write tables, figures and a page",
        description="Train plain and CoordConv networks by both recipes with five seeds on a "
        "canvas of 32 pixels, and write tables beside the paper's numbers, figures and a page. "
        "Finished trainings are kept: the same command goes on where it was interrupted.",
    )
    add_reproduction_options(whole, FOLDER, "a canvas of 16 pixels, few iterations, two seeds")
    for command in (one, whole):
        command.add_argument(
            "--device", choices=("cpu", "cuda"), default="cpu", help="(default: cpu)"
        )
    return parser
