"""The whole reproduction: every training of it, then tables, figures and the page."""

import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from common.command_line import FAILED, tell
from common.errors import UsageError
from common.files import locked
from common.jobs import Job, run_jobs
from common.processes import cores
from paper.not_so_clevr.data import PAPER_SPLITS
from paper.not_so_clevr.page import save_page
from paper.not_so_clevr.recipes import find_recipe
from paper.not_so_clevr.results import Run, load_result
from paper.not_so_clevr.training import Setting

FOLDER = Path("runs/not_so_clevr")


@dataclass(frozen=True)
class Planned:
    """A training of the reproduction.

    :param recipe: the name of its recipe
    """

    setting: Setting
    recipe: str

    @property
    def name(self) -> str:
        """Its folder within the output folder."""
        setting = self.setting
        network = f"{setting.model}-{self.recipe}"
        return f"runs/{setting.task}/{setting.split}/{network}/seed-{setting.seed}"

    @property
    def arguments(self) -> list[str]:
        """What the command is given to do just this training."""
        setting = self.setting
        return [
            *(setting.task, "--model", setting.model, "--split", setting.split),
            *("--seed", str(setting.seed), "--canvas", str(setting.canvas)),
            *("--recipe", self.recipe, "--epochs", str(setting.recipe.epochs)),
        ]

    def job(self, output: Path) -> Job:
        """Return the training as a job that writes to its folder."""
        folder = output / self.name
        arguments = ("-m", "paper.not_so_clevr", *self.arguments, "--output", str(folder))
        return Job(self.name.removeprefix("runs/"), arguments, folder)

    def done(self, output: Path) -> Run | None:
        """Return the training, if its result is there, and of just this setting."""
        folder = output / self.name
        result = load_result(folder)
        setting = asdict(self.setting)
        if result is None or any(getattr(result, name) != setting[name] for name in setting):
            return None
        command = ("python", "-m", "paper.not_so_clevr", *self.arguments)
        return Run(result, self.recipe, command, folder)


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
                planned.append(Planned(setting, name))
    return planned


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
    output = output or FOLDER.with_name(FOLDER.name + ("_quick" if quick else ""))
    planned = plan(quick)
    if only_list:
        for one in planned:
            print(shlex.join(["python", *one.job(output).arguments]))
        return 0
    _check_own(output)
    output.mkdir(parents=True, exist_ok=True)
    with locked(output, "the reproduction in"):
        missing = [one.job(output) for one in planned if one.done(output) is None]
        failed = run_jobs(missing, processes or cores(), len(planned) - len(missing))
        for job in failed:
            tell(f"failed: {job.name}: {job.last_line()}; see {job.log}")
        finished = [run for one in planned if (run := one.done(output)) is not None]
        if finished:
            print(f"page: {save_page(output, finished, len(planned))}")
    return FAILED if failed else 0


def _check_own(output: Path) -> None:
    """Check that the folder is not there yet, or was written by this command."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file: give --output a folder")
    if output.is_dir() and not (output / ".lock").exists() and any(output.iterdir()):
        raise UsageError(f"{output} holds other files: give --output a folder of its own")
