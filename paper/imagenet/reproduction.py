"""The small study: every training of it, then tables, figures and the page."""

import argparse
from dataclasses import asdict
from pathlib import Path

from paper import study
from paper.idx import check_files
from paper.imagenet import figures, summary
from paper.imagenet.command import FOLDER
from paper.imagenet.fashion import PLACES, Setting
from paper.reproduction import Planned

# Epochs, seeds.
_FULL = ((2, 10),)
_QUICK = ((1, 3),)
_COMPARED = ("conv8", "coordconv8")

STORY = study.Story("paper.imagenet", summary, figures.draw)


def plan(quick: bool, data: Path) -> list[Planned]:
    """Return all trainings, seed after seed, so that all arms grow alike.

    :param quick: those of the quick study
    :param data: folder of Fashion-MNIST's idx files
    """
    return [
        _planned(Setting(arm, place, seed, epochs), data)
        for epochs, n_seeds in (_QUICK if quick else _FULL)
        for seed in range(n_seeds)
        for place in PLACES
        for arm in _COMPARED
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if the data are missing
    """
    planned = plan(arguments.quick, arguments.data)
    if not arguments.list:
        check_files(arguments.data)
    return study.reproduce(arguments, planned, FOLDER, STORY, quick=arguments.quick)


def _planned(setting: Setting, data: Path) -> Planned:
    arguments = (
        *("fashion", "--arm", setting.arm, "--place", setting.place),
        *("--epochs", str(setting.epochs), "--seed", str(setting.seed), "--data", str(data)),
    )
    name = f"fashion/{setting.place}/{setting.arm}/seed-{setting.seed}"
    return Planned("paper.imagenet", name, arguments, {"setting": asdict(setting)})
