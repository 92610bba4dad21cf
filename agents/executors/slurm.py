"""Trains runs as jobs of a Slurm cluster, a job each: ``agents.study --executor slurm``.

Jobs outlive the study that has submitted them. They bear its name, and their working directory is
the run's folder: by these a study that is started again finds them in the queue.
"""

import argparse
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.executors.jobs import Job, Outcome, process_outcome, python_path
from agents.executors.slurm_job import TIME_LIMIT
from agents.executors.slurm_queue import (
    ENDED,
    PENDING,
    TIMED_OUT,
    Queue,
    SlurmError,
    job_name,
    slurm,
)
from common.command_line import INTERRUPTED, tell
from common.errors import UsageError
from common.processes import Output

SUBMIT_INTERVAL = 60.0
"""Seconds until the next try where Slurm takes no more jobs."""
WARNING = 60
"""Seconds before its time limit at which a job is warned; Slurm may do so a minute earlier."""

OURS = {
    "array",
    "chdir",
    "clusters",
    "cpus-per-task",
    "error",
    "job-name",
    "no-requeue",
    "ntasks",
    "open-mode",
    "output",
    "parsable",
    "requeue",
    "signal",
    "test-only",
    "wait",
    "wrap",
}
"""Options of sbatch that the study gives itself."""
GPU_OPTIONS = {"gres", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task"}


def sbatch_option(text: str) -> str:
    """Check an option of sbatch, as ``--slurm`` takes it.

    >>> sbatch_option("time=12:00:00"), sbatch_option("exclusive")
    ('--time=12:00:00', '--exclusive')

    :raises argparse.ArgumentTypeError: If it is none, or the study gives it itself
    """
    name = text.partition("=")[0]
    if not re.fullmatch(r"[a-z][a-z-]+", name):
        message = f"{text!r} is not of the form name=value, such as partition=gpu"
        raise argparse.ArgumentTypeError(message)
    if name in OURS:
        raise argparse.ArgumentTypeError(f"{name!r} is an option that the study gives its jobs")
    return f"--{text}"


@contextmanager
def slurm_executor(
    options: Sequence[str], root: Path, num_threads: int, gpu: bool, limit: int
) -> Iterator["SlurmExecutor"]:
    """Train on a Slurm cluster while the context lasts.

    :param options: Further options of sbatch
    :param root: The study's folder, which the nodes see too
    :param gpu: Whether a run asks for a GPU
    :param limit: How many jobs to have in the queue at a time
    :raises UsageError: If there is no Slurm here, or it does not answer
    """
    named = {option[2:].partition("=")[0] for option in options}
    if gpu and not named & GPU_OPTIONS:
        options = ["--gres=gpu:1", *options]
    try:
        executor = SlurmExecutor(options, Queue(job_name(root)), num_threads, limit)
    except SlurmError as error:
        raise UsageError(f"--executor slurm: {error}") from None
    try:
        yield executor
    except KeyboardInterrupt:
        if left := executor.queue.alive():
            cancel = f"scancel --user={os.getuid()} --name={executor.queue.name}"
            tell(f"{left} jobs stay in Slurm's queue; to cancel them: {cancel}")
        raise


class SlurmExecutor:
    """The Slurm cluster that this machine submits to.

    :param options: Further options of sbatch
    :param limit: How many jobs to have in the queue at a time
    """

    durable = True

    def __init__(self, options: Sequence[str], queue: Queue, num_threads: int, limit: int) -> None:
        self.options, self.queue = options, queue
        self.num_threads, self.limit = num_threads, limit
        self._submitted = queue.alive()
        self._refused_until = 0.0

    @property
    def capacity(self) -> int:
        """How many jobs to have in the queue; as many as are there where Slurm takes no more."""
        if time.monotonic() < self._refused_until:
            return min(self.limit, self.queue.alive())
        return self.limit

    def start(self, job: Job) -> "SlurmExecution":
        """Submit a job that trains or resumes the run, unless there is one.

        :raises OSError: If the run's folder cannot be written
        :raises UsageError: If Slurm refuses the study's first job
        """
        return SlurmExecution(job, self)

    def submit(self, job: Job) -> str | None:
        """Submit a job that trains the run; return its number, None while no more are taken.

        :raises UsageError: If not one of the study's jobs was taken
        """
        if time.monotonic() < self._refused_until:
            return None
        folder = job.folder.path.resolve()
        try:
            answer = slurm("sbatch", *self._options(folder), stdin=self._script(job, folder))
        except SlurmError as error:
            if not self._submitted:
                raise UsageError(f"Slurm refuses the study's jobs: {error}") from None
            tell(f"note: Slurm takes no more jobs for now: {error}")
            self._refused_until = time.monotonic() + SUBMIT_INTERVAL
            return None
        number = answer.strip().partition(";")[0]
        self.queue.add(number, folder)
        self._submitted += 1
        return number

    def _options(self, folder: Path) -> list[str]:
        return [
            "--parsable",
            f"--job-name={self.queue.name}",
            f"--chdir={folder}",
            "--output=log.txt",
            "--open-mode=append",
            "--requeue",
            f"--signal=B:USR1@{WARNING}",
            "--ntasks=1",
            f"--cpus-per-task={self.num_threads}",
            *self.options,
        ]

    def _script(self, job: Job, folder: Path) -> str:
        train = [sys.executable, "-m", "agents.executors.slurm_job", str(folder)]
        train += [str(self.num_threads), *job.flags()]
        here, path = shlex.quote(str(Path.cwd())), shlex.quote(python_path())
        # Until Python has its handlers, the warning of a time limit is not to end it.
        ignore = "trap '' USR1"
        return f"#!/bin/sh\n{ignore}\ncd {here} && PYTHONPATH={path} exec {shlex.join(train)}\n"


class SlurmExecution:
    """An execution of a run by a Slurm job: one that the queue has already, or a new one.

    :raises OSError: If the run's log cannot be written
    :raises UsageError: If Slurm refuses the study's first job
    """

    def __init__(self, job: Job, executor: SlurmExecutor) -> None:
        self.job, self.executor = job, executor
        self.output = Output(job.log)
        self.pending = True
        self.killed = False
        self.begun_at: int | None = None  # nobody knows of a job that was there already
        self._outcome = Outcome() if job.folder.finished else None
        self.number = executor.queue.find(job.folder.path.resolve())
        if self.number is None and self._outcome is None:
            self.begun_at = job.resumes_at()
            self.number = executor.submit(job)

    def outcome(self) -> Outcome | None:
        """Return how it ended, None while it lasts."""
        if self._outcome is not None:
            return self._outcome
        if self.number is None:
            # A job may be there although sbatch told of an error.
            folder = self.job.folder.path.resolve()
            self.number = self.executor.queue.find(folder) or self.executor.submit(self.job)
            return None
        state = self.executor.queue.state(self.number)
        self.pending = state in PENDING
        if state is None or state in ENDED:
            self._outcome = self._ended(state)
        return self._outcome

    def stop(self) -> None:
        """Ask it to end soon, its folder in order."""
        self._cancel()

    def kill(self) -> None:
        """End it now; it has ended when Slurm says so."""
        if not self.killed:
            self.killed = True
            self._cancel("--full", "--signal=KILL")

    def _cancel(self, *how: str) -> None:
        if self.number is None:
            self._outcome = Outcome("not submitted", mendable=True)
        elif self._outcome is None:
            try:
                slurm("scancel", *how, self.number)
            except SlurmError as error:
                tell(f"note: {self.job.name}: {error}")

    def _ended(self, state: str | None) -> Outcome:
        which = f"its Slurm job {self.number}"
        code = self._exit_code() if state in ("COMPLETED", "FAILED") else None
        if code == 0 or self._finished():
            return Outcome()
        if state in TIMED_OUT or code == TIME_LIMIT:
            if self.begun_at is None or self.job.resumes_at() > self.begun_at:
                return Outcome(f"{which} met its time limit", lost=True)
            return Outcome(f"{which} met its time limit before a checkpoint: ask for more time")
        if state == "CANCELLED":
            return Outcome(f"{which} was cancelled", mendable=True)
        if state == "OUT_OF_MEMORY":
            return Outcome(f"{which} ran out of memory: ask for more, such as --slurm mem=4G")
        if code is None:
            return Outcome(f"{which} was lost ({state or 'gone from the queue'})", lost=True)
        return process_outcome(code, self.output.text())

    def _exit_code(self) -> int | None:
        """Return the job's exit code, minus the signal's number if one ended it."""
        try:
            shown = slurm("scontrol", "show", "job", "--oneliner", str(self.number))
        except SlurmError:
            return None
        found = re.search(r"\bExitCode=(\d+):(\d+)", shown)
        if found is None:
            return None
        code, number = map(int, found.groups())
        if code > 128 and code != INTERRUPTED:
            code, number = 0, code - 128
        return -number or code

    def _finished(self) -> bool:
        try:
            return self.job.folder.finished
        except (UsageError, OSError):
            return False
