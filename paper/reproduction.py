"""A whole experiment: every training of it, then what all of them come to."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.command_line import FAILED, tell
from common.errors import UsageError
from common.files import locked
from common.jobs import Job, run_jobs
from common.processes import cores
from paper.results import read_if


@dataclass(frozen=True)
class Planned:
    """A training of an experiment.

    :param module: what ``python -m`` is given
    :param name: its folder within the experiment's ``runs``
    :param arguments: what the command is given to do just this training
    :param expected: what its ``result.json`` holds if it is of just this setting
    """

    module: str
    name: str
    arguments: tuple[str, ...]
    expected: dict[str, Any]

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return shlex.join(["python", "-m", self.module, *self.arguments])

    def folder(self, output: Path) -> Path:
        """Return its folder within the experiment's."""
        return output / "runs" / self.name

    def job(self, output: Path) -> Job:
        """Return the training as a job that writes to its folder."""
        folder = self.folder(output)
        return Job(self.name, self.module, (*self.arguments, "--output", str(folder)), folder)

    def is_done(self, output: Path) -> bool:
        """Return whether its result is there, and of just this setting."""
        return read_if(self.folder(output), self.expected) is not None


def reproduce(
    planned: Sequence[Planned],
    output: Path,
    processes: int | None,
    *,
    only_list: bool,
    finish: Callable[[Path, list[Planned]], Path],
) -> int:
    """Train whatever is not trained yet, and write what all of it comes to.

    :param output: the experiment's folder
    :param processes: trainings at a time; None for as many as there are cores
    :param only_list: whether to print the commands instead
    :param finish: is given the folder and the finished trainings, at least one; it writes tables,
        figures and the page, and returns the page's path
    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if the folder is another command's, or another process works in it
    """
    if only_list:
        for one in planned:
            job = one.job(output)
            print(shlex.join(["python", "-m", job.module, *job.arguments]))
        return 0
    _check_own(output)
    output.mkdir(parents=True, exist_ok=True)
    with locked(output, "the reproduction in"):
        missing = [one.job(output) for one in planned if not one.is_done(output)]
        failed = run_jobs(missing, processes or cores(), len(planned) - len(missing))
        for job in failed:
            tell(f"failed: {job.name}: {job.last_line()}; see {job.log}")
        finished = [one for one in planned if one.is_done(output)]
        if finished:
            print(f"page: {finish(output, finished)}")
    return FAILED if failed else 0


def folder_of(output: Path | None, default: Path, *, quick: bool) -> Path:
    """Return where an experiment writes: where it is told to, or its own folder or quick one."""
    return output or default.with_name(default.name + ("_quick" if quick else ""))


def _check_own(output: Path) -> None:
    """Check that the folder is not there yet, or was written by this command."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file: give --output a folder")
    if output.is_dir() and not (output / ".lock").exists() and any(output.iterdir()):
        raise UsageError(f"{output} holds other files: give --output a folder of its own")
