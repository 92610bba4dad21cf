"""The small study: every training of it, then tables, figures and the page."""

import argparse
from dataclasses import asdict
from pathlib import Path

from paper import study
from paper.idx import NAMES, read_part
from paper.imagenet import figures, summary
from paper.imagenet.command import FOLDER
from paper.imagenet.fashion import PLACES, Setting
from paper.reproduction import Planned

# Epochs, seeds.
_FULL = ((2, 10),)
_QUICK = ((1, 3),)

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
        for arm in (summary.CONTROL, summary.COORDCONV)
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if the data are missing, or others than those of finished trainings
    """
    data_hash = None
    if not arguments.list:
        data_hash = " ".join(read_part(arguments.data, part).fingerprint for part in NAMES)
    planned = plan(arguments.quick, arguments.data)
    quick = arguments.quick
    return study.reproduce(arguments, planned, FOLDER, STORY, data_hash=data_hash, quick=quick)


def _planned(setting: Setting, data: Path) -> Planned:
    arguments = (
        *("fashion", "--arm", setting.arm, "--place", setting.place),
        *("--epochs", str(setting.epochs), "--seed", str(setting.seed), "--data", str(data)),
    )
    name = f"fashion/{setting.place}/{setting.arm}/seed-{setting.seed}"
    return Planned("paper.imagenet", name, arguments, {"setting": asdict(setting)})
