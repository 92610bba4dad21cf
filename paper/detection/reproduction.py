"""The whole reproduction: every training of it, then tables, figures and the page."""

import argparse
from dataclasses import asdict
from pathlib import Path

from paper import study
from paper.detection import figures, summary
from paper.detection.boxes import ANCHORS
from paper.detection.command import FOLDER
from paper.detection.data import read_field
from paper.detection.networks import FULL_WIDTH, MODELS
from paper.detection.training import Setting
from paper.idx import NAMES
from paper.reproduction import Planned

# Width, epochs, seeds.
_FULL = ((12, 4, 10), (FULL_WIDTH, 10, 1))
_QUICK = ((12, 1, 3),)

STORY = study.Story("paper.detection", summary, figures.draw)


def plan(quick: bool, data: Path) -> list[Planned]:
    """Return all trainings, seed after seed, so that all arms grow alike.

    :param quick: those of the quick reproduction
    :param data: folder of MNIST's idx files
    """
    return [
        _planned(Setting(model, anchors, seed, width, epochs), data)
        for width, epochs, n_seeds in (_QUICK if quick else _FULL)
        for seed in range(n_seeds)
        for anchors in ANCHORS
        for model in MODELS
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if the data are missing, or others than those of finished trainings
    """
    data_hash = None
    if not arguments.list:
        data_hash = " ".join(read_field(arguments.data, part).fingerprint for part in NAMES)
    planned = plan(arguments.quick, arguments.data)
    quick = arguments.quick
    return study.reproduce(arguments, planned, FOLDER, STORY, data_hash=data_hash, quick=quick)


def _planned(setting: Setting, data: Path) -> Planned:
    arguments = (
        *("train", "--model", setting.model, "--anchors", setting.anchors),
        *("--width", str(setting.width), "--epochs", str(setting.epochs)),
        *("--seed", str(setting.seed), "--data", str(data)),
    )
    arm = f"width-{setting.width}/{setting.anchors}/{setting.model}"
    return Planned(
        "paper.detection", f"{arm}/seed-{setting.seed}", arguments, {"setting": asdict(setting)}
    )
