"""What a study needs of whoever trains its runs: jobs, their execution, and how that ends.

An executor is a place where runs are trained: this machine (:mod:`agents.executors.local`), or
another. Whatever trains a run keeps its folder up to date, which is where its progress is read.
"""

import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agents.run.config import RunConfig
from agents.run.folder import RunFolder
from agents.run.progress import Progress, read_progress
from agents.run.tracking import Tracking
from agents.training.checkpoints import checkpoint_paths
from common.command_line import BAD_INPUT, INTERRUPTED

State = Literal[
    "waiting",
    "queued",
    "running",
    "elsewhere",
    "finished",
    "failed",
    "skipped",
    "interrupted",
    "unneeded",
]


@dataclass
class Job:
    """A run of the study, and how it stands.

    :param name: The run's folder within the study
    :param config: What is to be trained
    :param state: queued if it waits for its executor, elsewhere if another process trains it,
        skipped if it was finished before, unneeded if it was not finished, as a sequential study
        knows enough without it
    :param failures: Why each failed attempt at it failed, in a line each
    :param lost: How many of these failed with the machine
    :param needed: Whether the study still has a use for it
    """

    name: str
    folder: RunFolder
    config: RunConfig
    state: State = "waiting"
    failures: list[str] = field(default_factory=list)
    lost: int = 0
    resume_inexactly: bool = False
    needed: bool = True
    tracking: Tracking | None = None

    @property
    def reason(self) -> str:
        """Why the last attempt failed, nothing if none has."""
        return self.failures[-1] if self.failures else ""

    @property
    def log(self) -> Path:
        """The file that holds what the run's processes print."""
        return self.folder.path / "log.txt"

    def command(self) -> list[str]:
        """Return the command that trains the run, or resumes it, by itself and anywhere."""
        folder = str(self.folder.path.resolve())
        return [sys.executable, "-m", "agents.train", "--run", folder, *self.flags()]

    def flags(self) -> list[str]:
        """Return what the user has asked for or allowed the run, as flags of ``agents.train``."""
        trust = ["--trust"] * bool(self.config.foreign)
        tracking = self.tracking.flags() if self.tracking else []
        return [*trust, *["--resume-inexactly"] * self.resume_inexactly, *tracking]

    def resumes_at(self) -> int:
        """Return the timestep of the newest checkpoint, from which an unfinished run goes on."""
        newest = next(iter(checkpoint_paths(self.folder.checkpoints)), None)
        return 0 if newest is None else int(newest.stem.partition("-")[0])

    def progress(self) -> Progress | None:
        """Read how far the run is, None if it has not said so yet."""
        return read_progress(self.folder.progress_path)


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a run ended.

    :param error: Why it failed, in one line; None if the run is finished
    :param mendable: Whether another attempt may go better
    :param lost: Whether it was the machine that failed, not the run
    """

    error: str | None = None
    mendable: bool = False
    lost: bool = False


class Execution(Protocol):
    """One attempt at a run: a process, or whatever else trains it."""

    @property
    def pending(self) -> bool:
        """Whether it has not begun, for want of a free place."""

    def outcome(self) -> Outcome | None:
        """Return how it ended, None while it lasts."""

    def stop(self) -> None:
        """Ask it to end soon, its folder in order."""

    def kill(self) -> None:
        """End it now, if it has not ended, and return when it has."""


class Executor(Protocol):
    """A place where runs are trained.

    :param durable: Whether runs under way go on when the study ends before them
    """

    durable: bool

    @property
    def capacity(self) -> int:
        """How many runs it can train at a time; it may change."""

    def start(self, job: Job) -> Execution:
        """Train a run, or resume it.

        :raises OSError: If that cannot be begun
        """


def python_path() -> str:
    """Return a PYTHONPATH by which another machine finds what ``python -m`` finds here."""
    return os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))


def process_outcome(code: int, output: str) -> Outcome:
    """Say how a process of ``agents.train`` ended.

    :param code: Its exit code; minus the signal's number if a signal ended it
    :param output: What it printed; the last line is the reason
    """
    if code == 0:
        return Outcome()
    if code == -signal.SIGKILL:
        return Outcome("killed by signal 9, perhaps out of memory", mendable=True)
    if code < 0:
        return Outcome(f"killed by signal {-code} ({signal.strsignal(-code)})", mendable=True)
    if code == INTERRUPTED:
        return Outcome("interrupted by a signal", mendable=True)
    lines = output.strip().splitlines()
    reason = lines[-1].removeprefix("error: ") if lines else f"exit code {code}"
    return Outcome(reason, mendable=code != BAD_INPUT)
