"""The whole reproduction: every training of it, then tables, figures and the page."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from paper import reproduction
from paper.not_so_clevr.command import FOLDER
from paper.not_so_clevr.data import PAPER_SPLITS
from paper.not_so_clevr.page import save_page
from paper.not_so_clevr.recipes import find_recipe
from paper.not_so_clevr.results import Run, load_result
from paper.not_so_clevr.training import Setting
from paper.reproduction import Planned


def plan(quick: bool) -> list[Planned]:
    """Return all trainings, CoordConv's first: these are the shorter ones.

    :param quick: those of the quick reproduction, on a small canvas
    """
    planned = []
    for task, model, name, splits, n_seeds, epochs in _QUICK if quick else _FULL:
        recipe = find_recipe(task, model, name)
        recipe = replace(recipe, epochs=epochs or recipe.epochs)
        for split in splits:
            for seed in range(n_seeds):
                setting = Setting(task, model, split, seed, 32 if quick else 64, recipe)
                planned.append(_planned(setting, name))
    return planned


def _planned(setting: Setting, recipe: str) -> Planned:
    arguments = (
        *(setting.task, "--model", setting.model, "--split", setting.split),
        *("--seed", str(setting.seed), "--canvas", str(setting.canvas)),
        *("--recipe", recipe, "--epochs", str(setting.recipe.epochs)),
    )
    name = f"{setting.task}/{setting.split}/{setting.model}-{recipe}/seed-{setting.seed}"
    return Planned("paper.not_so_clevr", name, arguments, asdict(setting))


# Task, model, recipe, splits, seeds, and epochs other than the recipe's.
_FULL: tuple[tuple[str, str, str, tuple[str, ...], int, int | None], ...] = (
    ("classification", "coordconv", "default", PAPER_SPLITS, 10, None),
    ("regression", "coordconv", "default", PAPER_SPLITS, 10, None),
    ("rendering", "coordconv", "default", PAPER_SPLITS, 5, None),
    ("regression", "plain", "default", PAPER_SPLITS, 2, None),
    ("classification", "plain", "default", PAPER_SPLITS, 2, None),
    ("classification", "plain", "slower", PAPER_SPLITS, 2, None),
    ("rendering", "plain", "default", PAPER_SPLITS, 2, None),
    ("classification", "coordconv", "no-decay", ("quadrant",), 5, None),
)
# A small canvas has few places, so an epoch has few steps: CoordConv takes more epochs.
_QUICK = (
    ("classification", "coordconv", "default", PAPER_SPLITS, 3, 24),
    ("regression", "coordconv", "default", PAPER_SPLITS, 3, 30),
    ("rendering", "coordconv", "default", PAPER_SPLITS, 2, 30),
    ("regression", "plain", "default", PAPER_SPLITS, 1, None),
    ("classification", "plain", "default", PAPER_SPLITS, 1, None),
    ("rendering", "plain", "default", PAPER_SPLITS, 1, None),
)


def reproduce(output: Path | None, quick: bool, processes: int | None, only_list: bool) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :param output: the folder; None for the one of the quick or of the full reproduction
    :param quick: whether to do the quick one
    :param processes: trainings at a time; None for as many as there are cores
    :param only_list: whether to print the commands instead
    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if the folder is another command's, or another process works in it
    """
    planned = plan(quick)
    output = reproduction.folder_of(output, FOLDER, quick=quick)
    finish = partial(_finish, n_planned=len(planned))
    return reproduction.reproduce(planned, output, processes, only_list=only_list, finish=finish)


def runs(output: Path, finished: Sequence[Planned]) -> list[Run]:
    """Return finished trainings with their results."""
    found = []
    for one in finished:
        folder = one.folder(output)
        result = load_result(folder)
        if result is not None:
            recipe = one.arguments[one.arguments.index("--recipe") + 1]
            found.append(Run(result, recipe, one.command, folder))
    return found


def _finish(output: Path, finished: list[Planned], n_planned: int) -> Path:
    return save_page(output, runs(output, finished), n_planned)
