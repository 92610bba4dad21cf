"""The command line: a folder of images, one small training, or the whole small study."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from common.command_line import ArgumentParser, whole_number, whole_number_or_zero
from common.errors import UsageError
from paper.command import (
    add_reproduction_options,
    add_training_options,
    describe,
    report,
    run_training,
    use,
)
from paper.idx import read_part
from paper.imagenet.fashion import PLACES, Fashion
from paper.imagenet.fashion import Setting as FashionSetting
from paper.imagenet.folder import ImageFolder
from paper.imagenet.networks import ARMS
from paper.imagenet.training import Classification, Place, Setting
from paper.results import read_if

FOLDER = Path("runs/imagenet")
DATA = Path("/usr/share/datasets/fashion-mnist")


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
    if arguments.command == "fashion":
        _fashion(arguments)
        return 0
    # Trainings do without what only the page needs.
    from paper.imagenet.reproduction import reproduce

    return reproduce(arguments)


def _train(arguments: argparse.Namespace) -> None:
    use(arguments.device)
    place = Place.of_this_process(arguments.device)
    if arguments.batch_size % place.n_processes:
        raise UsageError(f"--batch-size is to be a multiple of the {place.n_processes} processes")
    setting = Setting(
        arguments.arm,
        arguments.seed,
        arguments.epochs,
        arguments.size,
        arguments.batch_size,
        arguments.amp,
    )

    def make() -> Classification:
        train = ImageFolder(arguments.data / "train", setting.size, setting.seed)
        test = ImageFolder(arguments.data / "val", setting.size, None)
        if train.classes != test.classes:
            raise UsageError(f"{arguments.data} has other classes in train than in val")
        return Classification(setting, train, test, report, place, arguments.workers)

    expected = {"setting": asdict(setting)}
    if place.rank == 0:
        run_training(make, expected, arguments, describe)
    elif arguments.output is None or read_if(arguments.output, expected) is None:
        torch.set_num_threads(arguments.num_threads)
        training = make()
        training.report = lambda _: None
        training.train(arguments.output)
    place.leave()


def _fashion(arguments: argparse.Namespace) -> None:
    setting = FashionSetting(arguments.arm, arguments.place, arguments.seed, arguments.epochs)

    def make() -> Fashion:
        train, test = (read_part(arguments.data, part) for part in ("train", "test"))
        return Fashion(setting, train, test, report)

    run_training(make, {"setting": asdict(setting)}, arguments, describe)


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m paper.imagenet",
        description="Classification with a 1x1 CoordConv layer in front, as in the CoordConv paper "
        "(Liu et al. 2018, section 5).",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "train",
        help="train a ResNet-50 on a folder of images",
        description="Train a ResNet-50 on DATA/train/CLASS/ and test it on DATA/val/CLASS/. On "
        "several GPUs: torchrun --nproc-per-node 8 -m paper.imagenet train ...",
    )
    add = one.add_argument
    add("--data", type=Path, required=True, help="folder that holds train and val")
    add("--epochs", type=whole_number, default=90, help="(default: 90)")
    add("--size", type=whole_number, default=224, help="of images, in pixels (default: 224)")
    add("--batch-size", type=whole_number, default=256, help="of all GPUs together (default: 256)")
    add("--amp", action="store_true", help="mixed precision: convolutions in bfloat16")
    add(
        "--workers",
        type=whole_number_or_zero,
        default=8,
        help="processes that read images, a GPU (default: 8)",
    )
    add("--device", choices=("cuda", "cpu"), default="cuda", help="(default: cuda)")
    small = commands.add_parser(
        "fashion",
        help="train a small network on Fashion-MNIST",
        description="Train a small network on Fashion-MNIST.",
    )
    add = small.add_argument
    add("--place", choices=PLACES, default="centred", help="where images are (default: centred)")
    add("--epochs", type=whole_number, default=2, help="(default: 2)")
    for command in (one, small):
        command.add_argument(
            "--arm",
            choices=ARMS,
            default="coordconv8",
            help="what is in front of the network (default: coordconv8)",
        )
        add_training_options(command)
    whole = commands.add_parser(
        "reproduce",
        help="do the small study: tables, figures and a page",
        description="Train small networks with and without coordinates on Fashion-MNIST, centred "
        "and anywhere on a canvas, with ten seeds, and write tables, figures and a page. Finished "
        "trainings are kept: the same command goes on where it was interrupted.",
    )
    add_reproduction_options(whole, FOLDER, "one epoch, three seeds")
    for command in (small, whole):
        command.add_argument(
            "--data",
            type=Path,
            default=DATA,
            help=f"folder of Fashion-MNIST's idx files (default: {DATA})",
        )
    return parser
