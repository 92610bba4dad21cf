"""The whole reproduction: every training of it, then tables, figures and the page."""

import argparse
from dataclasses import asdict

from paper import study
from paper.gan import figures, summary
from paper.gan.command import FOLDER
from paper.gan.painting import Setting
from paper.reproduction import Planned

# Canvas, width, random numbers, iterations, seeds.
_FULL = ((32, 16, 64, 6_000, 5),)
_QUICK = ((16, 12, 32, 1_000, 2),)
_COMPARED = ("plain", "coord-gd")

STORY = study.Story("paper.gan", summary, figures.draw)


def plan(quick: bool) -> list[Planned]:
    """Return all trainings, seed after seed, so that all arms grow alike.

    :param quick: those of the quick reproduction
    """
    return [
        _planned(Setting(arm, recipe, seed, canvas, width, z, iterations))
        for canvas, width, z, iterations, n_seeds in (_QUICK if quick else _FULL)
        for seed in range(n_seeds)
        for recipe in summary.SHOWN
        for arm in _COMPARED
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    """
    planned = plan(arguments.quick)
    return study.reproduce(
        arguments, planned, FOLDER, STORY, canvas=planned[0].expected["setting"]["canvas"]
    )


def _planned(setting: Setting) -> Planned:
    arguments = (
        *("train", "--arm", setting.arm, "--recipe", setting.recipe),
        *("--canvas", str(setting.canvas), "--width", str(setting.width), "--z", str(setting.z)),
        *("--iterations", str(setting.iterations), "--seed", str(setting.seed)),
    )
    name = f"canvas-{setting.canvas}/{setting.recipe}/{setting.arm}/seed-{setting.seed}"
    return Planned("paper.gan", name, arguments, {"setting": asdict(setting)})
