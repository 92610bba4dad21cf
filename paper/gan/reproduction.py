"""The whole reproduction: every training of it, then tables, figures and the page."""

import argparse
from dataclasses import asdict
from typing import NamedTuple

import torch

from paper import study
from paper.gan import figures, summary
from paper.gan.command import FOLDER
from paper.gan.data import draw_shapes
from paper.gan.measures import N_SAMPLES, measure
from paper.gan.painting import Setting
from paper.reproduction import Planned


class _Size(NamedTuple):
    canvas: int
    width: int
    z: int
    n_seeds: int
    iterations: dict[str, int]


_FULL = _Size(32, 16, 64, 5, {"paper": 20_000, "stable": 20_000, "vae": 6_000})
_QUICK = _Size(16, 12, 32, 2, dict.fromkeys(summary.SHOWN, 1_000))
_COMPARED = ("plain", "coord-gd")

STORY = study.Story("paper.gan", summary, figures.draw)


def plan(quick: bool, device: str = "cpu") -> list[Planned]:
    """Return all trainings, seed after seed, so that all arms grow alike.

    :param quick: those of the quick reproduction
    :param device: where they run
    """
    size = _QUICK if quick else _FULL
    return [
        _planned(Setting(arm, recipe, seed, *size[:3], size.iterations[recipe], device))
        for seed in range(size.n_seeds)
        for recipe in summary.SHOWN
        for arm in _COMPARED
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    """
    size = _QUICK if arguments.quick else _FULL
    planned = plan(arguments.quick, arguments.device)
    data = draw_shapes(size.canvas).paint(torch.arange(N_SAMPLES))
    return study.reproduce(arguments, planned, FOLDER, STORY, size=size, data=measure(data))


def _planned(setting: Setting) -> Planned:
    arguments = (
        *("train", "--arm", setting.arm, "--recipe", setting.recipe),
        *("--canvas", str(setting.canvas), "--width", str(setting.width), "--z", str(setting.z)),
        *("--iterations", str(setting.iterations), "--seed", str(setting.seed)),
        *(() if setting.device == "cpu" else ("--device", setting.device)),
    )
    device = "" if setting.device == "cpu" else f"{setting.device}/"
    name = f"{device}canvas-{setting.canvas}/{setting.recipe}/{setting.arm}/seed-{setting.seed}"
    return Planned("paper.gan", name, arguments, {"setting": asdict(setting)})
